/**
 * Options -> validated numbers. Pure arithmetic: touches no memory, knows no offset.
 *
 * Invariants
 * 1. Every number in a `Geometry` is a checked integer; nothing behind this file checks again.
 * 2. Capacity stays honest: `slots = frames + threadsMax × cacheFrames`. Proof that `frames` can
 *    always be held at once: a slot is held, cached or in the free list. A seat never has more than
 *    `cacheFrames` slots in its cache and on the way into it for each share of the reserve that it
 *    uses (threads/shares.ts), and there are `threadsMax` shares, so at most `threadsMax ×
 *    cacheFrames` are cached. If fewer than `frames` are held, then held +
 *    cached < slots, so the free list is not empty, and acquire succeeds. "Held" counts references,
 *    messages, lanes, slots of the dead not yet reclaimed, and what calls in progress have in hand.
 * 3. `preallocateFrames` is clamped to `frames`; a minimum above it is refused, not clamped.
 *
 * Any thread may call it.
 */
import { InvalidOptionError } from '../errors.js';

/** How a channel treats its consumers. */
export type ChannelMode = 'queue' | 'broadcast';
/** What a sender does about a lane that is full. */
export type WhenFull = 'wait' | 'drop-oldest' | 'drop-newest';
/** What `write` does with more bytes than a slot has room for. */
export type OversizePolicy = 'throw' | 'external';
/** What is done to find writes that the rules forbid. */
export type GuardMode = 'off' | 'poison' | 'verify';

/** A channel as declared at `FramePool.create`. */
export interface ChannelOptions {
  /**
   * Frames that may lie undelivered: per producer, and on a broadcast per producer and subscriber.
   */
  readonly capacity: number;
  /** `'queue'` (default): a frame to one consumer; `'broadcast'`: to every subscriber. */
  readonly mode?: ChannelMode;
  /** What happens when a lane is full. Default `'wait'`. */
  readonly whenFull?: WhenFull;
}

/** Options of `FramePool.create`; every one has a default. */
export interface FramePoolOptions {
  /** Bytes that one frame can hold. Default 4096. */
  readonly frameSizeBytes?: number;
  /**
   * Frames that can always be held at once, whatever sits in other threads' caches. Default 100.
   */
  readonly frames?: number;
  /** Bytes of frames to make resident at creation. Default 1 MiB. */
  readonly preallocateBytes?: number;
  /** Frames to make resident at creation, at the least. Default 1. */
  readonly preallocateFramesMin?: number;
  /** Threads that can be attached at once, the creator included. Default 16, at most 256. */
  readonly threadsMax?: number;
  /** Free slots that a thread may keep for itself. Default: 128 KiB worth of frames, at most 32. */
  readonly cacheFrames?: number;
  /**
   * How far a cache may grow while seats are empty, whose `cacheFrames` it borrows. Default: four
   * times `cacheFrames`, or just `cacheFrames` where that was given.
   */
  readonly cacheFramesMax?: number;
  /** Bytes of user header per frame, beside its data. Default 0. */
  readonly headerBytes?: number;
  /** Record who acquired a frame, where, when: always, or for a share of them. Default: never. */
  readonly trace?: boolean | number;
  /** Channels by name. Default: none. */
  readonly channels?: Readonly<Record<string, ChannelOptions>>;
  /** Too many bytes in `write`: `'throw'` (default), or move the frame to memory of its own. */
  readonly oversize?: OversizePolicy;
  /** Fill released slots with a pattern; with `'verify'` detect forbidden writes. Default off. */
  readonly guard?: GuardMode;
  /** Build the slab in this, say a shared `WebAssembly.Memory`'s buffer. Default: new memory. */
  readonly buffer?: SharedArrayBuffer;
  /** Where in `buffer` the slab begins: a multiple of 64 bytes. Default 0. */
  readonly byteOffset?: number;
}

/** One channel, validated. */
export interface ChannelGeometry {
  /** 1 to 48 UTF-16 code units. */
  readonly name: string;
  /** Queue or broadcast. */
  readonly mode: ChannelMode;
  /** What happens when a lane is full. */
  readonly whenFull: WhenFull;
  /** Frames that may lie in one lane. */
  readonly capacity: number;
}

/** All that the layout of a slab depends on. */
export interface Geometry {
  /** Bytes that one frame can hold. */
  readonly frameSizeBytes: number;
  /** Frames that can always be held at once. */
  readonly frames: number;
  /** Seats. */
  readonly threadsMax: number;
  /** Free slots that one seat may keep for itself. */
  readonly cacheFrames: number;
  /** As many while it borrows the shares of empty seats. */
  readonly cacheFramesMax: number;
  /** Bytes of user header per frame. */
  readonly headerBytes: number;
  /** Frames made resident at creation. */
  readonly preallocateFrames: number;
  /** Share of the acquires that are traced, 0 to 1. */
  readonly traceRate: number;
  /** What `write` does with too many bytes. */
  readonly oversize: OversizePolicy;
  /** What is done to find forbidden writes. */
  readonly guard: GuardMode;
  /** Channels in the order of their declaration. */
  readonly channels: readonly ChannelGeometry[];
}

/** The largest frame: a length is a signed 32-bit number. */
export const FRAME_SIZE_MAX = 0x7fff_ffff;
/** The most slots that a handle can name: 20 bits of a signed 31-bit integer. */
export const SLOTS_MAX = 1 << 20;
/** The most seats: a slot word names its owner in 8 bits. */
export const THREADS_MAX = 256;
/** The most free slots in one cache. */
export const CACHE_FRAMES_MAX = 1024;
/** The largest user header. */
export const HEADER_BYTES_MAX = 1 << 20;
/** The most channels in one slab. */
export const CHANNELS_MAX = 256;
/** The longest channel name, in UTF-16 code units. */
export const CHANNEL_NAME_MAX = 48;
/** The largest capacity of one lane: positions are counted in 30 bits. */
export const CAPACITY_MAX = 1 << 20;

const CACHE_BUDGET_BYTES = 128 * 1024;
const CACHE_FRAMES_DEFAULT = 32;
/** By default a cache grows to so many shares: its own, and those of empty seats. */
const CACHE_SHARES_DEFAULT = 4;

/** How many slots the slab has: every frame that can be held, and every one that can be cached. */
export function slotsOf(geometry: Geometry): number {
  return geometry.frames + geometry.threadsMax * geometry.cacheFrames;
}

/** The value, if it is an integer from `min` to `max`; throws `InvalidOptionError` otherwise. */
export function integer(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) {
    return value;
  }
  throw new InvalidOptionError(
    `${name} must be an integer from ${min} to ${max}, got ${describe(value)}`,
  );
}

/** The fields that a frame carries for its user. */
export type Field = 'tag' | 'timestamp' | 'sequence';

/** The value, if it is a number at all (`NaN` and infinities may mean something to the user). */
export function numeric(name: string, value: unknown): number {
  if (typeof value === 'number') return value;
  throw new InvalidOptionError(`${name} must be a number, got ${describe(value)}`);
}

/** The value as an error message shows it: short, and never throwing. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'object' && value !== null) return `an object (${kindOf(value)})`;
  if (typeof value === 'function') return 'a function';
  return String(value);
}

/** `undefined` stands for the default; `null` does not. */
function given<T>(value: unknown, byDefault: T): T {
  return value === undefined ? byDefault : (value as T);
}

function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T;
  const list = allowed.map((word) => `'${word}'`).join(', ');
  throw new InvalidOptionError(`${name} must be one of ${list}, got ${describe(value)}`);
}

function traceRateOf(trace: unknown): number {
  if (trace === false) return 0;
  if (trace === true) return 1;
  if (typeof trace === 'number' && trace >= 0 && trace <= 1) return trace;
  throw new InvalidOptionError(
    `trace must be false, true or a share from 0 to 1, got ${describe(trace)}`,
  );
}

function channelsOf(channels: unknown): ChannelGeometry[] {
  if (typeof channels !== 'object' || channels === null || Array.isArray(channels)) {
    throw new InvalidOptionError(
      `channels must be an object of name: { capacity, mode, whenFull }, got ${describe(channels)}`,
    );
  }
  const entries = Object.entries(channels as Record<string, unknown>);
  if (entries.length > CHANNELS_MAX) {
    throw new InvalidOptionError(`channels must be at most ${CHANNELS_MAX}, got ${entries.length}`);
  }
  return entries.map(([name, value]) => channelOf(name, value));
}

function channelOf(name: string, value: unknown): ChannelGeometry {
  if (name.length === 0 || name.length > CHANNEL_NAME_MAX) {
    throw new InvalidOptionError(
      `a channel's name must have 1 to ${CHANNEL_NAME_MAX} characters, got ${describe(name)}`,
    );
  }
  if (typeof value !== 'object' || value === null) {
    throw new InvalidOptionError(
      `channels.${name} must be an object { capacity, mode, whenFull }, got ${describe(value)}`,
    );
  }
  const options = value as Partial<Record<keyof ChannelOptions, unknown>>;
  const at = `channels.${name}`;
  return {
    name,
    capacity: integer(`${at}.capacity`, options.capacity, 1, CAPACITY_MAX),
    mode: oneOf(`${at}.mode`, given(options.mode, 'queue'), ['queue', 'broadcast']),
    whenFull: oneOf(`${at}.whenFull`, given(options.whenFull, 'wait'), [
      'wait',
      'drop-oldest',
      'drop-newest',
    ]),
  };
}

/**
 * Validates options and fills in the defaults.
 * Throws `InvalidOptionError` naming the option, the value and the limit.
 */
export function geometryOf(options: FramePoolOptions): Geometry {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidOptionError(`options must be an object, got ${describe(options)}`);
  }
  const size = integer('frameSizeBytes', given(options.frameSizeBytes, 4096), 1, FRAME_SIZE_MAX);
  const frames = integer('frames', given(options.frames, 100), 1, Number.MAX_SAFE_INTEGER);
  const threadsMax = integer('threadsMax', given(options.threadsMax, 16), 1, THREADS_MAX);
  const warm = Math.min(CACHE_FRAMES_DEFAULT, Math.floor(CACHE_BUDGET_BYTES / size));
  const cacheFrames = integer('cacheFrames', given(options.cacheFrames, warm), 0, CACHE_FRAMES_MAX);
  const grown =
    options.cacheFrames === undefined ? cacheFrames * CACHE_SHARES_DEFAULT : cacheFrames;
  const cacheFramesMax = integer(
    'cacheFramesMax',
    given(options.cacheFramesMax, grown),
    cacheFrames,
    CACHE_FRAMES_MAX,
  );
  const slots = frames + threadsMax * cacheFrames;
  if (slots > SLOTS_MAX) {
    throw new InvalidOptionError(
      `frames + threadsMax × cacheFrames must be at most ${SLOTS_MAX}, the slots that a handle ` +
        `can name, got ${frames} + ${threadsMax} × ${cacheFrames} = ${slots}`,
    );
  }
  const most = Number.MAX_SAFE_INTEGER;
  const budget = integer('preallocateBytes', given(options.preallocateBytes, 1 << 20), 0, most);
  const min = integer('preallocateFramesMin', given(options.preallocateFramesMin, 1), 0, most);
  if (min > frames) {
    throw new InvalidOptionError(
      `preallocateFramesMin must be at most frames (${frames}), got ${min}`,
    );
  }
  return {
    frameSizeBytes: size,
    frames,
    threadsMax,
    cacheFrames,
    cacheFramesMax,
    headerBytes: integer('headerBytes', given(options.headerBytes, 0), 0, HEADER_BYTES_MAX),
    preallocateFrames: Math.min(frames, Math.max(min, Math.floor(budget / size))),
    traceRate: traceRateOf(given(options.trace, false)),
    oversize: oneOf('oversize', given(options.oversize, 'throw'), ['throw', 'external']),
    guard: oneOf('guard', given(options.guard, 'off'), ['off', 'poison', 'verify']),
    channels: channelsOf(given(options.channels, {})),
  };
}
