/**
 * Noticing that a worker has ended, and giving back what its seat held.
 *
 * Invariants
 * 1. On platforms that number threads only the `exit` event counts: after `terminate()` a thread
 *    may go on for a while. The number is read when the watch begins: later a worker no longer has
 *    one. Where a platform emits `exit` too early, only a thread that has said its last words is
 *    dead: one that was terminated may run on, and its seat is left to `reclaim` by hand.
 * 2. On web pages a worker has neither number nor event: there the locks of all seats are watched,
 *    once per attachment, whichever worker was named.
 * 3. A reclaim that was left in doubt, because a living thread was in the middle of a call, is
 *    tried again until it is settled.
 *
 * The watcher's own thread; reclaims in its event loop, in one turn.
 */
import { InvalidOptionError } from '../errors.js';
import { reclaimFrom, settleAll } from '../references/reclaim.js';
import type { References } from '../references/references.js';
import { describe } from '../slab/geometry.js';
import { hostOfThread, tokenOf } from '../threads/host.js';
import { watchLocks } from '../threads/locks.js';

/** A worker as far as a watcher needs it: Node's, piscina's, tinypool's, or a page's. */
export interface WatchableThread {
  /** The thread's number while it runs, where threads have numbers. */
  readonly threadId?: number;
  /** Subscribes to an event once, where workers have an `exit` event. */
  once?(event: 'exit', listener: () => void): unknown;
}

/** What is in doubt after a reclaim is looked at again after so long, so often. */
const SETTLE_MS = 5;
const SETTLE_TRIES = 1000;

const watchingLocks = new WeakSet<References>();

/** Reclaims the seat of this worker's thread when it has ended. */
export function watchThread(refs: References, worker: WatchableThread): void {
  const { threadId } = worker ?? {};
  if (typeof worker?.once === 'function' && isThreadId(threadId)) {
    const token = tokenOf(threadId);
    worker.once('exit', () => {
      const seat = refs.closed ? -1 : refs.seats.seatOf(token);
      if (seat >= 0 && !isDead(refs, seat)) return;
      if (seat >= 0 && reclaimFrom(refs, seat, token).inDoubt) settleSoon(refs, SETTLE_TRIES);
    });
    return;
  }
  if (isPageWorker(worker) && watchSeats(refs)) return;
  throw new InvalidOptionError(
    `watch takes a running worker with threadId and an exit event, got ${describe(worker)}` +
      (threadId === -1 ? ', which has ended already: reclaim(seat) by hand' : ''),
  );
}

/**
 * A living thread stood in the way of a verdict, in the middle of a call: looks again in a moment.
 */
function settleSoon(refs: References, tries: number): void {
  const timer: unknown = setTimeout(() => {
    if (refs.closed || !refs.doubt()) return;
    settleAll(refs);
    if (refs.doubtful && tries > 1) settleSoon(refs, tries - 1);
  }, SETTLE_MS);
  (timer as { unref?(): void }).unref?.(); // it keeps no event loop alive
}

/** If a thread whose `exit` event has come can be taken for dead. */
function isDead(refs: References, seat: number): boolean {
  return hostOfThread().exitIsFinal || refs.seats.saidLastWords(seat);
}

function watchSeats(refs: References): boolean {
  if (watchingLocks.has(refs)) return true;
  const stop = watchLocks(refs.slab, refs.seats, refs.seat, (seat, token) => {
    if (refs.closed) stop?.();
    else if (reclaimFrom(refs, seat, token).inDoubt) settleSoon(refs, SETTLE_TRIES);
  });
  if (stop === undefined) return false;
  watchingLocks.add(refs);
  return true;
}

function isThreadId(threadId: unknown): threadId is number {
  return Number.isInteger(threadId) && (threadId as number) >= 0;
}

function isPageWorker(worker: unknown): boolean {
  const { Worker } = globalThis as { Worker?: new (...parts: never[]) => object };
  return typeof Worker === 'function' && worker instanceof Worker;
}
