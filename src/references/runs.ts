/**
 * The parts of the bulk calls that need no care: slots out of the cache row and back into it, many
 * at a time. Closures over one object, for the reason that hot-path.ts gives.
 *
 * Invariants
 * 1. A run stops before the first handle that needs care, and never moves more than the row has, or
 *    has room for. So it calls nobody, and nothing can throw.
 * 2. `resume` undoes the `free` that came just before it. Nobody saw it: the slots stayed in this
 *    thread's hands. What others knew before is this thread's alone now: it was the last to know.
 *
 * The kill: as on the hot path, a slot's word decides. The row's size is written at the end of a
 * run, and means nothing once the thread is dead.
 *
 * Called by the seat's own thread only, and not after it has left. Never blocks, never allocates.
 */
import { SEAT, SLOT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import type { HandleCodec } from '../words/handle.js';
import { nextGeneration, ownedBy, PAYLOAD_MASK, previousGeneration } from '../words/slot-word.js';

/** Runs through the cache row of one seat. */
export class Runs {
  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly f64: Float64Array<SharedArrayBuffer>;
  private readonly codec: HandleCodec;
  private readonly slotsAt: number;
  private readonly ledgerAt: number;
  private readonly topAt: number;
  private readonly roomAt: number;
  private readonly rowAt: number;
  private readonly acquiresAt: number;
  private readonly owned: number;
  /** The words of an owned slot before and after its generation comes round. */
  private readonly lastWord: number;
  private readonly firstWord: number;

  /** @param slab the slab; @param seat this thread's; @param codec the pool's. */
  constructor(slab: Slab, seat: number, codec: HandleCodec) {
    const { layout } = slab;
    const seatAt = layout.seatsAt + seat * SEAT.size;
    this.i32 = slab.i32;
    this.f64 = slab.f64;
    this.codec = codec;
    this.slotsAt = layout.slotsAt;
    this.ledgerAt = layout.ledgersAt + seat * layout.ledgerStride;
    this.topAt = seatAt + SEAT.top;
    this.roomAt = seatAt + SEAT.room;
    this.rowAt = layout.cachesAt + seat * layout.cacheStride;
    this.acquiresAt = (seatAt + SEAT.acquires) >> 1;
    this.owned = ownedBy(seat);
    this.firstWord = nextGeneration(0, codec.generationStep, this.owned);
    this.lastWord = previousGeneration(this.firstWord, codec.generationStep);
  }

  /** Takes what the cache has into `into[from … end − 1]`; answers how many that were. */
  readonly acquire = (into: Int32Array, from: number, end: number): number => {
    const { i32, f64, topAt, slotsAt, ledgerAt, acquiresAt } = this;
    const { indexMask } = this.codec;
    const top = i32[topAt] as number;
    const count = Math.min(top, end - from);
    const warmest = this.rowAt + top - 1;
    for (let k = 0; k < count; k++) {
      const handle = i32[warmest - k] as number;
      const slot = handle & indexMask;
      const at = slotsAt + slot * SLOT.size;
      into[from + k] = handle;
      i32[ledgerAt + slot] = 1;
      f64[(at + SLOT.length) >> 1] = 0; // length and tag
      f64[(at + SLOT.timestamp) >> 1] = 0;
      f64[(at + SLOT.sequence) >> 1] = 0;
    }
    i32[topAt] = top - count;
    f64[acquiresAt] = (f64[acquiresAt] as number) + count;
    return count;
  };

  /**
   * Frees what comes first in `from[begin … end − 1]` and needs no care: slots of which this thread
   * has had one reference in this lease, the only one that is left, as far as the cache has room.
   * Answers how many.
   */
  readonly free = (from: Int32Array, begin: number, end: number): number => {
    const { i32, topAt, rowAt, slotsAt, ledgerAt, owned, firstWord, lastWord } = this;
    const { indexMask, generationMask, generationStep, colour } = this.codec;
    const top = i32[topAt] as number;
    const count = Math.min(end - begin, (i32[this.roomAt] as number) - top);
    let done = 0;
    try {
      for (; done < count; done++) {
        const handle = from[begin + done] as number;
        const slot = handle & indexMask;
        const name = colour | slot;
        if (i32[ledgerAt + slot] !== 1) break; // one reference, no departure
        const at = slotsAt + slot * SLOT.size + SLOT.word;
        const word = i32[at] as number;
        if ((((word >> 1) & generationMask) | name) !== handle) break;
        let mine = word === lastWord ? firstWord : (word + generationStep) | 0;
        if ((word & PAYLOAD_MASK) === owned) {
          i32[at] = mine;
        } else {
          mine = nextGeneration(word, generationStep, owned);
          if ((word & PAYLOAD_MASK) !== 1) break;
          if (Atomics.compareExchange(i32, at, word, mine) !== word) break;
        }
        i32[rowAt + top + done] = ((mine >> 1) & generationMask) | name;
        i32[ledgerAt + slot] = 0;
      }
    } finally {
      // Also where the stack was full in the middle: what was freed is in the row.
      if (done > 0) i32[topAt] = top + done;
    }
    return done;
  };

  /** Undoes the `free` that has just freed `count` slots. */
  resume(count: number): void {
    const { i32, topAt, rowAt, slotsAt, ledgerAt, firstWord, lastWord } = this;
    const { indexMask, generationStep } = this.codec;
    const top = (i32[topAt] as number) - count;
    i32[topAt] = top; // no call from here on: where the stack is full, nothing is half done
    for (let k = 0; k < count; k++) {
      const slot = (i32[rowAt + top + k] as number) & indexMask;
      const at = slotsAt + slot * SLOT.size + SLOT.word;
      const word = i32[at] as number;
      // Owned, also where it counted one reference before: nobody else has one. And a recount looks
      // at no owned slot, so the order of these two does not matter.
      i32[ledgerAt + slot] = 1;
      i32[at] = word === firstWord ? lastWord : (word - generationStep) | 0;
    }
  }
}
