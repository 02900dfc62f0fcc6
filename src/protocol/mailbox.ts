/**
 * Handing a freed slot to the thread that has waited longest: one mailbox per seat.
 *
 *   0 ──the waiter arms it──▶ WAITING ──a giver's CAS──▶ handle ──the waiter's CAS──▶ taking
 *   ▲      withdraws: CAS ◀───────┘                         │ reclaims the giver: CAS   │
 *   └───────────────────────────────────────────────────────┴──◀── word, lease, then 0 ─┘
 *
 * Invariants
 * 1. First come, first served: a giver serves the smallest ticket among those that wait. Without
 *    the hand-over, a releaser that acquires again at once would starve the sleeper it has just
 *    woken.
 * 2. The waiters' words have a bit per seat, set before the waiter looks and sleeps, cleared when
 *    it is served or gives up. Bits are idempotent: a dead waiter is unregistered by `reclaim`.
 * 3. A delivered slot says "owned by the giver" until the waiter has written itself in. The mailbox
 *    decides whose it is if the giver dies: the waiter marks it *taking* before it touches the
 *    slot, `reclaim` empties it before it takes the slot over, and one of the two wins. The
 *    generation alone cannot decide: it comes round while a waiter sleeps.
 * 4. A giver looks for waiters *after* it has put a slot in the list, atomically, and a waiter
 *    looks into the list after it has set its bit: one of the two sees the other.
 *
 * `offer` from any attached thread; the rest by the seat's own thread, or by the one that reclaims
 * it. Never blocks or allocates.
 */
import { SEAT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import type { Park } from './park.js';

/** A handle has 31 bits, signed; with its top bit turned over it is none, and says "taking". */
const TAKING = -0x8000_0000;
/** Armed: "taking nothing", because no handle is 0. */
const WAITING = TAKING;

/** The mailboxes of one slab, as one seat uses them. */
export class Mailboxes {
  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly park: Park;
  private readonly seatsAt: number;
  private readonly waitersAt: number;
  private readonly waiterWords: number;
  private readonly ticketAt: number;
  private readonly seat: number;
  private readonly seats: number;
  private readonly own: number;

  /** @param slab the slab; @param seat this thread's; @param park how to wake the others. */
  constructor(slab: Slab, seat: number, park: Park) {
    this.i32 = slab.i32;
    this.park = park;
    this.seatsAt = slab.layout.seatsAt;
    this.waitersAt = slab.layout.waitersAt;
    this.waiterWords = slab.layout.waiterWords;
    this.ticketAt = slab.layout.ticketAt;
    this.seat = seat;
    this.seats = slab.geometry.threadsMax;
    this.own = this.of(seat);
  }

  /** A plain look: true once a registration is visible to this thread. */
  someoneWaits(): boolean {
    if (this.i32[this.waitersAt] !== 0) return true;
    return this.waiterWords > 1 && this.someoneElseWaits();
  }

  /** The seats from 32 on. */
  private someoneElseWaits(): boolean {
    for (let k = 1; k < this.waiterWords; k++) if (this.i32[this.waitersAt + k] !== 0) return true;
    return false;
  }

  /** The look that must not miss: after a put into the shared list. */
  someoneWaitsNow(): boolean {
    const i32 = this.i32;
    for (let k = 0; k < this.waiterWords; k++) {
      if (Atomics.load(i32, this.waitersAt + k) !== 0) return true;
    }
    return false;
  }

  /** How many seats wait; may lag. */
  waiting(): number {
    let count = 0;
    for (let seat = this.nextBit(0); seat >= 0; seat = this.nextBit(seat + 1)) count += 1;
    return count;
  }

  /**
   * Arms the own mailbox and makes the wish known. Look at the list after this, before sleeping.
   */
  register(): void {
    const i32 = this.i32;
    if (Atomics.load(i32, this.own) === 0) {
      i32[this.own + SEAT.ticket - SEAT.mailbox] = Atomics.add(i32, this.ticketAt, 1);
      Atomics.store(i32, this.own, WAITING);
    }
    Atomics.or(i32, this.waitersAt + (this.seat >>> 5), 1 << (this.seat & 31));
  }

  /** Ends a registration, the own one or that of the dead. Answers what was delivered, or 0. */
  withdraw(seat: number): number {
    this.unregister(seat);
    const delivered = Atomics.compareExchange(this.i32, this.of(seat), WAITING, 0);
    return delivered === WAITING ? 0 : delivered;
  }

  /** The handle that was delivered here and is this thread's to take, marked as taking; or 0. */
  take(): number {
    const value = Atomics.load(this.i32, this.own);
    if (!isHandle(value)) return 0;
    const taking = value ^ TAKING;
    // Lost only against `reclaim`, when the giver has died.
    return Atomics.compareExchange(this.i32, this.own, value, taking) === value ? value : 0;
  }

  /** Empties a mailbox, after the slot was taken over. */
  empty(seat: number): void {
    Atomics.store(this.i32, this.of(seat), 0);
  }

  /** Hands a slot that this thread owns to the longest waiter; false if nobody waits any more. */
  offer(handle: number): boolean {
    for (;;) {
      const seat = this.oldest();
      if (seat < 0) return false;
      // H1 publishes the slot; the waiter's load of its mailbox observes it.
      if (Atomics.compareExchange(this.i32, this.of(seat), WAITING, handle) === WAITING) {
        this.park.ring(seat);
        return true;
      }
      // Lost the race: that waiter was served by somebody else or has given up.
    }
  }

  /** True if a waiter could be served at this moment. */
  someoneArmed(): boolean {
    return this.oldest() >= 0;
  }

  /** The handle that lies in a seat's mailbox, delivered or being taken; or 0. */
  contentOf(seat: number): number {
    const value = Atomics.load(this.i32, this.of(seat));
    if (value === WAITING || value === 0) return 0;
    return isHandle(value) ? value : value ^ TAKING;
  }

  /**
   * The giver of this handle has died: takes it back out of the mailbox that it lies in. False: its
   * waiter is taking it, and the slot is the waiter's.
   */
  recall(handle: number, seats: number): boolean {
    for (let seat = 0; seat < seats; seat++) {
      const value = Atomics.load(this.i32, this.of(seat));
      if (value === (handle ^ TAKING)) return false;
      if (value !== handle) continue;
      if (Atomics.compareExchange(this.i32, this.of(seat), handle, 0) !== handle) return false;
      this.park.ring(seat);
    }
    return true;
  }

  private unregister(seat: number): void {
    Atomics.and(this.i32, this.waitersAt + (seat >>> 5), ~(1 << (seat & 31)));
  }

  private of(seat: number): number {
    return this.seatsAt + seat * SEAT.size + SEAT.mailbox;
  }

  /** The waiting seat with the smallest ticket, or −1. */
  private oldest(): number {
    const i32 = this.i32;
    let best = -1;
    let bestTicket = 0;
    for (let seat = this.nextBit(0); seat >= 0; seat = this.nextBit(seat + 1)) {
      const at = this.of(seat);
      if (Atomics.load(i32, at) !== WAITING) continue;
      const ticket = i32[at + SEAT.ticket - SEAT.mailbox] as number;
      // Tickets wrap; the difference tells which is older while fewer than 2^31 are out.
      if (best < 0 || ((ticket - bestTicket) | 0) < 0) {
        best = seat;
        bestTicket = ticket;
      }
    }
    return best;
  }

  /** The first waiting seat from `from` on, or −1. */
  private nextBit(from: number): number {
    for (let word = from >>> 5; word < this.waiterWords; word++) {
      let bits = Atomics.load(this.i32, this.waitersAt + word);
      if (word === from >>> 5) bits &= -1 << (from & 31);
      if (bits === 0) continue;
      const seat = (word << 5) + (31 - Math.clz32(bits & -bits));
      return seat < this.seats ? seat : -1; // beyond: the slab is damaged
    }
    return -1;
  }
}

/** True for a signed 31-bit integer other than 0. */
function isHandle(value: number): boolean {
  return value !== 0 && (value << 1) >> 1 === value;
}
