/**
 * THE drawing of the slab. Nothing else in the library computes an offset.
 *
 * Offsets are counted in 32-bit words ("ints") from the slab's beginning; a 64-bit float at int `i`
 * is `f64[i / 2]`, so float fields stand at even ints. A line is 16 ints, 64 bytes: what one thread
 * writes often stands on a line of its own, because false sharing costs 2 to 6 times.
 *
 *   int 0
 *   ┌───────────────────────────────────────────────────────────────────────────────┐
 *   │ HEADER      64 ints   magic, version, geometry, identity, checksum: constant  │
 *   │ CATALOG     64 ints per channel: mode, when full, capacity, name: constant    │
 *   ├───────────────────────────────────────────────────────────────────────────────┤
 *   │ GLOBALS     a line each: stamp takes low-water ticket doubt settler waiters   │
 *   │ FREE LIST   leaves (32 slots a word) · summary · root                         │
 *   │ SLOTS       8 ints per slot: word guard | length tag | timestamp | sequence   │
 *   │ FLIGHTS     4 ints per slot: flight sender | since                            │
 *   │ SEATS       5 lines per seat: claim+name · private · counters · bell+mailbox  │
 *   │ SHARES      1 int per seat: whose cache may use that seat's share             │
 *   │ CACHES      per seat: the indices of its free slots                           │
 *   │ LEDGERS     per seat: one cell per slot                                       │
 *   │ MAIL        per seat: one cell per slot, messages addressed to that seat      │
 *   │ CHANNELS    per channel: state · active lanes · receivers · subscribers; then │
 *   │             lanes (one per producer; on a broadcast one per producer and      │
 *   │             subscriber): 2 lines and a power of two of cells, 2 ints each     │
 *   │ TRACES      per slot, only with `trace`: when, and the stack that acquired it │
 *   ├───────────────────────────────────────────────────────────────────────────────┤
 *   │ FRAMES      per slot: user header · data, each rounded up to 64 bytes         │
 *   └───────────────────────────────────────────────────────────────────────────────┘
 *
 * Invariants
 * 1. The layout is a pure function of the geometry, and the geometry stands in the header: whoever
 *    attaches needs the buffer and nothing else.
 * 2. Everything but header and catalog is right when it is zero: nothing per slot is written at
 *    creation, and untouched pages cost no memory.
 */
import type { ChannelGeometry, Geometry } from './geometry.js';
import { slotsOf } from './geometry.js';
import { bytesUp, LINE, lineUp, pairsUp, powerOfTwo, staggered } from './rounding.js';

/** Fields of the header, in ints. */
export enum HEADER {
  magic = 0,
  version = 1,
  byteOrder = 2,
  checksum = 3,
  /** 64-bit floats: bytes of the slab, share of the acquires that are traced. */
  slabBytes = 4,
  traceRate = 6,
  frameSizeBytes = 8,
  frames = 9,
  threadsMax = 10,
  cacheFrames = 11,
  headerBytes = 12,
  preallocateFrames = 13,
  oversize = 14,
  guard = 15,
  channels = 16,
  /** Two random ints: which slab this is. Handles carry some of their bits. */
  identity = 17,
  /** The library's own version, `major << 20 | minor << 10 | patch`: for messages only. */
  library = 19,
  zero = 20,
  cacheFramesMax = 21,
  size = 64,
}

/** Fields of a catalog entry, in ints. */
export enum CATALOG {
  mode = 0,
  whenFull = 1,
  capacity = 2,
  nameLength = 3,
  name = 4,
  size = 64,
}

/** Fields of a slot's row. */
export enum SLOT {
  word = 0,
  guard = 1,
  /** Length and tag share an aligned pair, so that one 64-bit store clears both. */
  length = 2,
  tag = 3,
  timestamp = 4,
  sequence = 6,
  size = 8,
}

/** Fields of a slot's flight row. */
export enum FLIGHT {
  word = 0,
  sender = 1,
  since = 2,
  size = 4,
}

/** Fields of a seat's rows: five lines, the first claimed by compare-exchange. */
export enum SEAT {
  owner = 0,
  epoch = 1,
  reclaimer = 2,
  nameLength = 3,
  name = 4,
  // line 1: written by the owner alone on every operation
  top = 16,
  hint = 17,
  emptyAt = 18,
  room = 19,
  acquires = 20,
  misses = 24,
  departures = 26,
  // line 2: written by the owner alone, seldom
  journal = 32,
  denied = 34,
  waits = 36,
  oversize = 38,
  reclaimed = 40,
  joinedAcquires = 42,
  probe = 44,
  locked = 45,
  lastWords = 46,
  // line 3: written by others
  bell = 48,
  mailbox = 49,
  ticket = 50,
  nameMore = 64, // line 4
  size = 80,
}

/** UTF-16 code units of a thread's name that a seat keeps: 12 on its first line, 16 on its last. */
export const SEAT_NAME_MAX = 28;

/** Fields of a channel's own lines; the bit sets are 8 ints wide. */
export enum CHANNEL {
  closed = 0,
  active = 16,
  receivers = 32,
  subscribers = 48,
  size = 64,
}

/** Fields of a lane: a line for the producer, one for the consumers. */
export enum LANE {
  tail = 0,
  sent = 2,
  dropped = 4,
  head = 16,
  cutAt = 17,
  size = 32,
}

/** A trace: when (64-bit float), how many code units, then two of them to an int. */
export enum TRACE {
  since = 0,
  length = 2,
  text = 4,
  size = 256,
}

/** Where one channel's region begins, and its lanes. */
export interface ChannelLayout extends ChannelGeometry {
  /** Position in the catalog. */
  readonly index: number;
  /** Int of the channel's own lines. */
  readonly at: number;
  /** Int of the first lane. */
  readonly lanesAt: number;
  /** Lanes: one per producer, or per producer and subscriber. */
  readonly lanes: number;
  /** Ints from one lane to the next. */
  readonly laneSize: number;
  /** Cells per lane minus one; cells are the power of two that holds the capacity. */
  readonly cellMask: number;
}

/** Every offset of one slab. */
export interface Layout {
  readonly slots: number;
  /** Global words, each on a line of its own. */
  readonly stampAt: number;
  readonly takesAt: number;
  readonly lowWaterAt: number;
  readonly ticketAt: number;
  readonly doubtAt: number;
  readonly settlerAt: number;
  /** Waiting seats: `waiterWords` ints, a bit per seat. */
  readonly waitersAt: number;
  readonly waiterWords: number;
  /** Free list: `leaves` words, `leafStride` ints apart; a summary word covers 32 leaves. */
  readonly leavesAt: number;
  readonly leaves: number;
  readonly leafStride: number;
  readonly summaryAt: number;
  readonly summaryWords: number;
  readonly rootAt: number;
  readonly rootWords: number;
  readonly slotsAt: number;
  readonly flightsAt: number;
  readonly seatsAt: number;
  readonly sharesAt: number;
  readonly cachesAt: number;
  readonly cacheStride: number;
  readonly ledgersAt: number;
  /** Ints from one seat's row to the next: a cell for each index that a handle can name. */
  readonly ledgerStride: number;
  readonly mailAt: number;
  readonly mailStride: number;
  readonly channels: readonly ChannelLayout[];
  /** Int of the first trace; 0 when nothing is traced. */
  readonly tracesAt: number;
  /** Ints before the frames: the part that protocol words lie in. */
  readonly controlInts: number;
  /** Bytes from the slab's beginning to the first frame's user header. */
  readonly framesAtBytes: number;
  readonly frameStrideBytes: number;
  /** Bytes from a frame's user header to its data. */
  readonly dataInFrameBytes: number;
  /** Bytes of the whole slab. */
  readonly slabBytes: number;
}

/** Leaves stand a line apart while that costs at most 16 KiB. */
const SPACED_LEAVES_MAX = 256;

/** Draws the slab for a geometry. Pure. */
export function layoutOf(geometry: Geometry): Layout {
  const slots = slotsOf(geometry);
  const seats = geometry.threadsMax;
  let cursor = 0;
  const region = (ints: number): number => {
    const at = cursor;
    cursor += lineUp(ints);
    return at;
  };
  region(HEADER.size);
  region(CATALOG.size * geometry.channels.length);

  const leaves = Math.ceil(slots / 32);
  const leafStride = leaves <= SPACED_LEAVES_MAX ? LINE : 1;
  const summaryWords = Math.ceil(leaves / 32);
  const rootWords = Math.ceil(summaryWords / 32);
  const cacheStride = lineUp(Math.max(1, geometry.cacheFramesMax));
  const ledgerStride = lineUp(powerOfTwo(slots));
  const mailStride = lineUp(slots);
  const at = {
    stampAt: region(1),
    takesAt: region(1),
    lowWaterAt: region(1),
    ticketAt: region(1),
    doubtAt: region(1),
    settlerAt: region(1),
    waitersAt: region(LINE),
    leavesAt: region(leaves * leafStride),
    summaryAt: region(summaryWords),
    rootAt: region(rootWords),
    slotsAt: region(slots * SLOT.size),
    flightsAt: region(slots * FLIGHT.size),
    seatsAt: region(seats * SEAT.size),
    sharesAt: region(seats),
    cachesAt: region(seats * cacheStride),
    ledgersAt: region(seats * ledgerStride),
    mailAt: region(seats * mailStride),
  };
  const channels = geometry.channels.map((channel, index): ChannelLayout => {
    const cells = powerOfTwo(channel.capacity);
    const lanes = channel.mode === 'queue' ? seats : seats * seats;
    const laneSize = LANE.size + lineUp(cells * 2);
    const channelAt = region(CHANNEL.size);
    const lanesAt = region(lanes * laneSize);
    return { ...channel, index, at: channelAt, lanesAt, lanes, laneSize, cellMask: cells - 1 };
  });
  const tracesAt = geometry.traceRate > 0 ? region(slots * TRACE.size) : 0;

  const framesAtBytes = pairsUp(cursor * 4);
  const dataInFrameBytes = bytesUp(geometry.headerBytes);
  const frameStrideBytes = staggered(dataInFrameBytes + bytesUp(geometry.frameSizeBytes));
  return {
    ...at,
    slots,
    waiterWords: Math.ceil(seats / 32),
    leaves,
    leafStride,
    summaryWords,
    rootWords,
    cacheStride,
    ledgerStride,
    mailStride,
    channels,
    tracesAt,
    controlInts: cursor,
    framesAtBytes,
    frameStrideBytes,
    dataInFrameBytes,
    slabBytes: framesAtBytes + slots * frameStrideBytes,
  };
}
