/**
 * Counting the references that really exist to a slot, while everybody goes on.
 *
 * A dead thread is erased (its ledger, its mail, its lanes), never subtracted: whoever subtracts
 * can die between the subtraction and the note of it. What is left is counted here, exactly or not
 * at all:
 *
 *   0. read the slot's word: shared, in which generation
 *   1. read every seat's ledger cell of the slot
 *   2. read the slot's word            ── the moment T that the verdict is about; the same lease
 *   3. read flights, mail and lanes
 *   4. read every ledger cell again: all alike, or no verdict
 *   5. the caller changes the word by compare-exchange from what step 2 read, or not at all
 *
 * Why that is exact. At T each reference is in a ledger, in a flight word, in mail or in a lane.
 * One in a ledger of seat s at T is counted in step 4, or it left s in between, and then the cell's
 * count of departures differs from step 1. One in flight or in a lane at T is counted in step 3, or
 * it arrived at some seat in between, and an arrival changes that seat's cell before it leaves the
 * lane. So the sum is never below the references at T. A reference that comes or goes after T
 * changes the word, and a word that came back to its value has lost and won equally many: the
 * excess is the same. (Unless it was corrected meanwhile: so one thread settles at a time.)
 *
 * "Looking twice and finding nothing" without the count of departures is not enough: a reference
 * can move ledger -> lane -> ledger behind the reader, any number of times.
 *
 * A cell's departures come round after 65,536; the seats' own counters, which are wider, tell when
 * so many happened during one reading, and then there is no verdict.
 *
 * Any attached thread may call it. Never blocks; allocates; writes nothing.
 */
import { Flights } from '../protocol/flights.js';
import { Ring } from '../protocol/ring.js';
import { LANE, SEAT, SLOT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import { referencesIn } from '../words/ledger-cell.js';
import { generationOf, isShared, SUSPECT } from '../words/slot-word.js';

/** How many references a slot had at the moment when its word was `word`. */
export interface Verdict {
  readonly slot: number;
  readonly word: number;
  readonly references: number;
}

/** How often an unstable slot is read again before it is left for later. */
const ATTEMPTS_MAX = 16;
/** More departures than this during one reading, and a cell's own count may have come round. */
const DEPARTURES_MAX = 0x8000;

/** Counts the references of suspect slots; a slot without a verdict is left out. */
export function recount(slab: Slab, slots: readonly number[]): Verdict[] {
  const verdicts: Verdict[] = [];
  let open: readonly number[] = slots;
  for (let k = 0; k < ATTEMPTS_MAX && open.length > 0; k++) open = attempt(slab, open, verdicts);
  return verdicts;
}

/** One reading of all open slots at once; answers those that were unstable. */
function attempt(slab: Slab, slots: readonly number[], verdicts: Verdict[]): number[] {
  const wordAt = (slot: number): number => slab.layout.slotsAt + slot * SLOT.size + SLOT.word;
  const marks = departures(slab);
  const leases = slots.map((slot) => Atomics.load(slab.i32, wordAt(slot)));
  const first = slots.map((slot) => cellsOf(slab, slot));
  const words = slots.map((slot) => Atomics.load(slab.i32, wordAt(slot)));
  const away = awayFrom(slab, slots, words);
  const unstable: number[] = [];
  slots.forEach((slot, k) => {
    const word = words[k] as number;
    if (!isShared(word) || (word & SUSPECT) === 0) return;
    const lease = leases[k] as number;
    if (!isShared(lease) || generationOf(lease) !== generationOf(word)) {
      unstable.push(slot); // a new lease begins its count of departures anew
      return;
    }
    const cells = cellsOf(slab, slot);
    const same = cells.every((cell, seat) => cell === (first[k] as number[])[seat]);
    if (!same || cameRound(slab, marks)) {
      unstable.push(slot);
      return;
    }
    const held = cells.reduce((sum, cell) => sum + referencesIn(cell), 0);
    verdicts.push({ slot, word, references: held + (away[k] as number) });
  });
  return unstable;
}

function cellsOf(slab: Slab, slot: number): number[] {
  const { ledgersAt, ledgerStride } = slab.layout;
  const cells: number[] = [];
  for (let seat = 0; seat < slab.geometry.threadsMax; seat++) {
    cells.push(Atomics.load(slab.i32, ledgersAt + seat * ledgerStride + slot));
  }
  return cells;
}

/** References in flight, in mail and in lanes, per slot. */
function awayFrom(slab: Slab, slots: readonly number[], words: readonly number[]): number[] {
  const flights = new Flights(slab);
  const position = new Map(slots.map((slot, k) => [slot, k]));
  const away = slots.map((slot, k) => {
    const word = words[k] as number;
    let sum = flights.count(slot, -1, word);
    for (let seat = 0; seat < slab.geometry.threadsMax; seat++) {
      sum += flights.count(slot, seat, word);
    }
    return sum;
  });
  forEachInLanes(slab, (slot) => {
    const k = position.get(slot);
    if (k !== undefined) away[k] = (away[k] as number) + 1;
  });
  return away;
}

/** Calls back with the slot of every handle that lies in a lane of the slab. */
export function forEachInLanes(slab: Slab, visit: (slot: number, channel: number) => void): void {
  const { i32, layout } = slab;
  const indexMask = (1 << Math.max(1, 32 - Math.clz32(layout.slots - 1))) - 1;
  for (const channel of layout.channels) {
    const ring = new Ring(slab, channel.capacity, channel.cellMask);
    for (let k = 0; k < channel.lanes; k++) {
      const lane = channel.lanesAt + k * channel.laneSize;
      if (i32[lane + LANE.tail] === 0) continue;
      ring.forEach(lane, (handle) => visit(handle & indexMask, channel.index));
    }
  }
}

function departures(slab: Slab): number[] {
  const marks: number[] = [];
  for (let seat = 0; seat < slab.geometry.threadsMax; seat++) {
    const at = slab.layout.seatsAt + seat * SEAT.size;
    marks.push(slab.f64[(at + SEAT.departures) >> 1] as number);
  }
  return marks;
}

function cameRound(slab: Slab, before: readonly number[]): boolean {
  const after = departures(slab);
  return after.some((count, seat) => count - (before[seat] as number) > DEPARTURES_MAX);
}
