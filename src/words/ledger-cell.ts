/**
 * The ledger cell of one seat and one slot: how many references, and how often one left.
 *
 *   31             16 15              0
 *   ┌────────────────┬────────────────┐
 *   │ departures 16  │ references 16  │
 *   └────────────────┴────────────────┘
 *
 * Invariants
 * 1. Only the seat itself writes its cells while it lives; `reclaim` clears those of the dead.
 * 2. Every decrement counts a departure in the same store, so that a reader who sees a cell twice
 *    alike knows that no reference left it in between (see `recount.ts`).
 *
 * Pure functions; any thread.
 */

/** Selects the number of references. */
export const REFERENCES_MASK = 0xffff;
/** Adding it takes one reference away and counts a departure. */
export const ONE_LESS = 0x1_0000 - 1;

/** How many references the cell counts. */
export function referencesIn(cell: number): number {
  return cell & REFERENCES_MASK;
}

/** The cell with `count` references fewer; one departure. */
export function lessBy(cell: number, count: number): number {
  return (cell + 0x1_0000 - count) | 0;
}
