/**
 * The audit: accounts for every slot, and says what does not add up.
 *
 *   slots = free in the list + free in caches + held + in flight or in lanes only
 *   for each shared slot: Σ ledgers + messages in flight + frames in lanes = the count in its word
 *
 * Invariants
 * 1. Loads only. Repairing is `settleAll`'s, called by the pool before the audit when asked for.
 * 2. A slot that is wrong only because somebody was in the middle of a call is looked at again;
 *    what is reported has been wrong at every one of `LOOKS_MAX` looks with the same word.
 *
 * Any attached thread, at any time. Allocates; a pass over all slots per look.
 */
import type { References } from '../references/references.js';
import { censusOf, type SlotCensus } from './census.js';

/** One slot that does not add up. */
export interface AuditProblem {
  /** Its index. */
  readonly slot: number;
  /** Its generation. */
  readonly generation: number;
  /** What is wrong, in one sentence. */
  readonly problem: string;
}

/** `pool.audit()`. */
export interface AuditReport {
  /** True if every slot is accounted for and nothing is wrong. */
  readonly ok: boolean;
  /** All slots. */
  readonly slots: number;
  /** Free in the shared list. */
  readonly free: number;
  /** Free in a thread's cache or hands. */
  readonly cached: number;
  /** Referred to by at least one thread. */
  readonly held: number;
  /** Referred to by messages in flight, and by no thread. */
  readonly inFlight: number;
  /** Referred to by lanes, and by no thread or message. */
  readonly inLanes: number;
  /** Lost, or wrong: `problems` names them. */
  readonly unaccounted: number;
  /** What does not add up; empty if `ok`. */
  readonly problems: readonly AuditProblem[];
  /** Slots that `repair` gave back. */
  readonly repaired: number;
}

const LOOKS_MAX = 50;

/** Accounts for every slot. */
export function auditOf(refs: References, repaired: number): AuditReport {
  const sums = { free: 0, cached: 0, held: 0, inFlight: 0, inLanes: 0 };
  let doubtful = new Map<number, SlotCensus>();
  for (const row of censusOf(refs.slab, true)) {
    sums[placeOf(row)] += 1;
    if (problemOf(row) !== undefined || row.moving) doubtful.set(row.slot, row);
  }
  for (let look = 1; look < LOOKS_MAX && doubtful.size > 0; look++) {
    const rows = new Map(censusOf(refs.slab, true).map((row) => [row.slot, row]));
    const still = new Map<number, SlotCensus>();
    for (const [slot, before] of doubtful) {
      const row = rows.get(slot);
      if (row === undefined || problemOf(row) === undefined) continue;
      const same = row.generation === before.generation && row.references === before.references;
      if (same && !row.moving) still.set(slot, row);
    }
    doubtful = still;
  }
  const problems = [...doubtful.values()].map((row) => ({
    slot: row.slot,
    generation: row.generation,
    problem: problemOf(row) ?? 'its word changed at every look',
  }));
  const unaccounted = problems.length;
  const { slots } = refs.slab.layout;
  return { ok: unaccounted === 0, slots, ...sums, unaccounted, problems, repaired };
}

function placeOf(row: SlotCensus): 'free' | 'cached' | 'held' | 'inFlight' | 'inLanes' {
  if (row.state === 'listed') return 'free';
  if (row.state === 'cached') return 'cached';
  if (row.holders.length > 0) return 'held';
  return row.flights.length > 0 ? 'inFlight' : 'inLanes';
}

function problemOf(row: SlotCensus): string | undefined {
  const held = row.holders.reduce((sum, holding) => sum + holding.count, 0);
  const flying = row.flights.reduce((sum, flight) => sum + flight.count, 0);
  const found = held + flying + row.inLanes;
  if (row.state === 'listed') {
    if (!row.bit) return 'its word says "in the free list", but its bit is clear: it is lost';
    return found === 0 ? undefined : `it is in the free list, but ${found} reference(s) exist`;
  }
  if (row.bit) return 'its bit in the free list is set, but its word says that it is taken';
  if (row.vacant) return `seat ${row.owner} owns it, but nobody sits there`;
  if (row.owner >= 0) {
    const others = found - row.references;
    return others === 0 ? undefined : `seat ${row.owner} owns it alone, but ${others} others do`;
  }
  if (found === row.references) return undefined;
  return `its word counts ${row.references} reference(s), but ${found} exist`;
}
