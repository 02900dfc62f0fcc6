/**
 * All that this thread may do with slots by handle: the leases, several at a time, and what arrives
 * from other threads.
 *
 * Invariants
 * 1. `acquireMany` takes all or none; `releaseMany` releases all or none. What it has done before
 *    it finds a stale handle lies in this thread's own cache still, and is undone.
 * 2. What a mailbox delivered is taken over by a compare-exchange against `reclaim`, see
 *    mailbox.ts.
 *
 * Called by the seat's own thread only. Never blocks; allocates one array, once, for `releaseMany`.
 */
import { FrameModifiedError } from '../errors.js';
import { SLOT } from '../slab/layout.js';
import { tellExhausted } from '../threads/events.js';
import { warn } from '../threads/host.js';
import type { Handle } from '../words/handle.js';
import { REFERENCES_MASK } from '../words/ledger-cell.js';
import { nextGeneration, PAYLOAD_MASK, withPayload } from '../words/slot-word.js';
import { Leases } from './leases.js';
import { closedError } from './refusal.js';

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
  /** Word and ledger cell of each slot that the latest `freeRun` freed, as they were. */
  private readonly freed = new Int32Array(2 * this.slab.geometry.cacheFramesMax);

  /** Takes `count` free slots, all or none; their handles go to `into`. */
  acquireMany(into: Int32Array, count: number): boolean {
    if (this.closed) throw closedError();
    const done = this.watched ? 0 : this.acquireCached(into, 0, count);
    if (done === count || this.acquireRest(into, done, count)) return true;
    return tellExhausted(this.slab, this.seat, count);
  }

  /** Takes what the cache did not have: none of all `count` if the list has not enough either. */
  private acquireRest(into: Int32Array, from: number, count: number): boolean {
    const misses = this.f64[this.missesAt] as number;
    let done = from;
    try {
      while (done < count) {
        const handle = this.acquireQuietly();
        if (handle === 0) break;
        into[done++] = handle;
        done += this.watched ? 0 : this.acquireCached(into, done, count);
      }
      return done === count;
    } finally {
      // Not enough, or the guard found one that was written to: as if nothing had been taken.
      if (done < count) {
        this.releaseMany(into, done);
        this.countAcquires(-done);
        this.f64[this.missesAt] = misses;
      }
    }
  }

  /**
   * Ends one reference for each of the first `count` handles; answers how many were the last ones.
   * A stale one throws, and nothing is released. What the guard finds is thrown after all have been
   * released.
   */
  releaseMany(from: Int32Array, count: number): number {
    if (this.closed) throw closedError();
    const freed = this.freeRun(from, 0, count);
    if (freed < count) return this.releaseRest(from, freed, count);
    if (this.mailboxes.someoneWaits()) this.serve();
    return freed;
  }

  /** Releases what needs care, after a run of `done` that did not. */
  private releaseRest(from: Int32Array, done: number, count: number): number {
    try {
      this.checkMany(from, done, count);
    } catch (fault) {
      this.resume(done);
      this.checkMany(from, 0, count); // as it is now: the fault names what the caller sees
      throw fault;
    }
    if (this.guarded) return this.releaseGuarded(from, count);
    let freed = done;
    for (let k = done; k < count; ) {
      if (this.release(from[k++] as number)) freed += 1;
      const run = this.freeRun(from, k, count);
      k += run;
      freed += run;
    }
    if (this.mailboxes.someoneWaits()) this.serve();
    return freed;
  }

  /**
   * Frees what comes first in `from[begin … end − 1]` and needs no care: slots of which this thread
   * has the one reference that is left, as far as the cache has room. Answers how many. They stay
   * in this thread's hands: `resume` undoes it.
   */
  private freeRun(from: Int32Array, begin: number, end: number): number {
    const { i32, slots, indexMask, slotsAt, ledgerAt, rowAt, owned, freed } = this;
    const top = i32[this.topAt] as number;
    const count = Math.min(end - begin, this.roomInCache - top);
    let done = 0;
    try {
      for (; done < count; done++) {
        const handle = from[begin + done] as number;
        const slot = handle & indexMask;
        if (slot >= slots) break;
        const at = slotsAt + slot * SLOT.size + SLOT.word;
        const word = i32[at] as number;
        const cell = i32[ledgerAt + slot] as number;
        if ((cell & REFERENCES_MASK) !== 1 || this.encode(slot, word) !== handle) break;
        const payload = word & PAYLOAD_MASK;
        const mine = nextGeneration(word, this.generationMask, owned);
        if (payload === owned) i32[at] = mine;
        else if (payload !== 1 || Atomics.compareExchange(i32, at, word, mine) !== word) break;
        freed[2 * done] = word;
        freed[2 * done + 1] = cell;
        i32[rowAt + top + done] = slot;
        i32[ledgerAt + slot] = 0;
      }
    } finally {
      // Also where the stack was full in the middle: what was freed is in the row.
      if (done > 0) i32[this.topAt] = top + done;
    }
    return done;
  }

  /**
   * Undoes the `freeRun` that has just freed `count` slots. The ledger before the word: a recount
   * that sees the word as it was must find the reference, or it frees the slot.
   */
  private resume(count: number): void {
    const { i32, slotsAt, ledgerAt, rowAt, freed } = this;
    const top = (i32[this.topAt] as number) - count;
    Atomics.load(i32, slotsAt); // where the stack is full, it fails here: all stay released
    i32[this.topAt] = top;
    for (let k = 0; k < count; k++) {
      const slot = i32[rowAt + top + k] as number;
      i32[ledgerAt + slot] = freed[2 * k + 1] as number;
      Atomics.store(i32, slotsAt + slot * SLOT.size + SLOT.word, freed[2 * k] as number);
    }
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

  /**
   * Takes over the slot that was handed to this thread's mailbox, if there is one; else 0. One that
   * comes too late, and only goes back, is not counted.
   */
  collect(counted = true): Handle {
    const handle = this.mailboxes.take();
    if (handle === 0) return 0;
    const slot = handle & this.indexMask;
    // Nobody else touches the slot: its giver let go of it, and a reclaimer sees that it is taken.
    const at = this.rowOf(slot) + SLOT.word;
    this.i32[at] = withPayload(this.i32[at] as number, this.owned);
    try {
      if (this.watched) this.look(slot);
      if (counted) {
        this.f64[this.missesAt] = (this.f64[this.missesAt] as number) + 1;
        this.countAcquires(1);
      }
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
    const { i32, f64, slotsAt, ledgerAt } = this;
    const top = i32[this.topAt] as number;
    const count = Math.min(top, end - from);
    const warmest = this.rowAt + top - 1;
    for (let k = 0; k < count; k++) {
      const slot = i32[warmest - k] as number;
      const at = slotsAt + slot * SLOT.size;
      into[from + k] = this.encode(slot, i32[at + SLOT.word] as number);
      i32[ledgerAt + slot] = 1;
      f64[(at + SLOT.length) >> 1] = 0; // length and tag
      f64[(at + SLOT.timestamp) >> 1] = 0;
      f64[(at + SLOT.sequence) >> 1] = 0;
    }
    i32[this.topAt] = top - count;
    this.countAcquires(count);
    return count;
  }

  /** Every handle is held, as often as it is named; writes nothing but this thread's own marks. */
  private checkMany(from: Int32Array, begin: number, end: number): void {
    this.marks ??= new Int32Array(this.slots);
    this.round = (this.round + 1) | 0;
    if (this.round === 0) this.marks.fill(0);
    const { marks, round } = this;
    for (let k = begin; k < end; k++) {
      const handle = from[k] as number;
      const slot = this.check(handle);
      if (marks[slot] === round) this.checkRepeated(from, end, handle);
      marks[slot] = round;
    }
  }

  private checkRepeated(from: Int32Array, count: number, handle: Handle): void {
    let named = 0;
    for (let k = 0; k < count; k++) if (from[k] === handle) named += 1;
    if (named > this.ledger.count(this.check(handle))) throw this.refusal(handle);
  }
}
