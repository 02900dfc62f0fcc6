/**
 * The parts of the bulk calls that need no care: slots out of the cache row and back into it, many
 * at a time. Closures over one object, for the reason that hot-path.ts gives.
 *
 * Invariants
 * 1. A run stops before the first handle that needs care, and never moves more than the row has, or
 *    has room for. If it fails in the middle (the stack is full), what it has freed is in the row.
 * 2. `resume` undoes the `freeRun` just before it. Nobody saw it: the slots stayed in this
 *    thread's hands. What others knew before is this thread's alone now: it was the last to know.
 * 3. A word that counts this thread's one reference is changed by a plain store: nobody but a
 *    recount changes it, by compare-exchange. Its ledger cell is emptied behind a fence: who sees
 *    it empty sees the word changed.
 *
 *      this thread                      a thread that recounts (recount.ts)
 *      word = owned, next generation    flags the word, or finds it owned: nothing to count
 *      ── fence ──                      cell 1: counts the one reference that the word says
 *      cell = 0                         cell 0: the word has changed, so its exchange will fail
 *
 *    An exchange for each slot would wait, one after the other, for lines that come from another
 *    core; stores wait together.
 *
 * The kill: as on the hot path, a slot's word decides. The row's size is written at the end of a
 * run, and means nothing once the thread is dead.
 *
 * Called by the seat's own thread only, and not after it has left. Never blocks, never allocates.
 */
import { SEAT, SLOT } from '../slab/layout.js';
import { nextGeneration, PAYLOAD_MASK } from '../words/slot-word.js';
import { HotPath } from './hot-path.js';

/**
 * Fails where the stack has no room for so many calls, before anything is written. A loop needs
 * room too: at the end of a round the engine may call itself, and throw if it cannot.
 */
function rehearse(calls: number): void {
  if (calls > 0) rehearse(calls - 1);
}

/** The hot path of the thread in one seat, with runs through its cache row. */
export class Runs extends HotPath {
  /** Takes what the cache has into `into[from … end − 1]`; answers how many that were. */
  readonly acquireRun = (into: Int32Array, from: number, end: number): number => {
    const { i32, f64, seatAt, slotsAt, ledgerAt, indexMask } = this;
    const top = i32[seatAt + SEAT.top] as number;
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
    i32[seatAt + SEAT.top] = top - count;
    const acquires = (seatAt + SEAT.acquires) >> 1;
    f64[acquires] = (f64[acquires] as number) + count;
    return count;
  };

  /**
   * Frees what comes first in `from[begin … end − 1]` and needs no care: slots of which this thread
   * has had one reference in this lease, the only one that is left, as far as the cache has room.
   * Answers how many.
   */
  readonly freeRun = (from: Int32Array, begin: number, end: number): number => {
    const { i32, seatAt, rowAt, slotsAt, ledgerAt, owned, firstWord, lastWord } = this;
    const { indexMask, generationMask, generationStep, colour } = this;
    const topAt = seatAt + SEAT.top;
    const top = i32[topAt] as number;
    const count = Math.min(end - begin, (i32[seatAt + SEAT.room] as number) - top);
    let done = 0;
    let counted = 0;
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
        if ((word & PAYLOAD_MASK) !== owned) {
          if ((word & PAYLOAD_MASK) !== 1) break;
          if (counted === 0) rehearse(16); // from here on a failure would lose slots
          // R2 observes R1.
          mine = nextGeneration(Atomics.load(i32, at), generationStep, owned);
          counted += 1;
        }
        i32[at] = mine;
        i32[rowAt + top + done] = ((mine >> 1) & generationMask) | name;
        if (counted === 0) i32[ledgerAt + slot] = 0;
      }
      if (counted > 0) {
        // L3: whoever sees a cell empty sees the word changed. Both, as in `departAll`.
        Atomics.store(i32, topAt, top);
        Atomics.load(i32, topAt);
      }
    } finally {
      // Also where the stack was full in the middle: what was freed is in the row, cell by cell.
      for (let k = counted > 0 ? 0 : done; k < done; k++) {
        i32[ledgerAt + ((i32[rowAt + top + k] as number) & indexMask)] = 0;
        i32[topAt] = top + k + 1;
      }
      if (counted === 0) i32[topAt] = top + done;
    }
    return done;
  };

  /** Undoes the `freeRun` that has just freed `count` slots, the last one first. */
  resume(count: number): void {
    const { i32, seatAt, rowAt, slotsAt, ledgerAt, firstWord, lastWord } = this;
    const { indexMask, generationStep } = this;
    for (let k = 0; k < count; k++) {
      const top = (i32[seatAt + SEAT.top] as number) - 1;
      const slot = (i32[rowAt + top] as number) & indexMask;
      const at = slotsAt + slot * SLOT.size + SLOT.word;
      const word = i32[at] as number;
      i32[seatAt + SEAT.top] = top;
      // Owned, also where it counted one reference before: nobody else has one. And a recount looks
      // at no owned slot, so the order of these two does not matter.
      i32[ledgerAt + slot] = 1;
      i32[at] = word === firstWord ? lastWord : (word - generationStep) | 0;
    }
  }
}
