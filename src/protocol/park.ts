/**
 * Sleeping and waking without lost wake-ups: every seat has a bell of its own.
 *
 * Invariants
 * 1. A sleeper reads its bell, *then* makes its wish known, *then* looks, and only then sleeps on
 *    the value it read. Whoever fulfils wishes does so first and rings after. So a ring between the
 *    reading and the sleeping is seen:
 *
 *      sleeper                            waker
 *      b = bell
 *      wish: set my bit
 *      look: nothing
 *                                         fulfil
 *                                         sees my bit: bell + 1 · notify
 *      wait(bell, b): returns at once
 *
 * 2. One bell serves all that a thread waits for: a ring says "look again", no more. On a cell that
 *    several threads share, a wake-up can be eaten by one that no longer wants it (an aborted
 *    `waitAsync` cannot be withdrawn); on its own bell everybody who sleeps is this thread.
 * 3. `notify` is called only for a seat that made a wish: it goes through a process-wide lock.
 *
 * `ring` from any thread. `sleep` only where the thread may block; `sleepAsync` anywhere.
 */
import { SEAT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';

/** How often a bell is read before its thread goes to sleep: about two microseconds. */
const SPINS_MAX = 256;
/** A pause has so many steps, doubled at each of so many looks: at the most half a microsecond. */
const PAUSE_STEPS = 32;
const PAUSE_DOUBLINGS = 5;
/** Where `waitAsync` is missing the bell is read again after so many milliseconds, at the most. */
const POLL_MS_MAX = 8;

/** How promises wait on this platform. */
export type AsyncWaiting = 'waitAsync' | 'polling';

/** Which of the two this engine offers. */
export function asyncWaitingHere(): AsyncWaiting {
  return typeof Atomics.waitAsync === 'function' ? 'waitAsync' : 'polling';
}

/** How blocking calls wait in this thread. */
export type SyncWaiting = 'wait' | 'forbidden';

let syncWaiting: SyncWaiting | undefined;

/** If this thread may block: not where it serves a page, or sound. */
export function syncWaitingHere(): SyncWaiting {
  if (syncWaiting !== undefined) return syncWaiting;
  try {
    // Whoever may not block is told so before the values are compared: this never sleeps.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    syncWaiting = 'wait';
  } catch {
    syncWaiting = 'forbidden';
  }
  return syncWaiting;
}

/** The bells of one slab, as one seat uses them. */
export class Park {
  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly seatsAt: number;
  private readonly ownBell: number;
  private readonly seat: number;
  private idle = 0;

  /** @param slab the slab; @param seat whose bell this thread sleeps on. */
  constructor(slab: Slab, seat: number) {
    this.i32 = slab.i32;
    this.seatsAt = slab.layout.seatsAt;
    this.seat = seat;
    this.ownBell = this.bellOf(seat);
  }

  /** What the own bell shows; read it before making a wish known. */
  listen(): number {
    return Atomics.load(this.i32, this.ownBell);
  }

  /** Tells the thread in a seat to look again. */
  ring(seat: number): void {
    const bell = this.bellOf(seat);
    // P1 publishes what was done for the sleeper.
    Atomics.add(this.i32, bell, 1);
    Atomics.notify(this.i32, bell);
  }

  /** Idles for a moment, longer at each of the first looks, and touches no shared memory. */
  pause(look: number): void {
    for (let k = PAUSE_STEPS << Math.min(look, PAUSE_DOUBLINGS); k > 0; k--) this.idle ^= k;
  }

  /** Makes this thread's own promises look again. */
  ringOwn(): void {
    this.ring(this.seat);
  }

  /**
   * Blocks until the bell shows something else than `seen`, or `timeoutMs` have passed.
   * Throws `TypeError` where the platform forbids this thread to block.
   */
  sleep(seen: number, timeoutMs: number): void {
    for (let k = 0; k < SPINS_MAX; k++) if (this.listen() !== seen) return;
    // P2 observes P1.
    Atomics.wait(this.i32, this.ownBell, seen, timeoutMs);
  }

  /** Resolves when the bell shows something else, or after `timeoutMs`. Keeps no loop alive. */
  async sleepAsync(seen: number, timeoutMs: number): Promise<void> {
    if (typeof Atomics.waitAsync === 'function') {
      const outcome = Atomics.waitAsync(this.i32, this.ownBell, seen, timeoutMs);
      if (outcome.async) await outcome.value;
      return;
    }
    let slept = 0;
    for (let ms = 0; this.listen() === seen && slept < timeoutMs; ms = nextPoll(ms)) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      slept += Math.max(1, ms);
    }
  }

  private bellOf(seat: number): number {
    return this.seatsAt + seat * SEAT.size + SEAT.bell;
  }
}

function nextPoll(ms: number): number {
  return Math.min(POLL_MS_MAX, ms + 1);
}
