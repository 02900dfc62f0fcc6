/**
 * `pool.inspect()`: who holds what. Loads only; a row whose slot moved meanwhile says so.
 *
 * Any attached thread. Allocates; a pass over all slots.
 */
import type { References } from '../references/references.js';
import { censusOf, latestMessage, type SlotCensus } from './census.js';

/** A thread that holds references to a slot. */
export interface Holder {
  /** Its seat. */
  readonly seat: number;
  /** What people call it. */
  readonly name: string;
  /** How many references it holds. */
  readonly count: number;
}

/** Messages of a slot that are in flight. */
export interface MessageReport {
  /** To whom: a seat, or −1 for whoever adopts first. */
  readonly to: number;
  /** How many. */
  readonly count: number;
  /** The seat that sent the latest of them. */
  readonly sender: number;
  /**
   * How long ago the latest was sent. The sender reads its clock once in a turn of its event loop
   * and at least every 1,024 messages: a message may look older than it is, never younger.
   */
  readonly ageMs: number;
}

/** What `pool.inspect` looks at. */
export interface InspectOptions {
  /** Also report the free slots that threads keep for themselves. Default false. */
  readonly cached?: boolean;
}

/** One slot that somebody holds. */
export interface SlotReport {
  /** Its index. */
  readonly slot: number;
  /** Its generation. */
  readonly generation: number;
  /** Its handle, as its holders have it. */
  readonly handle: number;
  /** References that its word counts; 0 for a cached one. */
  readonly references: number;
  /** The threads that hold it. */
  readonly holders: readonly Holder[];
  /** Its messages in flight: handles that nobody has adopted yet. */
  readonly messages: readonly MessageReport[];
  /** Its references in lanes of channels. */
  readonly inLanes: number;
  /** The seat that keeps this free slot in its cache; only if `inspect` was asked for those. */
  readonly cachedBy?: number;
  /** How long ago the lease began; only with `trace`, and only if it was sampled. */
  readonly ageMs?: number;
  /** The stack that acquired it; only with `trace`, and only if it was sampled. */
  readonly stack?: string;
  /** A dead thread referred to it, and its count may be too high until it is settled. */
  readonly suspect: boolean;
}

/** Every slot that is held, in flight or in a lane; with `cached` those in caches as well. */
export function inspectOf(refs: References, options?: InspectOptions): SlotReport[] {
  const wanted = options?.cached === true ? ['held', 'cached'] : ['held'];
  return censusOf(refs.slab, false)
    .filter((row) => wanted.includes(row.state))
    .map((row) => reportOf(refs, row));
}

function reportOf(refs: References, row: SlotCensus): SlotReport {
  const latest = latestMessage(refs.slab, row.slot);
  const ageMs = Math.max(0, Date.now() - latest.sinceMs);
  const cached = row.state === 'cached';
  const lease = cached ? undefined : refs.trace.read(row.slot); // of a cached slot: a past one
  return {
    slot: row.slot,
    generation: row.generation,
    handle: refs.handleOf(row.slot),
    references: row.references,
    holders: row.holders.map(({ seat, count }) => ({ seat, count, name: refs.seats.nameOf(seat) })),
    messages: row.flights.map(({ to, count }) => ({ to, count, sender: latest.sender, ageMs })),
    inLanes: row.inLanes,
    suspect: row.suspect,
    ...(cached && { cachedBy: row.owner }),
    ...(lease && { ageMs: Math.max(0, Date.now() - lease.sinceMs), stack: lease.stack }),
  };
}
