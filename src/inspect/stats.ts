/**
 * Numbers about a pool, read while everybody goes on.
 *
 * Invariants
 * 1. Loads only: reading never makes a hot path slower than sharing a line once.
 * 2. Never an impossible number: every value is clamped to what can be, and sums are made from one
 *    reading. How each may lie stands in its docstring.
 *
 * Any attached thread. Allocates the report; a pass over the free list's words (one per 32 slots).
 */
import { popcount } from '../protocol/free-list.js';
import { asyncWaitingHere, syncWaitingHere } from '../protocol/park.js';
import { Ring } from '../protocol/ring.js';
import type { References } from '../references/references.js';
import { LANE, SEAT } from '../slab/layout.js';
import { threadIdOf } from '../threads/host.js';
import { referencesIn } from '../words/ledger-cell.js';
import { cachedIn } from './census.js';

/** One attached thread. */
export interface ThreadStats {
  /** Its seat. */
  readonly seat: number;
  /** Its number on platforms that number threads, else −1. */
  readonly threadId: number;
  /** What people call it. */
  readonly name: string;
  /** Slots on which it holds references; may lag by what it does at the moment. */
  readonly held: number;
  /** Free slots that it keeps for itself; may lag. */
  readonly cached: number;
  /** Acquires since it attached. */
  readonly acquires: number;
}

/** One channel. */
export interface ChannelStats {
  /** As declared. */
  readonly name: string;
  /** As declared. */
  readonly mode: 'queue' | 'broadcast';
  /** As declared: frames per lane. */
  readonly capacity: number;
  /** Frames published and not yet received; may lag. */
  readonly depth: number;
  /** Frames sent; on a broadcast once per subscriber. */
  readonly sent: number;
  /** Frames received: sent − dropped − depth, so it lags as they do. */
  readonly received: number;
  /** Frames that `whenFull` dropped. */
  readonly dropped: number;
}

/** `pool.stats()`: a plain object, good for JSON. */
export interface PoolStats {
  /** Bytes that one frame can hold. Constant. */
  readonly frameSizeBytes: number;
  /** Frames that can always be held at once. Constant. */
  readonly frames: number;
  /** Slots in the slab: `frames + threadsMax × cacheFrames`. Constant. */
  readonly slots: number;
  /**
   * Slots that nobody holds, cached ones too, so it can exceed `frames`. Lags by calls in progress.
   */
  readonly framesFree: number;
  /** `slots − framesFree`: references, messages, lanes, and what the dead left unreclaimed. */
  readonly framesInUse: number;
  /** An upper bound of the most ever in use: cached slots count as used in it. */
  readonly framesInUsePeak: number;
  /** Free slots in caches; may lag. */
  readonly framesCached: number;
  /** Slots with a message in flight; a message in a lane is not one. May lag. */
  readonly framesInFlight: number;
  /** Free slots among those made resident at creation; the list's only, caches not counted. */
  readonly preallocatedFree: number;
  /** Slots made resident at creation. Constant. */
  readonly preallocatedMax: number;
  /** Acquires that succeeded, by all threads since creation. Exact when they rest. */
  readonly acquires: number;
  /** Acquires served by the calling thread's own cache. */
  readonly hits: number;
  /** Acquires that went to the shared free list, or were handed a slot while waiting. */
  readonly misses: number;
  /** `hits` in percent of `acquires`; 100 while nobody has acquired. */
  readonly hitRatePercent: number;
  /** Acquires that found nothing; a waiting one counts each look. */
  readonly denied: number;
  /** Acquired frames that are free again: released, or reclaimed. `acquires − framesInUse`. */
  readonly releases: number;
  /** Acquires that had to wait. */
  readonly waits: number;
  /** Threads that wait for a frame now. */
  readonly waiters: number;
  /** Frames that moved to memory of their own because of an oversize write. */
  readonly oversize: number;
  /** Slots given back on behalf of threads that had ended. */
  readonly reclaimed: number;
  /**
   * Something that a dead thread left could not be settled yet: a watcher, a repair, or an acquire
   * that finds nothing tries again. Until then the audit may miss slots.
   */
  readonly inDoubt: boolean;
  /** How blocking calls wait in the calling thread: a browser's main thread must not block. */
  readonly syncWaiting: 'wait' | 'forbidden';
  /**
   * How promises wait in the calling thread: woken by `Atomics.waitAsync`, or, where the engine has
   * none, by looking at least every 8 ms while one is pending.
   */
  readonly asyncWaiting: 'waitAsync' | 'polling';
  /** The attached threads. */
  readonly threads: readonly ThreadStats[];
  /** The channels. */
  readonly channels: readonly ChannelStats[];
}

/** Reads the numbers. */
export function statsOf(refs: References): PoolStats {
  const { slab } = refs;
  const { geometry, layout, i32 } = slab;
  const sum = {
    acquires: 0,
    releases: 0,
    misses: 0,
    denied: 0,
    waits: 0,
    oversize: 0,
    reclaimed: 0,
  };
  const seats = [...Array(geometry.threadsMax).keys()].filter((k) => refs.seats.ownerOf(k) !== 0);
  const list = survey(refs, seats);
  const threads: ThreadStats[] = [];
  let cached = 0;
  for (let seat = 0; seat < geometry.threadsMax; seat++) {
    sum.acquires += counter(refs, seat, SEAT.acquires);
    sum.misses += counter(refs, seat, SEAT.misses);
    sum.denied += counter(refs, seat, SEAT.denied);
    sum.waits += counter(refs, seat, SEAT.waits);
    sum.oversize += counter(refs, seat, SEAT.oversize);
    sum.reclaimed += counter(refs, seat, SEAT.reclaimed);
    const own = cachedIn(slab, seat);
    cached += own;
    const owner = refs.seats.ownerOf(seat);
    if (owner === 0 || !seats.includes(seat)) continue;
    threads.push({
      seat,
      threadId: threadIdOf(Math.abs(owner)),
      name: refs.seats.nameOf(seat),
      held: list.held[seat] as number,
      cached: own,
      acquires: Math.max(
        0,
        counter(refs, seat, SEAT.acquires) - counter(refs, seat, SEAT.joinedAcquires),
      ),
    });
  }
  const free = Math.min(layout.slots, list.free + cached);
  const hits = Math.max(0, sum.acquires - sum.misses);
  const lowWater = Math.min(layout.slots, Math.max(0, i32[layout.lowWaterAt] as number));
  return {
    frameSizeBytes: geometry.frameSizeBytes,
    frames: geometry.frames,
    slots: layout.slots,
    framesFree: free,
    framesInUse: layout.slots - free,
    framesInUsePeak: Math.max(layout.slots - lowWater, layout.slots - free),
    framesCached: free - Math.min(free, list.free),
    framesInFlight: Math.min(list.inFlight, layout.slots - free),
    preallocatedFree: list.resident,
    preallocatedMax: geometry.preallocateFrames,
    ...sum,
    releases: Math.max(0, sum.acquires - (layout.slots - free)),
    hits,
    hitRatePercent: sum.acquires === 0 ? 100 : (100 * hits) / sum.acquires,
    waiters: refs.mailboxes.waiting(),
    inDoubt: refs.doubtful,
    syncWaiting: syncWaitingHere(),
    asyncWaiting: asyncWaitingHere(),
    threads,
    channels: layout.channels.map((channel) => channelStats(refs, channel.index)),
  };
}

function counter(refs: References, seat: number, field: number): number {
  return Math.max(0, refs.slab.f64[(refs.seats.at(seat) + field) >> 1] as number);
}

/** What one pass over the free list and over the slots outside it finds. */
interface Survey {
  /** Bits set in the free list, and those among the resident slots. */
  readonly free: number;
  readonly resident: number;
  /** Slots with messages in flight. */
  readonly inFlight: number;
  /** Per seat: slots on which it holds references. */
  readonly held: readonly number[];
}

function survey(refs: References, seats: readonly number[]): Survey {
  const { layout, geometry } = refs.slab;
  const held = new Array<number>(geometry.threadsMax).fill(0);
  let free = 0;
  let resident = 0;
  let inFlight = 0;
  for (let leaf = 0; leaf < layout.leaves; leaf++) {
    const bits = refs.list.bitsOf(leaf);
    free += popcount(bits);
    const left = geometry.preallocateFrames - leaf * 32;
    if (left > 0) resident += popcount(left >= 32 ? bits : bits & ((1 << left) - 1));
    const end = bits === -1 ? 0 : Math.min(layout.slots, (leaf + 1) << 5);
    for (let slot = leaf << 5; slot < end; slot++) {
      if (((bits >>> (slot & 31)) & 1) === 1) continue;
      for (const seat of seats)
        if (holds(refs, seat, slot)) held[seat] = (held[seat] as number) + 1;
      if (isInFlight(refs, seats, slot)) inFlight += 1;
    }
  }
  return { free, resident, inFlight, held };
}

function holds(refs: References, seat: number, slot: number): boolean {
  const { i32, layout } = refs.slab;
  return referencesIn(i32[layout.ledgersAt + seat * layout.ledgerStride + slot] as number) > 0;
}

function isInFlight(refs: References, seats: readonly number[], slot: number): boolean {
  const word = refs.wordOf(slot);
  if (refs.flights.peek(slot, -1, word) > 0) return true;
  return seats.some((seat) => refs.flights.peek(slot, seat, word) > 0);
}

function channelStats(refs: References, index: number): ChannelStats {
  const channel = refs.slab.layout.channels[index];
  if (channel === undefined) throw new Error('unreachable: the catalog names every channel');
  const ring = new Ring(refs.slab, channel.capacity, channel.cellMask);
  let depth = 0;
  let sent = 0;
  let dropped = 0;
  for (let k = 0; k < channel.lanes; k++) {
    const lane = channel.lanesAt + k * channel.laneSize;
    if (refs.slab.i32[lane + LANE.tail] === 0) continue;
    depth += ring.depth(lane);
    sent += refs.slab.f64[(lane + LANE.sent) >> 1] as number;
    dropped += refs.slab.f64[(lane + LANE.dropped) >> 1] as number;
  }
  const { name, mode, capacity } = channel;
  const received = Math.max(0, sent - dropped - depth);
  return { name, mode, capacity, depth, sent, received, dropped };
}
