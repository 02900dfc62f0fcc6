/**
 * The count of a slot that several threads may refer to.
 *
 * Invariants
 * 1. Exclusive until shared. A slot that its word calls "owned by this seat" is known to this
 *    thread alone, and the count lives in its ledger. The first share, transfer or send writes the
 *    count into the word (`expose`) before it publishes the handle; from then on the count changes
 *    by atomic operations only, and never so far that it would carry into the flags (`COUNT_MAX`).
 * 2. The sole holder is alone again. If the word counts one reference and this thread's ledger has
 *    it, nobody else can raise, lower or read the slot: writing to the frame is allowed, and the
 *    last release cannot lose against another holder. (A `reclaim` may set the suspect flag at the
 *    same moment, so it is a compare-exchange; a slot that is freed needs no recount.)
 *
 * Called by the seat's own thread only. Never blocks, never allocates.
 */
import { SEAT, SLOT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import { COUNT_MAX, isOwned, PAYLOAD_MASK, withPayload } from '../words/slot-word.js';
import { Supply } from './supply.js';

/** What one seat may do with the count of a slot that it holds. */
export class SharedCount extends Supply {
  protected readonly f64: Float64Array<SharedArrayBuffer>;
  protected readonly guarded: boolean;
  private readonly departuresAt: number;

  /** @param slab the slab; @param seat the seat that this thread has claimed in it. */
  constructor(slab: Slab, seat: number) {
    super(slab, seat);
    this.f64 = slab.f64;
    this.guarded = slab.geometry.guard !== 'off';
    this.departuresAt = (this.seats.at(seat) + SEAT.departures) >> 1;
  }

  /** How many references a held slot has anywhere, messages and lanes included. */
  countOf(slot: number): number {
    const word = Atomics.load(this.i32, this.rowOf(slot) + SLOT.word);
    return isOwned(word) ? this.ledger.count(slot) : word & PAYLOAD_MASK;
  }

  /** True if this thread's one reference is the only one: writing is allowed. */
  isSole(slot: number): boolean {
    // R2 observes R1: what the others did before they let go.
    const payload = Atomics.load(this.i32, this.rowOf(slot) + SLOT.word) & PAYLOAD_MASK;
    return this.ledger.count(slot) === 1 && (payload === this.owned || payload === 1);
  }

  /**
   * Makes a slot that this thread holds countable by others, `extra` references being on their way,
   * which the ledger counts already. False: more than a word counts; nothing was changed.
   */
  expose(slot: number, extra: number): boolean {
    const at = this.rowOf(slot) + SLOT.word;
    const word = this.i32[at] as number;
    if (this.guarded) this.guard.freeze(slot);
    if ((word & PAYLOAD_MASK) !== this.owned) return extra === 0 || this.raise(slot, extra);
    const count = this.ledger.count(slot);
    if (count > COUNT_MAX) return false;
    // Plain: nobody else refers to the slot. What publishes the handle publishes this word.
    this.i32[at] = withPayload(word, count);
    return true;
  }

  /** Ends references that were published before: messages or lanes count them now. */
  depart(slot: number, count: number): void {
    this.countDeparture();
    this.ledger.depart(slot, count);
    this.lowered(slot);
  }

  /** The same for one reference of each of several handles. */
  departAll(handles: Int32Array, from: number, end: number): void {
    const mask = this.codec.indexMask;
    this.f64[this.departuresAt] = (this.f64[this.departuresAt] as number) + (end - from);
    this.ledger.departAll(handles, from, end, mask);
    for (let k = from; k < end; k++) this.lowered((handles[k] as number) & mask);
  }

  /** Takes back an addition to the ledger that came to nothing: somebody else was faster. */
  undo(slot: number, count: number): void {
    this.countDeparture();
    this.ledger.subtract(slot, count);
    this.lowered(slot);
  }

  /** Counts one departure that the ledger has noted already. */
  private countDeparture(): void {
    this.f64[this.departuresAt] = (this.f64[this.departuresAt] as number) + 1;
  }

  /** Raises the count of a shared slot; false if it has no room. This thread holds a reference. */
  private raise(slot: number, by: number): boolean {
    const at = this.rowOf(slot) + SLOT.word;
    for (;;) {
      const word = this.i32[at] as number;
      if ((word & PAYLOAD_MASK) + by > COUNT_MAX) return false;
      if (Atomics.compareExchange(this.i32, at, word, word + by) === word) return true;
      // Lost the race: another reference came or went.
    }
  }
}
