/**
 * Frame objects that were garbage-collected without a release: reported once, with the stack that
 * made them. A debugging aid of pools with `trace`; nothing relies on it, and nothing is given
 * back.
 *
 * Each thread for itself; the report comes when the engine collects, which may be never.
 */
import type { References } from '../references/references.js';
import { tellLeak } from '../threads/events.js';
import { warn } from '../threads/host.js';
import { callersOf } from '../threads/trace.js';
import type { Handle } from '../words/handle.js';

/** What is known of a frame object that may leak. */
interface Suspect {
  readonly refs: References;
  readonly handle: Handle;
  readonly stack: string;
}

const registry =
  typeof FinalizationRegistry === 'function' ? new FinalizationRegistry(report) : undefined;

/** Watches a frame object, if it is sampled. `handle` is 0 for external memory. */
export function watchForLeak(frame: object, handle: Handle, refs: References): void {
  if (registry === undefined || !refs.trace.samples()) return;
  const stack = callersOf(new Error('made here').stack ?? '');
  registry.register(frame, { refs, handle, stack }, frame);
}

/** The frame object has no reference left: it cannot leak any more. */
export function unwatchForLeak(frame: object): void {
  registry?.unregister(frame);
}

function report({ refs, handle, stack }: Suspect): void {
  warn(
    'FrameLeakWarning',
    `a frame object (handle ${handle}) was garbage-collected without release(): its reference is ` +
      'lost until this thread ends and is reclaimed',
    stack,
  );
  tellLeak(refs.slab, refs.seat, { kind: 'collected', handles: [handle], stack });
}
