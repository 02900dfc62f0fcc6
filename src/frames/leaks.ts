/**
 * Frame objects that were garbage-collected without a release: reported once, with the stack that
 * made them. A debugging aid of pools with `trace`; nothing relies on it, and nothing is given
 * back.
 *
 * Each thread for itself; the report comes when the engine collects, which may be never.
 */
import { warn } from '../threads/host.js';
import { callersOf, type Trace } from '../threads/trace.js';

/** What is known of a frame object that may leak. */
interface Suspect {
  readonly name: string;
  readonly stack: string;
}

const registry =
  typeof FinalizationRegistry === 'function' ? new FinalizationRegistry(report) : undefined;

/** Watches a frame object, if it is sampled. */
export function watchForLeak(frame: object, name: string, trace: Trace): void {
  if (registry === undefined || !trace.samples()) return;
  const stack = callersOf(new Error('made here').stack ?? '');
  registry.register(frame, { name, stack }, frame);
}

/** The frame object has no reference left: it cannot leak any more. */
export function unwatchForLeak(frame: object): void {
  registry?.unregister(frame);
}

function report({ name, stack }: Suspect): void {
  warn(
    'FrameLeakWarning',
    `a frame object (${name}) was garbage-collected without release(): its reference is lost ` +
      'until this thread ends and is reclaimed',
    stack,
  );
}
