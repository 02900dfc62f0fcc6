/**
 * Web Locks as a sign of life: a seat holds a lock, and whoever is granted it knows that the thread
 * is gone. For web pages, whose workers have no `exit` event.
 *
 * Invariants
 * 1. Nobody asks for a seat's lock before it is known to have been held. Else a watcher could be
 *    granted it before its holder, and would take a living thread for dead.
 * 2. That it is held, the platform says, and the seat that it was held. A thread that blocks in the
 *    turn in which it attached holds its lock and never comes to hear of it; one that ends soon
 *    after may be gone before anybody looks.
 * 3. The name of the lock carries the slab's identity, the seat and the stay: a grant means that
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
  query(): Promise<{ readonly held?: readonly { readonly name?: string }[] }>;
}

/** How often a watcher looks for seats that were taken lately. */
const LOOK_MS = 500;

/** The platform's locks, if it has any. */
function lockManager(): LockManager | undefined {
  const { navigator } = globalThis as { navigator?: { locks?: LockManager } };
  return typeof navigator?.locks?.request === 'function' ? navigator.locks : undefined;
}

// Chromium asks for permission once per thread, and passes the first request on only when the event
// loop turns. Asked when the library is loaded, it passes on that of `holdLock` at once: the thread
// may block right after it attached.
const { WorkerGlobalScope } = globalThis as { WorkerGlobalScope?: unknown };
if (WorkerGlobalScope !== undefined) void heldNames(lockManager());

/** Holds this thread's lock until the answer is called. Does nothing where there are no locks. */
export function holdLock(slab: Slab, seats: Seats, seat: number): () => void {
  let release = (): void => undefined;
  let left = false;
  const stay = seats.stayOf(seat);
  const held = lockManager()?.request(nameOf(slab, seat, stay), () => {
    if (left) return undefined;
    // K1 says that this stay has held its lock, to watchers that come too late to see it.
    Atomics.store(slab.i32, seats.at(seat) + SEAT.locked, stay + 1);
    return new Promise<void>((resolve) => {
      release = resolve;
    });
  });
  held?.catch(() => undefined); // a page without permission for locks has no sign of life
  return () => {
    left = true;
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
  const ownStay = seats.stayOf(own);
  let stopped = false;
  const ask = (seat: number, stay: number, token: number, name: string): void => {
    watched.add(name);
    const granted = (): undefined => {
      watched.delete(name);
      // Who leaves gives up the lock after the seat: who is still in it ended on the way out.
      if (!stopped && seats.isIn(seat, stay, token)) onEnded(seat, token);
    };
    locks.request(name, granted).catch(() => watched.delete(name));
  };
  const look = async (): Promise<void> => {
    if (seats.stayOf(own) !== ownStay) stop(); // this thread has left: nobody is told any more
    if (stopped) return;
    const fresh: (readonly [seat: number, stay: number, token: number, name: string])[] = [];
    for (let seat = 0; seat < seats.count; seat++) {
      const token = seats.ownerOf(seat);
      const stay = seats.stayOf(seat);
      const name = nameOf(slab, seat, stay);
      if (seat !== own && stay >= 0 && !watched.has(name)) fresh.push([seat, stay, token, name]);
    }
    if (fresh.length === 0) return;
    const names = await heldNames(locks);
    for (const [seat, stay, token, name] of fresh) {
      // K2 observes K1.
      const was = Atomics.load(slab.i32, seats.at(seat) + SEAT.locked) === stay + 1;
      if ((was || names.has(name)) && !watched.has(name)) ask(seat, stay, token, name);
    }
  };
  const timer = setInterval(look, LOOK_MS);
  const stop = (): void => {
    stopped = true;
    clearInterval(timer);
  };
  void look();
  return stop;
}

/** The names of all locks that are held now; none where the platform refuses to tell. */
async function heldNames(locks: LockManager | undefined): Promise<ReadonlySet<string | undefined>> {
  try {
    return new Set((await locks?.query())?.held?.map(({ name }) => name));
  } catch {
    return new Set();
  }
}

function nameOf(slab: Slab, seat: number, stay: number): string {
  const identity = [slab.i32[HEADER.identity], slab.i32[HEADER.identity + 1]].join('.');
  return `frameslab ${identity} seat ${seat} stay ${stay}`;
}
