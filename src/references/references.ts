/**
 * All that this thread may do with slots by handle: the leases, several at a time, and what arrives
 * from other threads.
 *
 * Invariants
 * 1. `acquireMany` takes all or none; `releaseMany` checks all before it releases the first.
 * 2. What a mailbox delivered is taken over by a compare-exchange against `reclaim`, see
 *    mailbox.ts.
 *
 * Called by the seat's own thread only. Never blocks; allocates one array, once, for `releaseMany`.
 */
import { FrameModifiedError } from '../errors.js';
import { SLOT } from '../slab/layout.js';
import { warn } from '../threads/host.js';
import type { Handle } from '../words/handle.js';
import { REFERENCES_MASK } from '../words/ledger-cell.js';
import { nextGeneration, PAYLOAD_MASK, withPayload } from '../words/slot-word.js';
import { Leases } from './leases.js';

/** What a reclaim drained from lanes that nobody reads any more. */
export interface Drained {
  frames: number;
  freed: number;
}

/** This thread's references in one slab. */
export class References extends Leases {
  /** Drains the lanes of a seat that has ended. Set by the attachment, which knows the channels. */
  onReclaim: ((seat: number) => Drained) | undefined;

  /** Which slots the running `releaseMany` has seen, by its round. */
  private marks: Int32Array | undefined;
  private round = 0;

  /** Takes `count` free slots, all or none; their handles go to `into`. */
  acquireMany(into: Int32Array, count: number): boolean {
    const acquires = this.f64[this.acquiresAt] as number;
    const misses = this.f64[this.missesAt] as number;
    let done = 0;
    try {
      while (done < count) {
        done += this.watched ? 0 : this.acquireCached(into, done, count);
        if (done === count) break;
        const handle = this.acquire();
        if (handle === 0) break;
        into[done++] = handle;
      }
      return done === count;
    } finally {
      // Not enough, or the guard found one that was written to: as if nothing had been taken.
      if (done < count) {
        this.releaseMany(into, done);
        this.f64[this.acquiresAt] = acquires;
        this.f64[this.missesAt] = misses;
      }
    }
  }

  /**
   * Ends one reference for each of the first `count` handles; answers how many were the last ones.
   * All are checked first: a stale one throws, and nothing is released. What the guard finds is
   * thrown after all have been released.
   */
  releaseMany(from: Int32Array, count: number): number {
    const alone = this.checkMany(from, count);
    if (this.guarded) return this.releaseGuarded(from, count);
    let last = 0;
    let k = 0;
    while (k < count) {
      const room = alone ? this.roomInCache - this.cached : 0;
      const end = Math.min(count, k + Math.max(0, room));
      if (end > k) this.freeMany(from, k, end);
      last += end - k;
      k = end;
      if (k < count && this.release(from[k++] as number)) last += 1;
    }
    return last;
  }

  /** The last releases of slots that nobody else ever knew; the cache has room for them. */
  private freeMany(from: Int32Array, begin: number, end: number): void {
    const { i32, indexMask, slotsAt, ledgerAt, rowAt, generationMask, owned } = this;
    let top = this.cached;
    for (let k = begin; k < end; k++) {
      const slot = (from[k] as number) & indexMask;
      const at = slotsAt + slot * SLOT.size + SLOT.word;
      i32[at] = nextGeneration(i32[at] as number, generationMask, owned);
      i32[rowAt + top++] = slot;
      i32[ledgerAt + slot] = 0;
    }
    i32[this.topAt] = top;
    if (this.mailboxes.someoneWaits()) this.serve();
  }

  /** Releases what a dead thread left: what the guard finds is a warning, and stops nothing. */
  letGo(handle: Handle): boolean {
    try {
      return this.release(handle);
    } catch (fault) {
      if (!(fault instanceof FrameModifiedError)) throw fault;
      warn('FrameModifiedWarning', fault.message);
      return true;
    }
  }

  /** The slot of a handle that names its present lease, whoever holds it; throws otherwise. */
  slotOf(handle: Handle): number {
    const slot = handle & this.indexMask;
    if (slot < this.slots && this.handleOf(slot) === handle && handle !== 0) return slot;
    throw this.refusal(handle);
  }

  /** The slot of a handle that this pool may have made, in this lease or in another one. */
  namedSlot(handle: Handle): number {
    const slot = handle & this.indexMask;
    const whole = slot < this.slots && (handle << 1) >> 1 === handle && handle !== 0;
    if (whole && this.codec.hasColour(handle)) return slot;
    throw this.refusal(handle);
  }

  /** Takes over the slot that was handed to this thread's mailbox, if there is one; else 0. */
  collect(): Handle {
    const handle = this.mailboxes.take();
    if (handle === 0) return 0;
    const slot = handle & this.indexMask;
    // Nobody else touches the slot: its giver let go of it, and a reclaimer sees that it is taken.
    const at = this.rowOf(slot) + SLOT.word;
    this.i32[at] = withPayload(this.i32[at] as number, this.owned);
    try {
      if (this.watched) this.look(slot);
      this.f64[this.missesAt] = (this.f64[this.missesAt] as number) + 1;
      this.countAcquires(1);
      return this.begin(slot);
    } finally {
      // Atomic, after the word: whoever sees the mailbox empty sees whose the slot is.
      this.mailboxes.empty(this.seat);
    }
  }

  private releaseGuarded(from: Int32Array, count: number): number {
    let last = 0;
    let fault: unknown;
    for (let k = 0; k < count; k++) {
      try {
        if (this.release(from[k] as number)) last += 1;
      } catch (found) {
        fault ??= found;
      }
    }
    if (fault !== undefined) throw fault;
    return last;
  }

  /** Takes what the cache has into `into[from … end − 1]`; answers how many that were. */
  private acquireCached(into: Int32Array, from: number, end: number): number {
    const { i32 } = this;
    const top = i32[this.topAt] as number;
    const count = Math.min(top, end - from);
    i32[this.topAt] = top - count;
    this.countAcquires(count);
    for (let k = 0; k < count; k++) {
      into[from + k] = this.begin(i32[this.rowAt + top - 1 - k] as number);
    }
    return count;
  }

  /**
   * Every handle is held, as often as it is named; writes nothing but this thread's own marks. True
   * if each is the only reference to a slot that nobody else ever knew.
   */
  private checkMany(from: Int32Array, count: number): boolean {
    this.marks ??= new Int32Array(this.slots);
    this.round = (this.round + 1) | 0;
    if (this.round === 0) this.marks.fill(0);
    const { i32, ledgerAt, slotsAt, owned, marks, round } = this;
    let alone = true;
    for (let k = 0; k < count; k++) {
      const handle = from[k] as number;
      const slot = this.check(handle);
      if (marks[slot] === round) this.checkRepeated(from, count, handle);
      const word = i32[slotsAt + slot * SLOT.size + SLOT.word] as number;
      const held = (i32[ledgerAt + slot] as number) & REFERENCES_MASK;
      if (held !== 1 || (word & PAYLOAD_MASK) !== owned) alone = false;
      marks[slot] = round;
    }
    return alone;
  }

  private checkRepeated(from: Int32Array, count: number, handle: Handle): void {
    let named = 0;
    for (let k = 0; k < count; k++) if (from[k] === handle) named += 1;
    if (named > this.ledger.count(this.check(handle))) throw this.refusal(handle);
  }
}
