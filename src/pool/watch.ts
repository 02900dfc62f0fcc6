/**
 * Noticing that a worker has ended, and giving back what its seat held.
 *
 * Invariants
 * 1. Only the `exit` event counts: after `terminate()` a thread may go on for a while.
 * 2. The thread's number is read when the watch begins: after the exit a worker no longer has one.
 *
 * The watcher's own thread; reclaims in its event loop, in one turn.
 */
import { InvalidOptionError } from '../errors.js';
import { reclaim } from '../references/reclaim.js';
import type { References } from '../references/references.js';
import { describe } from '../slab/geometry.js';
import { tokenOf } from '../threads/host.js';

/** A worker as far as a watcher needs it: Node's, piscina's, tinypool's. */
export interface WatchableThread {
  /** The thread's number while it runs. */
  readonly threadId: number;
  /** Subscribes to an event once. */
  once(event: 'exit', listener: () => void): unknown;
}

/** Reclaims the seat of this worker's thread when it has ended. */
export function watchThread(refs: References, worker: WatchableThread): void {
  const { threadId } = worker ?? {};
  if (typeof worker?.once !== 'function' || !Number.isInteger(threadId) || threadId < 0) {
    throw new InvalidOptionError(
      `watch takes a running worker with threadId and an exit event, got ${describe(worker)}` +
        (threadId === -1 ? ', which has ended already: reclaim(seat) by hand' : ''),
    );
  }
  const token = tokenOf(threadId);
  worker.once('exit', () => {
    if (refs.closed) return;
    const seat = refs.seats.seatOf(token);
    if (seat >= 0) reclaim(refs, seat, true);
  });
}
