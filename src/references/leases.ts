/**
 * What this thread may do with a slot: acquire, retain, release. Here the slot's word, the ledger
 * and the cache meet, and the order of their writes is the one that survives a kill.
 *
 * Invariants
 * 1. While a slot is owned by this seat, retain and release are plain reads and writes; else the
 *    count changes by compare-exchange, which a sole holder (shared-count.ts) wins at once.
 * 2. The ledger is asked first: a thread that holds nothing can do nothing, whatever number it has.
 *    Then the word must produce the very handle that was given.
 * 3. Nothing is half done at a call that may throw: room in the cache is made before a release
 *    touches the slot, and every check stands before the first write.
 *
 * The kill: between any two writes of `free` the slot's word says either "counts 1, and the ledger
 * of the dead has it" or "owned by the dead". Both are found by `reclaim` from the words alone;
 * where ledger and cache row stand does not matter.
 *
 *      word = counts 1            word = owned, next generation      cache row    ledger = 0
 *      └── recount: nobody ──┘    └────────────── owned by the dead: taken back ──────────┘
 *
 * Called by the seat's own thread only. Never blocks, never allocates (but for a thrown error).
 */
import { HEADER, SEAT, SLOT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import { tellExhausted } from '../threads/events.js';
import type { Handle } from '../words/handle.js';
import { ONE_LESS, REFERENCES_MASK } from '../words/ledger-cell.js';
import { COUNT_MAX, GENERATION_SHIFT, nextGeneration, PAYLOAD_MASK } from '../words/slot-word.js';
import { closedError, overflowOf, refusalOf } from './refusal.js';
import { SharedCount } from './shared-count.js';

/** The leases of this thread in one slab: the hot path. */
export class Leases extends SharedCount {
  /** True once this thread has left the slab: its seat may belong to somebody else. */
  get closed(): boolean {
    return this.slots === 0;
  }

  /** This thread has left the slab: its rows may be somebody else's from now on. */
  retire(): void {
    this.slots = 0;
    this.topAt = HEADER.zero;
  }

  /** Settles what is in doubt, before "empty" is said. Set by the pool. */
  onDoubt: (() => number) | undefined;

  /** 0 once this thread has left: then no handle is valid any more, at no cost. */
  protected slots: number;
  protected readonly ledgerAt: number;
  protected readonly acquiresAt: number;
  protected readonly missesAt: number;
  private readonly deniedAt: number;
  protected readonly indexMask: number;
  private readonly indexBits: number;
  private readonly colour: number;
  /** A fresh lease is looked at by guard or trace. */
  protected readonly watched: boolean;
  private readonly waitersAt: number;
  private readonly manySeats: boolean;

  /** @param slab the slab; @param seat the seat that this thread has claimed in it. */
  constructor(slab: Slab, seat: number) {
    super(slab, seat);
    const layout = slab.layout;
    const seatAt = this.seats.at(seat);
    this.slots = layout.slots;
    this.ledgerAt = layout.ledgersAt + seat * layout.ledgerStride;
    this.acquiresAt = (seatAt + SEAT.acquires) >> 1;
    this.missesAt = (seatAt + SEAT.misses) >> 1;
    this.deniedAt = (seatAt + SEAT.denied) >> 1;
    this.indexMask = this.codec.indexMask;
    this.indexBits = this.codec.indexBits;
    this.colour = this.codec.colour;
    this.watched = this.guarded || this.trace.active;
    this.waitersAt = layout.waitersAt;
    this.manySeats = layout.waiterWords > 1;
  }

  /** Takes a free slot; answers its handle, or 0 if none was free at one moment of the call. */
  acquire(): Handle {
    const { i32 } = this;
    const top = (i32[this.topAt] as number) - 1;
    if (top < 0) return this.acquireOrTell();
    const slot = i32[this.rowAt + top] as number;
    if (this.watched) this.lookAtCached(slot, top);
    // Begun before it leaves the row: a call that fails (the stack is full) leaves the slot there.
    const handle = this.begin(slot);
    i32[this.topAt] = top;
    this.f64[this.acquiresAt] = (this.f64[this.acquiresAt] as number) + 1;
    return handle;
  }

  /** The same, for who looks again and again, or gives back what it got: tells nobody. */
  acquireQuietly(): Handle {
    return this.cached === 0 ? this.acquireFromList() : this.acquire();
  }

  private acquireOrTell(): Handle {
    const handle = this.acquireFromList();
    if (handle === 0) tellExhausted(this.slab, this.seat, 1);
    return handle;
  }

  /** Adds a reference of this thread. */
  retain(handle: Handle): void {
    const { i32 } = this;
    const slot = handle & this.indexMask;
    const cellAt = this.ledgerAt + slot;
    const cell = i32[cellAt] as number;
    const at = this.slotsAt + slot * SLOT.size + SLOT.word;
    const word = i32[at] as number;
    const count = cell & REFERENCES_MASK;
    if (count === 0 || this.encode(slot, word) !== handle || slot >= this.slots) {
      throw this.refusal(handle);
    }
    if (count >= COUNT_MAX) throw overflowOf(slot);
    i32[cellAt] = cell + 1;
    const payload = word & PAYLOAD_MASK;
    if (payload === this.owned) return;
    // Mostly nobody interferes: one compare-exchange, with the word that was just checked.
    if (payload < COUNT_MAX && Atomics.compareExchange(i32, at, word, word + 1) === word) return;
    if (this.raise(slot, 1)) return;
    this.undo(slot, 1);
    throw overflowOf(slot);
  }

  /** Ends one reference of this thread; true if it was the last one anywhere. */
  release(handle: Handle): boolean {
    const { i32 } = this;
    const slot = handle & this.indexMask;
    const cellAt = this.ledgerAt + slot;
    const cell = i32[cellAt] as number;
    const at = this.slotsAt + slot * SLOT.size + SLOT.word;
    const word = i32[at] as number;
    const count = cell & REFERENCES_MASK;
    if (count === 0 || this.encode(slot, word) !== handle || slot >= this.slots) {
      throw this.refusal(handle);
    }
    const payload = word & PAYLOAD_MASK;
    const top = i32[this.topAt] as number;
    if (payload === this.owned) {
      if (count > 1) {
        i32[cellAt] = cell + ONE_LESS;
        return false;
      }
      // The last release of a slot that nobody else ever knew.
      if (top >= this.roomInCache) return this.freeWithCare(slot, word);
      i32[at] = nextGeneration(word, this.generationMask, this.owned);
    } else {
      if (payload !== 1 || top >= this.roomInCache) return this.releaseShared(slot, word);
      // The last release of one that others knew. R2, see `freeAlone`.
      const mine = nextGeneration(word, this.generationMask, this.owned);
      if (Atomics.compareExchange(i32, at, word, mine) !== word) return this.freeAlone(slot);
    }
    i32[this.rowAt + top] = slot;
    i32[this.topAt] = top + 1;
    i32[cellAt] = 0;
    // A push into the cache may miss a waiter who registers at this moment, see mailbox.ts.
    if (i32[this.waitersAt] !== 0 || (this.manySeats && this.mailboxes.someoneWaits()))
      this.serve();
    return true;
  }

  /**
   * The slot of a handle that this thread holds; throws `StaleHandleError` for any other number.
   */
  check(handle: Handle): number {
    if (this.holds(handle)) return handle & this.indexMask;
    throw this.refusal(handle);
  }

  /** True for a handle that names a reference of this thread. */
  holds(handle: Handle): boolean {
    const slot = handle & this.indexMask;
    if (slot >= this.slots) return false;
    const count = (this.i32[this.ledgerAt + slot] as number) & REFERENCES_MASK;
    const word = this.i32[this.slotsAt + slot * SLOT.size + SLOT.word] as number;
    return count !== 0 && this.encode(slot, word) === handle;
  }

  /** The error for a handle that names no reference of this thread. */
  refusal(handle: unknown): Error {
    return this.closed ? closedError() : refusalOf(this.slab, this.codec, handle);
  }

  /** Begins a lease on a slot that this thread owns: the handle is made before the first write. */
  protected begin(slot: number): Handle {
    const { i32, f64 } = this;
    const at = this.slotsAt + slot * SLOT.size;
    const handle = this.encode(slot, i32[at + SLOT.word] as number);
    i32[this.ledgerAt + slot] = 1;
    f64[(at + SLOT.length) >> 1] = 0; // length and tag
    f64[(at + SLOT.timestamp) >> 1] = 0;
    f64[(at + SLOT.sequence) >> 1] = 0;
    return handle;
  }

  protected countAcquires(count: number): void {
    this.f64[this.acquiresAt] = (this.f64[this.acquiresAt] as number) + count;
  }

  /** The same as the codec's, with this object's own fields. */
  protected encode(slot: number, word: number): Handle {
    const packed = this.colour | ((word >>> GENERATION_SHIFT) << this.indexBits) | slot;
    return (packed << 1) >> 1;
  }

  protected acquireFromList(): Handle {
    if (this.closed) throw closedError();
    this.giveSharesBack();
    const want = this.mailboxes.someoneWaits() ? 1 : this.refillWant;
    const slot = this.refill(want);
    // From the beginning: a listener may have filled the cache meanwhile, or closed the pool.
    if (slot < 0 && this.doubt() && (this.onDoubt?.() ?? 0) > 0) return this.acquireQuietly();
    if (slot >= 0 && this.watched) this.look(slot);
    const counter = slot < 0 ? this.deniedAt : this.missesAt;
    this.f64[counter] = (this.f64[counter] as number) + 1;
    if (slot < 0) return 0;
    this.countAcquires(1);
    return this.begin(slot);
  }

  /** The last release when the cache is full, or when the guard looks at the bytes. */
  private freeWithCare(slot: number, word: number): true {
    const full = this.cached >= this.cacheLimit;
    if (full) this.makeRoom();
    const modified = this.guarded ? this.guard.retire(slot) : undefined;
    this.i32[this.rowOf(slot) + SLOT.word] = nextGeneration(word, this.generationMask, this.owned);
    this.store(slot, full);
    if (modified !== undefined) throw modified;
    return true;
  }

  private releaseShared(slot: number, seen: number): boolean {
    const at = this.rowOf(slot) + SLOT.word;
    for (let word = seen; (word & PAYLOAD_MASK) !== 1; word = this.i32[at] as number) {
      // R1 releases this thread's reads and writes of the frame to the thread that frees it.
      if (Atomics.compareExchange(this.i32, at, word, word - 1) !== word) continue; // lost the race
      this.ledger.subtract(slot, 1);
      this.countDeparture();
      this.lowered(slot);
      return false;
    }
    return this.freeAlone(slot);
  }

  /** The last release of a slot whose word counts the one reference that this thread has. */
  private freeAlone(slot: number): true {
    const at = this.rowOf(slot) + SLOT.word;
    const full = this.cached >= this.cacheLimit;
    if (full) this.makeRoom();
    const modified = this.guarded ? this.guard.retire(slot) : undefined;
    for (;;) {
      const word = this.i32[at] as number;
      const mine = nextGeneration(word, this.generationMask, this.owned);
      // R2 observes R1. Atomic, because a reclaim may recount the slot at this moment.
      if (Atomics.compareExchange(this.i32, at, word, mine) === word) break;
      // Lost the race against a suspect flag: it says "recount", and a free slot needs none.
    }
    this.store(slot, full);
    if (modified !== undefined) throw modified;
    return true;
  }

  /** Ends the ledger's part of a last release, and puts the slot where it is found again. */
  private store(slot: number, full: boolean): void {
    const cached = this.cacheLimit > 0;
    if (cached) this.push(slot);
    this.i32[this.ledgerAt + slot] = 0;
    if (!cached) this.give(slot);
    // A put into the list must not miss a waiter; making room was one.
    if (full ? this.mailboxes.someoneWaitsNow() : this.mailboxes.someoneWaits()) this.serve();
  }

  private lookAtCached(slot: number, top: number): void {
    this.i32[this.topAt] = top; // if the guard throws, the slot goes to the list
    this.look(slot);
    this.i32[this.topAt] = top + 1;
  }

  /** What guard and trace have to do with a fresh slot; if the guard throws, the slot is free. */
  protected look(slot: number): void {
    if (this.trace.active) this.trace.record(slot);
    const modified = this.guarded ? this.guard.greet(slot) : undefined;
    if (modified === undefined) return;
    this.give(slot);
    if (this.mailboxes.someoneWaitsNow()) this.serve();
    throw modified;
  }
}
