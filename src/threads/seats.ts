/**
 * Who is attached: claiming a seat, leaving it, and the epochs that tell its holders apart.
 *
 *   owner 0 ──claim: one compare-exchange──▶ token > 0 (alive)
 *     ▲                                        │ reclaim, after the thread has ended
 *     │ leave: epoch + 1, then 0               ▼
 *     └──────────── epoch + 1, then 0 ─────── −token (being reclaimed)
 *
 * Invariants
 * 1. The claim names the thread in the same atomic step, so a thread that dies right after it can
 *    still be told from its seat.
 * 2. The epoch changes before a seat becomes free: what was meant for its last holder can be told
 *    from what is meant for the next one. Who leaves shuts the seat first, and empties its mail
 *    then; the next one opens it.
 * 3. A free seat's cache, ledger, mail, mailbox and journal are empty: who leaves or reclaims sees
 *    to that before the owner becomes 0.
 *
 * Any thread may read; only the seat's own thread, or the one that reclaims it, writes.
 */
import { SeatsExhaustedError } from '../errors.js';
import { SEAT, SEAT_NAME_MAX } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';

const NAME_ON_FIRST_LINE = 12;
/** Bits of a charge that name the seat. */
const CHARGE_BITS = 9;
/** Flag in the epoch: the thread is leaving. An epoch is `stays << 1 | SHUT`. */
const SHUT = 1;

/** The seats of one slab. */
export class Seats {
  /** How many seats there are. */
  readonly count: number;

  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly f64: Float64Array<SharedArrayBuffer>;
  private readonly seatsAt: number;

  /** @param slab the slab whose seats these are. */
  constructor(slab: Slab) {
    this.count = slab.geometry.threadsMax;
    this.i32 = slab.i32;
    this.f64 = slab.f64;
    this.seatsAt = slab.layout.seatsAt;
  }

  /** Int at which a seat's rows begin. */
  at(seat: number): number {
    return this.seatsAt + seat * SEAT.size;
  }

  /** Takes a free seat for this thread. Throws `SeatsExhaustedError` if there is none. */
  claim(token: number, name: string): number {
    for (let seat = 0; seat < this.count; seat++) {
      const at = this.at(seat);
      // S1 reads what the last holder left, published by S2.
      if (Atomics.compareExchange(this.i32, at + SEAT.owner, 0, token) !== 0) continue;
      this.writeName(at, name);
      this.i32[at + SEAT.top] = 0; // it is, unless the slab is damaged
      // Only now: a seat that is free, or about to be, receives nothing. See `vacate`.
      Atomics.and(this.i32, at + SEAT.epoch, ~SHUT);
      // The counters go on from holder to holder; this remembers where they stood.
      this.f64[(at + SEAT.joinedAcquires) >> 1] = this.f64[(at + SEAT.acquires) >> 1] as number;
      return seat;
    }
    throw new SeatsExhaustedError(
      `the slab has ${this.count} seats (threadsMax) and all are taken: create it with more, or ` +
        'let a thread close() the pool, or reclaim() the seat of a thread that has ended',
    );
  }

  /** From now on nobody may send anything to this thread: it is about to leave. */
  shut(seat: number): void {
    Atomics.or(this.i32, this.at(seat) + SEAT.epoch, SHUT);
  }

  /** This thread ends by itself, and runs nothing more that touches the slab. */
  sayLastWords(seat: number): void {
    // S3 publishes all that the thread has done.
    Atomics.store(this.i32, this.at(seat) + SEAT.lastWords, this.chargeOf(seat));
  }

  /** True if the thread in this seat has said, in this stay, that it ends. */
  saidLastWords(seat: number): boolean {
    // Observes S3. A charge names the stay: what the last holder said is not taken for this one's.
    return Atomics.load(this.i32, this.at(seat) + SEAT.lastWords) === this.chargeOf(seat);
  }

  /** Makes a seat free for the next thread. Its rows are empty already. */
  vacate(seat: number): void {
    const at = this.at(seat);
    const epoch = Atomics.load(this.i32, at + SEAT.epoch);
    // Still shut: the owner is there until the next line, and a seat that looked inhabited would be
    // sent messages that nobody empties any more.
    Atomics.store(this.i32, at + SEAT.epoch, ((epoch | SHUT) + 2) | 0);
    // S2 publishes the emptied rows and the new epoch.
    Atomics.store(this.i32, at + SEAT.owner, 0);
  }

  /** The token of the thread in this seat; 0: nobody; negative: it has ended, and is reclaimed. */
  ownerOf(seat: number): number {
    return Atomics.load(this.i32, this.at(seat) + SEAT.owner);
  }

  /** Which stay this is, if somebody lives in the seat and receives; −1 if not. */
  stayOf(seat: number): number {
    // The owner first: then the epoch is his, or a later one that tells him from the next.
    const lives = this.ownerOf(seat) > 0;
    const epoch = Atomics.load(this.i32, this.at(seat) + SEAT.epoch);
    return lives && (epoch & SHUT) === 0 ? epoch >>> 1 : -1;
  }

  /** True while the thread with this token is in the seat, in this stay, even if it is leaving. */
  isIn(seat: number, stay: number, token: number): boolean {
    if (this.ownerOf(seat) !== token) return false;
    return Atomics.load(this.i32, this.at(seat) + SEAT.epoch) >>> 1 === stay;
  }

  /**
   * A number that says "the thread in this seat, in this stay": for words that name who is at it.
   */
  chargeOf(seat: number): number {
    return (seat + 1) | (this.stayOf(seat) << CHARGE_BITS);
  }

  /**
   * Writes this seat's charge into a word, unless a living thread's stands there. A charge of the
   * dead is taken over: nobody else goes on with what they began.
   */
  takeCharge(at: number, seat: number): boolean {
    for (;;) {
      const before = Atomics.load(this.i32, at);
      const other = (before & ((1 << CHARGE_BITS) - 1)) - 1;
      // A seat that is shut and one that is empty have one charge: the owner tells them apart.
      const lives = before !== 0 && other < this.count && this.ownerOf(other) > 0;
      if (lives && this.chargeOf(other) === before) return false;
      if (Atomics.compareExchange(this.i32, at, before, this.chargeOf(seat)) === before)
        return true;
      // Lost the race: somebody else takes charge at this moment.
    }
  }

  /** Turns a living owner into one that is being reclaimed; true if this call did it. */
  condemn(seat: number, token: number): boolean {
    const at = this.at(seat) + SEAT.owner;
    return Atomics.compareExchange(this.i32, at, token, -token) === token;
  }

  /** The seat that a token's thread has in this slab, or −1. */
  seatOf(token: number): number {
    for (let seat = 0; seat < this.count; seat++) if (this.ownerOf(seat) === token) return seat;
    return -1;
  }

  /** What people call the thread in this seat. May be torn while the seat changes hands. */
  nameOf(seat: number): string {
    const at = this.at(seat);
    const length = Math.min(SEAT_NAME_MAX, Math.max(0, this.i32[at + SEAT.nameLength] as number));
    let name = '';
    for (let k = 0; k < length; k++) {
      name += String.fromCharCode(this.i32[this.nameAt(at, k)] as number);
    }
    return name;
  }

  private writeName(at: number, name: string): void {
    const length = Math.min(SEAT_NAME_MAX, name.length);
    for (let k = 0; k < length; k++) this.i32[this.nameAt(at, k)] = name.charCodeAt(k);
    this.i32[at + SEAT.nameLength] = length;
  }

  private nameAt(at: number, k: number): number {
    return k < NAME_ON_FIRST_LINE
      ? at + SEAT.name + k
      : at + SEAT.nameMore + (k - NAME_ON_FIRST_LINE);
  }
}
