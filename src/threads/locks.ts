/**
 * Web Locks as a sign of life: a seat holds a lock, and whoever is granted it knows that the thread
 * is gone. For web pages, whose workers have no `exit` event.
 *
 * Invariants
 * 1. The seat says that it holds its lock only after it was granted; nobody asks for the lock of a
 *    seat that does not say so. Else a watcher could be granted it before its holder, and would
 *    take a living thread for dead.
 * 2. The name of the lock carries the slab's identity, the seat and the stay: a grant means that
 *    this very stay has ended.
 *
 * Any thread with `navigator.locks` (not an AudioWorklet). Never blocks.
 */
import { HEADER, SEAT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import type { Seats } from './seats.js';

/** The part of Web Locks that is used. */
interface LockManager {
  request(name: string, callback: () => Promise<void> | undefined): Promise<unknown>;
}

/** How often a watcher looks for seats that were taken lately. */
const LOOK_MS = 500;

/** The platform's locks, if it has any. */
function lockManager(): LockManager | undefined {
  const { navigator } = globalThis as { navigator?: { locks?: LockManager } };
  return typeof navigator?.locks?.request === 'function' ? navigator.locks : undefined;
}

/** Holds this thread's lock until the answer is called. Does nothing where there are no locks. */
export function holdLock(slab: Slab, seats: Seats, seat: number): () => void {
  let release = (): void => undefined;
  let left = false;
  const at = seats.at(seat) + SEAT.lockedStay;
  const stay = seats.stayOf(seat);
  const held = lockManager()?.request(nameOf(slab, seat, stay), () => {
    if (left) return undefined;
    Atomics.store(slab.i32, at, stay + 1);
    return new Promise<void>((resolve) => {
      release = resolve;
    });
  });
  held?.catch(() => undefined); // a page without permission for locks has no sign of life
  return () => {
    left = true;
    Atomics.store(slab.i32, at, 0);
    release();
  };
}

/**
 * Calls back with each seat whose thread has ended without leaving. Answers how to stop, or
 * `undefined` where there are no locks.
 */
export function watchLocks(
  slab: Slab,
  seats: Seats,
  own: number,
  onEnded: (seat: number, token: number) => void,
): (() => void) | undefined {
  const locks = lockManager();
  if (locks === undefined) return undefined;
  const watched = new Set<string>();
  let stopped = false;
  const look = (): void => {
    for (let seat = 0; seat < seats.count; seat++) {
      const token = seats.ownerOf(seat);
      const stay = seats.stayOf(seat);
      if (seat === own || stay < 0) continue;
      if (Atomics.load(slab.i32, seats.at(seat) + SEAT.lockedStay) !== stay + 1) continue;
      const name = nameOf(slab, seat, stay);
      if (watched.has(name)) continue;
      watched.add(name);
      const granted = (): undefined => {
        watched.delete(name);
        if (!stopped && seats.stayOf(seat) === stay) onEnded(seat, token);
      };
      locks.request(name, granted).catch(() => undefined);
    }
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}

function nameOf(slab: Slab, seat: number, stay: number): string {
  const identity = [slab.i32[HEADER.identity], slab.i32[HEADER.identity + 1]].join('.');
  return `frameslab ${identity} seat ${seat} stay ${stay}`;
}
