/**
 * Looks at every slot and says where it is and who refers to it. Loads only; writes nothing.
 *
 * Invariant: each slot is looked at in the order word, references, word again, so a row whose word
 * did not change is true for one moment; a row that others changed meanwhile is marked as moving.
 *
 * Any attached thread, at any time. Allocates; a pass over all slots.
 */
import { Flights } from '../protocol/flights.js';
import { FLIGHT, SEAT, SLOT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import { forEachInLanes } from '../threads/recount.js';
import { referencesIn } from '../words/ledger-cell.js';
import {
  generationOf,
  isListed,
  isOwned,
  ownerOf,
  payloadOf,
  SUSPECT,
} from '../words/slot-word.js';

/** References of one seat to one slot. */
export interface Holding {
  readonly seat: number;
  readonly count: number;
}

/** Messages of one slot in flight. */
export interface InFlight {
  /** To whom: a seat, or −1 for whoever adopts first. */
  readonly to: number;
  readonly count: number;
}

/** One slot at one moment. */
export interface SlotCensus {
  readonly slot: number;
  readonly generation: number;
  /** In the free list, free in a seat's cache, or referred to. */
  readonly state: 'listed' | 'cached' | 'held';
  /** The seat that owns it alone, or −1. */
  readonly owner: number;
  /** References that the word or the owner's ledger counts. */
  readonly references: number;
  readonly holders: readonly Holding[];
  readonly flights: readonly InFlight[];
  readonly inLanes: number;
  /** A dead thread referred to it; the count may be too high. */
  readonly suspect: boolean;
  /** Its bit in the free list. */
  readonly bit: boolean;
  /** Nobody sits in the seat that owns it. */
  readonly vacant: boolean;
  /** True if its word changed while it was looked at: the row mixes two moments. */
  readonly moving: boolean;
}

/** Looks at the slots that are not simply free in the list, or at all of them. */
export function censusOf(slab: Slab, all: boolean): SlotCensus[] {
  const { i32, layout } = slab;
  const flights = new Flights(slab);
  const inLanes = new Map<number, number>();
  forEachInLanes(slab, (slot) => inLanes.set(slot, (inLanes.get(slot) ?? 0) + 1));
  const rows: SlotCensus[] = [];
  for (let slot = 0; slot < layout.slots; slot++) {
    const at = layout.slotsAt + slot * SLOT.size + SLOT.word;
    const leafAt = layout.leavesAt + (slot >>> 5) * layout.leafStride;
    const word = Atomics.load(i32, at);
    const bit = ((Atomics.load(i32, leafAt) >>> (slot & 31)) & 1) === 1;
    if (isListed(word) && bit && !all) continue;
    const holders = holdersOf(slab, slot);
    const away = flightsOf(slab, flights, slot, word);
    const owner = isOwned(word) ? ownerOf(word) : -1;
    const own = holders.find((holding) => holding.seat === owner)?.count ?? 0;
    const state = isListed(word) ? 'listed' : owner >= 0 && own === 0 ? 'cached' : 'held';
    rows.push({
      slot,
      generation: generationOf(word),
      state,
      owner,
      references: state !== 'held' ? 0 : owner >= 0 ? own : payloadOf(word),
      holders,
      flights: away,
      inLanes: inLanes.get(slot) ?? 0,
      suspect: (word & SUSPECT) !== 0,
      bit,
      vacant: owner >= 0 && (i32[layout.seatsAt + owner * SEAT.size + SEAT.owner] ?? 0) === 0,
      moving: Atomics.load(i32, at) !== word,
    });
  }
  return rows;
}

/** Who sent the latest message of a slot, and when, in milliseconds since 1970. */
export function latestMessage(slab: Slab, slot: number): { sender: number; sinceMs: number } {
  const row = slab.layout.flightsAt + slot * FLIGHT.size;
  return {
    sender: (slab.i32[row + FLIGHT.sender] as number) - 1,
    sinceMs: slab.f64[(row + FLIGHT.since) >> 1] as number,
  };
}

/** How many slots a seat's cache says it has; may lag. */
export function cachedIn(slab: Slab, seat: number): number {
  const at = slab.layout.seatsAt + seat * SEAT.size + SEAT.top;
  const top = slab.i32[at] as number;
  return Math.min(Math.max(0, top), slab.layout.cacheStride);
}

function holdersOf(slab: Slab, slot: number): Holding[] {
  const { i32, layout, geometry } = slab;
  const holders: Holding[] = [];
  for (let seat = 0; seat < geometry.threadsMax; seat++) {
    const cell = Atomics.load(i32, layout.ledgersAt + seat * layout.ledgerStride + slot);
    if (referencesIn(cell) > 0) holders.push({ seat, count: referencesIn(cell) });
  }
  return holders;
}

function flightsOf(slab: Slab, flights: Flights, slot: number, word: number): InFlight[] {
  const away: InFlight[] = [];
  for (let to = -1; to < slab.geometry.threadsMax; to++) {
    const count = flights.count(slot, to, word);
    if (count > 0) away.push({ to, count });
  }
  return away;
}
