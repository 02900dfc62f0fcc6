/**
 * Whose cache may use which seat's share of the reserve.
 *
 * The slab has `cacheFrames` slots more for every seat, so that full caches never make the pool
 * look empty. While nobody sits in a seat its share lies idle: a thread whose cache overflows
 * borrows it. One word per seat says who uses that seat's share:
 *
 *     0 nobody     s + 1 the thread in seat s     … with RECALLED: the seat's own thread wants it
 *
 * Invariants
 * 1. A thread has in its cache, and on the way into it, at most `cacheFrames` slots for each share
 *    whose word names its seat. So all caches together hold at most `threadsMax × cacheFrames`.
 * 2. Therefore a share is taken before the cache grows, and the cache has shrunk before a share is
 *    given up:
 *
 *      borrower                          the thread in the seat        why not the other way round
 *      spills down to one share less
 *      share: borrower, RECALLED -> 0                                  share first: both would
 *                                        share: 0 -> own               fill what is there once
 *
 * 3. A thread that dies leaves its name in the words: `reclaim` clears them, after it has taken the
 *    slots back. No count can be wrong, because nothing is counted.
 * 4. Only the upper half of the seats lends. Threads take the lowest free seat, so those who are
 *    not many never find their share lent.
 *
 * The seat's own thread; `clear` for another seat by the thread that reclaims it. Never blocks,
 * never allocates.
 */

import { SEAT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';

/** Flag in a share's word: the thread in that seat wants its share back. */
const RECALLED = 1 << 16;

/** The shares as one seat uses them. */
export class Shares {
  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly sharesAt: number;
  private readonly ownersAt: number;
  private readonly seat: number;
  private readonly seats: number;
  private readonly lendersFrom: number;

  /** @param slab the slab; @param seat whose cache it is. */
  constructor(slab: Slab, seat: number) {
    this.i32 = slab.i32;
    this.sharesAt = slab.layout.sharesAt;
    this.ownersAt = slab.layout.seatsAt + SEAT.owner;
    this.seat = seat;
    this.seats = slab.geometry.threadsMax;
    this.lendersFrom = (this.seats + 1) >> 1;
  }

  /** Takes the seat's own share; if it is lent, asks for it back and answers false. */
  takeOwn(): boolean {
    const at = this.sharesAt + this.seat;
    const before = Atomics.compareExchange(this.i32, at, 0, this.seat + 1);
    if (before === 0) return true;
    if ((before & RECALLED) === 0) {
      // Lost the race if the borrower gave it up meanwhile: then the next call finds it free.
      Atomics.compareExchange(this.i32, at, before, before | RECALLED);
    }
    return false;
  }

  /** Takes the idle share of an empty seat; false if there is none. */
  borrow(): boolean {
    const { i32, sharesAt } = this;
    for (let seat = this.seats - 1; seat >= this.lendersFrom; seat--) {
      // Plain looks: whoever sits down at this moment recalls what it misses.
      if (i32[sharesAt + seat] !== 0 || i32[this.ownersAt + seat * SEAT.size] !== 0) continue;
      if (Atomics.compareExchange(i32, sharesAt + seat, 0, this.seat + 1) === 0) return true;
    }
    return false;
  }

  /** How many shares this seat uses that it was asked to give back; a plain look that may lag. */
  recalled(): number {
    let count = 0;
    for (let seat = this.lendersFrom; seat < this.seats; seat++) {
      if (this.i32[this.sharesAt + seat] === (RECALLED | (this.seat + 1))) count += 1;
    }
    return count;
  }

  /** Gives up `count` of the shares that were asked for. The cache has shrunk before. */
  giveBack(count: number): void {
    let left = count;
    for (let seat = this.lendersFrom; seat < this.seats && left > 0; seat++) {
      const mine = RECALLED | (this.seat + 1);
      if (Atomics.compareExchange(this.i32, this.sharesAt + seat, mine, 0) === mine) left -= 1;
    }
  }

  /** Gives up every share that a seat uses. Its cache is empty: it leaves, or has died. */
  clear(seat: number): void {
    for (let other = 0; other < this.seats; other++) {
      const at = this.sharesAt + other;
      for (;;) {
        const before = Atomics.load(this.i32, at);
        if ((before & ~RECALLED) !== seat + 1) break;
        if (Atomics.compareExchange(this.i32, at, before, 0) === before) break;
        // Lost the race against the flag, which is set once.
      }
    }
  }
}
