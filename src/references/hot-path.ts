/**
 * What a program calls for every frame: acquire, retain, release, and the check of a handle. Here
 * the slot's word, the ledger and the cache meet, and the order of their writes is the one that
 * survives a kill.
 *
 * Invariants
 * 1. While a slot is owned by this seat, retain and release are plain reads and writes; else they
 *    are one atomic operation: an addition, and a compare-exchange, because the one that ends the
 *    last reference must know it (shared-count.ts).
 * 2. The ledger is asked first: a thread that holds nothing can do nothing, whatever number it has.
 *    Then the word must produce the very handle that was given.
 * 3. Nothing is half done at a call that may throw: room in the cache is made before a release
 *    touches the slot, and every check stands before the first write. The addition of a retain must
 *    follow the ledger: if it fails (the stack is full), the ledger is put back.
 *
 * The kill: between any two writes of a last release the slot's word says either "counts 1, and the
 * ledger of the dead has it" or "owned by the dead". Both are found by `reclaim` from the words
 * alone; where ledger and cache row stand does not matter.
 *
 *      word = counts 1            word = owned, next generation      cache row    ledger = 0
 *      └── recount: nobody ──┘    └────────────── owned by the dead: taken back ──────────┘
 *
 * `calls` gives the methods as closures over this one object. Where a program calls one of them, an
 * optimising engine knows the object, and what never changes in it becomes a constant of the
 * machine code. A method of an object that it does not know reads some sixteen fields, and checks
 * each index against an array that it has just met: two to three times the time. (V8: function
 * context specialization, and constant fields. It puts only small functions in the place of their
 * calls: what is seldom stands apart.)
 *
 * Called by the seat's own thread only. Never blocks, never allocates (but for a thrown error).
 */
import { SEAT, SLOT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import type { Handle, HandleCodec } from '../words/handle.js';
import { ONE_LESS, REFERENCES_MASK } from '../words/ledger-cell.js';
import {
  COUNT_MAX,
  nextGeneration,
  ownedBy,
  PAYLOAD_MASK,
  previousGeneration,
  SUSPECT,
} from '../words/slot-word.js';
import { overflowOf } from './refusal.js';

/** What happens seldom, and what may throw. */
export interface SlowPath {
  readonly codec: HandleCodec;
  /** The cache is empty. */
  acquireOrTell(): Handle;
  /** Guard or trace look at the slot that is about to leave the row at `top`. */
  lookAtCached(slot: number, top: number): void;
  /** The last release when the cache is full, or when the guard looks at the bytes. */
  freeWithCare(slot: number, word: number): true;
  /** Call after the ledger of a slot was lowered. */
  lowered(slot: number): void;
  /** The last release of a slot whose word counts the one reference that this thread has. */
  freeAlone(slot: number): true;
  /** Serves those who wait for a slot, if there are any. */
  serveWaiters(): void;
  /** The error for a handle that names no reference of this thread. */
  refusal(handle: unknown): Error;
}

/** The calls, each a function of its own. */
export interface Calls {
  /** Takes a free slot; answers its handle, or 0 if none was free at one moment of the call. */
  readonly acquire: () => Handle;
  /** Adds a reference of this thread. */
  readonly retain: (handle: Handle) => void;
  /** Ends one reference of this thread; true if it was the last one anywhere. */
  readonly release: (handle: Handle) => boolean;
  /** True for a handle that names a reference of this thread. */
  readonly holds: (handle: Handle) => boolean;
}

/** The hot path of the thread in one seat. */
export class HotPath {
  private readonly slow: SlowPath;
  /** The control part of the slab; one field, so that it is looked up once. */
  protected readonly i32: Int32Array<SharedArrayBuffer>;
  protected readonly f64: Float64Array<SharedArrayBuffer>;
  protected readonly slotsAt: number;
  protected readonly ledgerAt: number;
  protected readonly seatAt: number;
  protected readonly rowAt: number;
  /** 0 once this thread has left: then there is nothing to take. */
  private rowSize: number;
  private readonly waitersAt: number;
  private readonly manySeats: boolean;
  /** A fresh lease is looked at by guard or trace. */
  private readonly watched: boolean;
  /** This thread has left the slab: its rows may be somebody else's. */
  private closed = false;
  /** The payload of a word that says "owned by this seat". */
  protected readonly owned: number;
  protected readonly indexMask: number;
  protected readonly generationMask: number;
  protected readonly generationStep: number;
  protected readonly colour: number;
  /** The words of an owned slot before and after its generation comes round. */
  protected readonly lastWord: number;
  protected readonly firstWord: number;

  /** @param slab the slab; @param seat this thread's; @param slow the rest, of the same seat. */
  constructor(slab: Slab, seat: number, slow: SlowPath) {
    const { layout } = slab;
    this.slow = slow;
    this.i32 = slab.i32;
    this.f64 = slab.f64;
    this.slotsAt = layout.slotsAt;
    this.ledgerAt = layout.ledgersAt + seat * layout.ledgerStride;
    this.seatAt = layout.seatsAt + seat * SEAT.size;
    this.rowAt = layout.cachesAt + seat * layout.cacheStride;
    this.rowSize = layout.cacheStride;
    this.waitersAt = layout.waitersAt;
    this.manySeats = layout.waiterWords > 1;
    this.watched = slab.geometry.guard !== 'off' || layout.tracesAt > 0;
    this.owned = ownedBy(seat);
    this.indexMask = slow.codec.indexMask;
    this.generationMask = slow.codec.generationMask;
    this.generationStep = slow.codec.generationStep;
    this.colour = slow.codec.colour;
    this.firstWord = nextGeneration(0, this.generationStep, this.owned);
    this.lastWord = previousGeneration(this.firstWord, this.generationStep);
  }

  /** The calls of this path. Allocates them. */
  calls(): Calls {
    return {
      acquire: () => this.acquire(),
      retain: (handle) => this.retain(handle),
      release: (handle) => this.release(handle),
      holds: (handle) => this.holds(handle),
    };
  }

  /** From now on no handle is valid, and nothing is written. */
  retire(): void {
    this.closed = true;
    this.rowSize = 0;
  }

  private acquire(): Handle {
    const { i32, f64, seatAt } = this;
    const top = (i32[seatAt + SEAT.top] as number) - 1;
    // Empty, that is below 0; or damaged. `| 0`: the engine need not prepare for any other type.
    if (top >>> 0 >= this.rowSize) return this.slow.acquireOrTell() | 0;
    const handle = i32[this.rowAt + top] as number;
    if (this.watched) this.slow.lookAtCached(handle & this.indexMask, top);
    // Begun before it leaves the row: a call that fails (the stack is full) leaves the slot there.
    this.begin(handle & this.indexMask);
    i32[seatAt + SEAT.top] = top;
    const count = (seatAt + SEAT.acquires) >> 1;
    f64[count] = (f64[count] as number) + 1;
    return handle;
  }

  private retain(handle: Handle): void {
    const { i32 } = this;
    const slot = handle & this.indexMask;
    const cellAt = this.ledgerAt + slot;
    const cell = i32[cellAt] as number;
    const count = cell & REFERENCES_MASK;
    if (count === 0 || this.closed) throw this.slow.refusal(handle);
    const at = this.slotsAt + slot * SLOT.size + SLOT.word;
    const word = i32[at] as number;
    if (this.encode(slot, word) !== handle) throw this.slow.refusal(handle);
    const payload = word & PAYLOAD_MASK;
    const shared = payload !== this.owned;
    if (count >= COUNT_MAX || (shared && payload >= COUNT_MAX)) throw overflowOf(slot);
    i32[cellAt] = cell + 1;
    if (!shared) return;
    try {
      // The count may have risen since it was read: see COUNT_MAX, which leaves room for that.
      Atomics.add(i32, at, 1);
    } catch (fault) {
      i32[cellAt] = cell; // the stack was full
      throw fault;
    }
  }

  private release(handle: Handle): boolean {
    const { i32, seatAt, generationMask } = this;
    const slot = handle & this.indexMask;
    const cellAt = this.ledgerAt + slot;
    const cell = i32[cellAt] as number;
    if ((cell & REFERENCES_MASK) === 0 || this.closed) throw this.slow.refusal(handle);
    const name = this.colour | slot;
    const at = this.slotsAt + slot * SLOT.size + SLOT.word;
    const word = i32[at] as number;
    if ((((word >> 1) & generationMask) | name) !== handle) throw this.slow.refusal(handle);
    if ((word & PAYLOAD_MASK) !== this.owned) return this.releaseShared(slot, word);
    if ((cell & REFERENCES_MASK) > 1) {
      i32[cellAt] = cell + ONE_LESS;
      return false;
    }
    // The last release of a slot that nobody else ever knew.
    const top = i32[seatAt + SEAT.top] as number;
    if (top >= (i32[seatAt + SEAT.room] as number)) return this.slow.freeWithCare(slot, word);
    const free = word === this.lastWord ? this.firstWord : (word + this.generationStep) | 0;
    i32[at] = free;
    i32[this.rowAt + top] = ((free >> 1) & generationMask) | name;
    i32[seatAt + SEAT.top] = top + 1;
    i32[cellAt] = 0;
    // A push into the cache may miss a waiter who registers at this moment, see mailbox.ts.
    if (i32[this.waitersAt] !== 0 || this.manySeats) this.slow.serveWaiters();
    return true;
  }

  private holds(handle: Handle): boolean {
    const { i32 } = this;
    const slot = handle & this.indexMask;
    const count = (i32[this.ledgerAt + slot] as number) & REFERENCES_MASK;
    if (count === 0 || this.closed) return false;
    return this.encode(slot, i32[this.slotsAt + slot * SLOT.size + SLOT.word] as number) === handle;
  }

  /** Begins a lease on a slot that this thread owns. */
  begin(slot: number): void {
    const { i32, f64 } = this;
    const at = this.slotsAt + slot * SLOT.size;
    i32[this.ledgerAt + slot] = 1;
    f64[(at + SLOT.length) >> 1] = 0; // length and tag
    f64[(at + SLOT.timestamp) >> 1] = 0;
    f64[(at + SLOT.sequence) >> 1] = 0;
  }

  /** Ends a reference to a slot that others know, or knew. Apart: what is inlined must be small. */
  private releaseShared(slot: number, seen: number): boolean {
    const { i32, f64, seatAt } = this;
    const cellAt = this.ledgerAt + slot;
    const at = this.slotsAt + slot * SLOT.size + SLOT.word;
    let word = seen;
    for (; (word & PAYLOAD_MASK) !== 1; word = i32[at] as number) {
      // R1 releases this thread's reads and writes of the frame to the thread that frees it.
      if (Atomics.compareExchange(i32, at, word, word - 1) !== word) continue; // lost the race
      i32[cellAt] = (i32[cellAt] as number) + ONE_LESS;
      const departures = (seatAt + SEAT.departures) >> 1;
      f64[departures] = (f64[departures] as number) + 1;
      // A plain look, see `lowered`.
      if (((i32[at] as number) & SUSPECT) !== 0) this.slow.lowered(slot);
      return false;
    }
    const top = i32[seatAt + SEAT.top] as number;
    if (top >= (i32[seatAt + SEAT.room] as number)) return this.slow.freeAlone(slot);
    // The last release of one that others knew is one compare-exchange. R2, see `freeAlone`.
    const free = nextGeneration(word, this.generationStep, this.owned);
    const next = this.encode(slot, free);
    if (Atomics.compareExchange(i32, at, word, free) !== word) return this.slow.freeAlone(slot);
    i32[this.rowAt + top] = next;
    i32[seatAt + SEAT.top] = top + 1;
    i32[cellAt] = 0;
    if (i32[this.waitersAt] !== 0 || this.manySeats) this.slow.serveWaiters();
    return true;
  }

  /** The same as the codec's, with this object's own fields. */
  private encode(slot: number, word: number): Handle {
    return ((word >> 1) & this.generationMask) | this.colour | slot;
  }
}
