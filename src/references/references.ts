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
 * Called by the seat's own thread only. Never blocks; allocates once, at the first bulk call that
 * needs marks.
 */
import { FrameModifiedError } from '../errors.js';
import { SLOT } from '../slab/layout.js';
import { tellExhausted } from '../threads/events.js';
import { warn } from '../threads/host.js';
import type { Handle } from '../words/handle.js';
import { withPayload } from '../words/slot-word.js';
import { Leases } from './leases.js';
import { Marks } from './marks.js';
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

  /** Which slots the running bulk call has met. */
  readonly marks = new Marks(this.slots);

  /** Takes `count` free slots, all or none; their handles go to `into`. */
  acquireMany(into: Int32Array, count: number): boolean {
    if (this.closed) throw closedError();
    const done = this.watched ? 0 : this.path.acquireRun(into, 0, count);
    if (done === count || this.acquireRest(into, done, count)) return true;
    return tellExhausted(this.slab, this.seat, count);
  }

  /** Takes what the cache did not have: none of all `count` if the list has not enough either. */
  private acquireRest(into: Int32Array, from: number, count: number): boolean {
    const misses = this.f64[this.missesAt] as number;
    let done = from;
    try {
      while (done < count) {
        const handle = this.acquireQuietly(count - done);
        if (handle === 0) break;
        into[done++] = handle;
        done += this.watched ? 0 : this.path.acquireRun(into, done, count);
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
   * A stale one throws, and nothing is released: what was freed until then is resumed. What the
   * guard finds is thrown after all have been released.
   */
  releaseMany(from: Int32Array, count: number): number {
    if (this.closed) throw closedError();
    const top = this.cached;
    let freed: number;
    try {
      freed = this.path.freeRun(from, 0, count);
      if (freed < count) this.checkMany(from, freed, count);
    } catch (fault) {
      this.path.resume((this.i32[this.topAt] as number) - top); // as many as were freed
      this.checkMany(from, 0, count); // as it is now: the fault names what the caller sees
      throw fault;
    }
    if (freed < count) return this.releaseRest(from, freed, count);
    if (this.mailboxes.someoneWaits()) this.serve();
    return freed;
  }

  /** Releases what was checked, and needs care or room, after a run of `done` that did not. */
  private releaseRest(from: Int32Array, done: number, count: number): number {
    if (this.guarded) return this.releaseGuarded(from, count);
    let freed = done;
    for (let k = done; k < count; ) {
      const handle = from[k] as number;
      if (this.crowded && this.isSole(handle & this.indexMask)) this.makeRoom(count - k);
      else {
        k += 1;
        if (this.release(handle)) freed += 1;
      }
      const run = this.path.freeRun(from, k, count);
      k += run;
      freed += run;
    }
    // Atomic: room is made by a put into the list, which must not miss a waiter.
    if (this.mailboxes.someoneWaitsNow()) this.serve();
    return freed;
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

  /** Every handle is held, as often as it is named; writes nothing but this thread's own marks. */
  private checkMany(from: Int32Array, begin: number, end: number): void {
    this.marks.begin();
    for (let k = begin; k < end; k++) {
      const handle = from[k] as number;
      if (!this.marks.first(this.check(handle))) this.checkRepeated(from, end, handle);
    }
  }

  private checkRepeated(from: Int32Array, count: number, handle: Handle): void {
    let named = 0;
    for (let k = 0; k < count; k++) if (from[k] === handle) named += 1;
    if (named > this.ledger.count(this.check(handle))) throw this.refusal(handle);
  }
}
