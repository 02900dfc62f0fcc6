/**
 * Who holds what: one count per seat and slot, written by that seat alone.
 *
 * Invariants (the two sentences on which survival rests)
 * 1. The ledger never understates. A reference is written down at its destination *before* it is
 *    taken away from its source: an arrival adds to the ledger first and then takes the reference
 *    out of the flight word or the lane; a departure publishes first and then subtracts.
 * 2. A thread whose ledger counts nothing for a slot holds nothing, whatever number it was given.
 *
 * Timeline of a transfer, A to B, with a reader who looks for references (`recount.ts`):
 *
 *      A: word says shared · flight +1 · ledger −1          over-counted in between, never under
 *      B:                                  ledger +1 · flight −1
 *
 * Called by the seat's own thread; `recount` and `inspect` read it from anywhere.
 */
import type { Slab } from '../slab/slab.js';
import { lessBy, REFERENCES_MASK } from '../words/ledger-cell.js';

/** One seat's row of the ledger. */
export class Ledger {
  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly rowAt: number;
  private readonly slots: number;

  /** @param slab the slab; @param seat whose row. */
  constructor(slab: Slab, seat: number) {
    this.i32 = slab.i32;
    this.rowAt = slab.layout.ledgersAt + seat * slab.layout.ledgerStride;
    this.slots = slab.layout.slots;
  }

  /** How many references this seat holds on a slot (below `slots`: the caller checked). */
  count(slot: number): number {
    return (this.i32[this.rowAt + slot] as number) & REFERENCES_MASK;
  }

  /** Adds references, before they are taken from anywhere else. */
  add(slot: number, count: number): void {
    const at = this.rowAt + slot;
    this.i32[at] = (this.i32[at] as number) + count;
  }

  /** Subtracts references that this thread alone knows of, or that are already counted down. */
  subtract(slot: number, count: number): void {
    const at = this.rowAt + slot;
    this.i32[at] = lessBy(this.i32[at] as number, count);
  }

  /** Subtracts references that were published before: whoever sees this, sees them. */
  depart(slot: number, count: number): void {
    const at = this.rowAt + slot;
    // L1 the publication is visible before the subtraction: both are atomic, in this order.
    Atomics.store(this.i32, at, lessBy(this.i32[at] as number, count));
  }

  /** The same for one reference of each handle in `handles[from … end − 1]`. */
  departAll(handles: Int32Array, from: number, end: number, indexMask: number): void {
    const { i32, rowAt } = this;
    // L2 stands for L1: no later store passes an atomic load, which passes no earlier atomic.
    Atomics.load(i32, rowAt);
    for (let k = from; k < end - 1; k++) {
      const at = rowAt + ((handles[k] as number) & indexMask);
      i32[at] = lessBy(i32[at] as number, 1);
    }
    // Atomic: what the caller reads next, it reads after all of them are visible.
    if (end > from) this.depart((handles[end - 1] as number) & indexMask, 1);
  }

  /** The slots on which this seat holds references. Allocates; reads the whole row. */
  held(): number[] {
    const slots: number[] = [];
    for (let slot = 0; slot < this.slots; slot++) if (this.count(slot) > 0) slots.push(slot);
    return slots;
  }
}
