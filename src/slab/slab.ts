/**
 * Makes the slab or attaches to one, verifies its header, and hands out typed views of it.
 *
 * Invariants
 * 1. `attach` believes nothing: magic, byte order, version, checksum, geometry and size are
 *    verified before a view of anything but the header exists. What fails is a `SlabFormatError`.
 * 2. `i32` and `f64` end where the frames begin: an index read from a damaged slab can at worst
 *    read `undefined`, never another frame's bytes and never memory outside the slab.
 * 3. The header is constant after `create`.
 *
 * Any thread may call it; nothing here blocks. `create` allocates the slab and touches the pages of
 * the preallocated frames; everything else stays untouched until it is used.
 */
import { InvalidOptionError, SharedMemoryUnavailableError, SlabFormatError } from '../errors.js';
import { requireSharedMemory } from './engine.js';
import { type ChannelGeometry, describe, type Geometry, geometryOf, integer } from './geometry.js';
import { CATALOG, HEADER, type Layout, layoutOf } from './layout.js';

/** The version of the layout and of the protocol on it: both sides must speak the same. */
export const SLAB_VERSION = 1;
/** The library's own version; kept equal to package.json by a test. */
export const LIBRARY_VERSION = '0.1.0';

const MAGIC = 0x66726d73; // "frms"
const MAGIC_REVERSED = 0x736d7266;
const BYTE_ORDER = 0x01020304;
const PAGE_BYTES = 4096;

const MODES = ['queue', 'broadcast'] as const;
const WHEN_FULL = ['wait', 'drop-oldest', 'drop-newest'] as const;
const OVERSIZE = ['throw', 'external'] as const;
const GUARDS = ['off', 'poison', 'verify'] as const;

/** One slab as this thread sees it. */
export class Slab {
  readonly buffer: SharedArrayBuffer;
  /** Where in `buffer` the slab begins, in bytes. */
  readonly byteOffset: number;
  readonly geometry: Geometry;
  readonly layout: Layout;
  /** The control part in signed 32-bit words. */
  readonly i32: Int32Array<SharedArrayBuffer>;
  /** The control part in 64-bit floats. */
  readonly f64: Float64Array<SharedArrayBuffer>;

  private constructor(
    buffer: SharedArrayBuffer,
    byteOffset: number,
    geometry: Geometry,
    layout: Layout,
  ) {
    this.buffer = buffer;
    this.byteOffset = byteOffset;
    this.geometry = geometry;
    this.layout = layout;
    this.i32 = new Int32Array(buffer, byteOffset, layout.controlInts);
    this.f64 = new Float64Array(buffer, byteOffset, layout.controlInts >> 1);
  }

  /** Cuts a new slab, in memory of its own or inside `options.buffer`. */
  static create(
    geometry: Geometry,
    existing: SharedArrayBuffer | undefined,
    offset: number | undefined,
  ): Slab {
    const layout = layoutOf(geometry);
    const place = placeOf(layout, existing, offset);
    const slab = new Slab(place.buffer, place.byteOffset, geometry, layout);
    if (existing !== undefined) slab.i32.fill(0);
    slab.writeHeader();
    slab.touchFrames(geometry.preallocateFrames);
    return slab;
  }

  /** Verifies that a slab begins at `byteOffset` of `buffer`, and attaches to it. */
  static attach(buffer: SharedArrayBuffer, byteOffset: number): Slab {
    requireSharedMemory();
    if (!isSharedBuffer(buffer)) {
      throw new SlabFormatError(
        `a slab lies in a SharedArrayBuffer, got ${describe(buffer)}: was it copied on its way?`,
      );
    }
    if (!Number.isSafeInteger(byteOffset) || byteOffset < 0 || byteOffset % 64 !== 0) {
      throw new SlabFormatError(
        `a slab begins at a multiple of 64 bytes, got byteOffset ${describe(byteOffset)}`,
      );
    }
    const room = buffer.byteLength - byteOffset;
    if (room < HEADER.size * 4) {
      throw new SlabFormatError(
        `a slab's header has ${HEADER.size * 4} bytes, this buffer ends after ${Math.max(0, room)}`,
      );
    }
    const geometry = readHeader(buffer, byteOffset, room);
    const layout = layoutOf(geometry);
    const said = new Float64Array(buffer, byteOffset + HEADER.slabBytes * 4, 1)[0];
    if (said !== layout.slabBytes || room < layout.slabBytes) {
      throw new SlabFormatError(
        `the slab should have ${layout.slabBytes} bytes, its header says ${said} and the buffer ` +
          `has ${room}: cut short or damaged`,
      );
    }
    return new Slab(buffer, byteOffset, geometry, layout);
  }

  /** Byte of `buffer` at which a slot's data begins. */
  dataAt(slot: number): number {
    return this.headerAt(slot) + this.layout.dataInFrameBytes;
  }

  /** Byte of `buffer` at which a slot's user header begins. */
  headerAt(slot: number): number {
    return this.byteOffset + this.layout.framesAtBytes + slot * this.layout.frameStrideBytes;
  }

  /** A new view of the first `length` bytes of a slot. Allocates. */
  bytesOf(slot: number, length: number): Uint8Array<SharedArrayBuffer> {
    return new Uint8Array(this.buffer, this.dataAt(slot), length);
  }

  private writeHeader(): void {
    const { i32, f64, geometry, layout } = this;
    i32[HEADER.version] = SLAB_VERSION;
    i32[HEADER.byteOrder] = BYTE_ORDER;
    f64[HEADER.slabBytes / 2] = layout.slabBytes;
    f64[HEADER.traceRate / 2] = geometry.traceRate;
    i32[HEADER.frameSizeBytes] = geometry.frameSizeBytes;
    i32[HEADER.frames] = geometry.frames;
    i32[HEADER.threadsMax] = geometry.threadsMax;
    i32[HEADER.cacheFrames] = geometry.cacheFrames;
    i32[HEADER.cacheFramesMax] = geometry.cacheFramesMax;
    i32[HEADER.headerBytes] = geometry.headerBytes;
    i32[HEADER.preallocateFrames] = geometry.preallocateFrames;
    i32[HEADER.oversize] = OVERSIZE.indexOf(geometry.oversize);
    i32[HEADER.guard] = GUARDS.indexOf(geometry.guard);
    i32[HEADER.channels] = geometry.channels.length;
    i32[HEADER.identity] = randomInt();
    i32[HEADER.identity + 1] = randomInt();
    i32[HEADER.library] = packedVersion(LIBRARY_VERSION);
    geometry.channels.forEach((channel, index) => {
      const at = HEADER.size + index * CATALOG.size;
      i32[at + CATALOG.mode] = MODES.indexOf(channel.mode);
      i32[at + CATALOG.whenFull] = WHEN_FULL.indexOf(channel.whenFull);
      i32[at + CATALOG.capacity] = channel.capacity;
      i32[at + CATALOG.nameLength] = channel.name.length;
      for (let k = 0; k < channel.name.length; k++) {
        i32[at + CATALOG.name + k] = channel.name.charCodeAt(k);
      }
    });
    i32[HEADER.checksum] = checksumOf(i32, geometry.channels.length);
    i32[HEADER.magic] = MAGIC;
  }

  private touchFrames(count: number): void {
    const start = this.headerAt(0);
    const bytes = new Uint8Array(this.buffer, start, count * this.layout.frameStrideBytes);
    for (let k = 0; k < bytes.length; k += PAGE_BYTES) bytes[k] = 0;
  }
}

/** True for a SharedArrayBuffer of any realm. */
export function isSharedBuffer(value: unknown): value is SharedArrayBuffer {
  return Object.prototype.toString.call(value) === '[object SharedArrayBuffer]';
}

function placeOf(
  layout: Layout,
  existing: SharedArrayBuffer | undefined,
  offset: number | undefined,
): { buffer: SharedArrayBuffer; byteOffset: number } {
  requireSharedMemory();
  if (existing === undefined) {
    if (offset !== undefined) {
      throw new InvalidOptionError(`byteOffset needs a buffer, got ${describe(offset)} alone`);
    }
    try {
      return { buffer: new SharedArrayBuffer(layout.slabBytes), byteOffset: 0 };
    } catch {
      throw new SharedMemoryUnavailableError(
        `this engine gave no shared memory of ${layout.slabBytes} bytes (${layout.slots} slots ` +
          `of ${layout.frameStrideBytes} bytes and ${layout.framesAtBytes} bytes to manage them)`,
      );
    }
  }
  if (!isSharedBuffer(existing)) {
    throw new InvalidOptionError(`buffer must be a SharedArrayBuffer, got ${describe(existing)}`);
  }
  const byteOffset = integer('byteOffset', offset ?? 0, 0, Number.MAX_SAFE_INTEGER);
  if (byteOffset % 64 !== 0) {
    throw new InvalidOptionError(`byteOffset must be a multiple of 64, got ${byteOffset}`);
  }
  if (byteOffset + layout.slabBytes > existing.byteLength) {
    throw new InvalidOptionError(
      `the slab needs ${layout.slabBytes} bytes from byteOffset ${byteOffset}, but buffer has ` +
        `${existing.byteLength} bytes`,
    );
  }
  return { buffer: existing, byteOffset };
}

function readHeader(buffer: SharedArrayBuffer, byteOffset: number, room: number): Geometry {
  const head = new Int32Array(buffer, byteOffset, HEADER.size);
  const magic = head[HEADER.magic];
  if (magic === MAGIC_REVERSED) {
    throw new SlabFormatError('the slab was made on a machine of the other byte order');
  }
  if (magic !== MAGIC) {
    throw new SlabFormatError('there is no slab here: the first word is not the magic number');
  }
  if (head[HEADER.byteOrder] !== BYTE_ORDER) {
    throw new SlabFormatError('the header of the slab is damaged: its byte order mark is wrong');
  }
  if (head[HEADER.version] !== SLAB_VERSION) {
    throw new SlabFormatError(
      `the slab speaks format ${head[HEADER.version]} (frameslab ` +
        `${versionText(head[HEADER.library] ?? 0)}), this thread loaded format ${SLAB_VERSION} ` +
        `(frameslab ${LIBRARY_VERSION}): load one version in all threads`,
    );
  }
  const channels = head[HEADER.channels] ?? -1;
  const ints = HEADER.size + channels * CATALOG.size;
  if (channels < 0 || ints * 4 > room) {
    throw new SlabFormatError('the header of the slab is damaged: its catalog ends outside');
  }
  const i32 = new Int32Array(buffer, byteOffset, ints);
  if (checksumOf(i32, channels) !== i32[HEADER.checksum]) {
    throw new SlabFormatError('the header of the slab is damaged: its checksum does not fit');
  }
  return geometryIn(i32, channels, new Float64Array(buffer, byteOffset, HEADER.size / 2));
}

function geometryIn(
  i32: Int32Array<SharedArrayBuffer>,
  channels: number,
  f64: Float64Array<SharedArrayBuffer>,
): Geometry {
  const int = (field: number): number => i32[field] as number;
  try {
    const geometry = geometryOf({
      frameSizeBytes: int(HEADER.frameSizeBytes),
      frames: int(HEADER.frames),
      threadsMax: int(HEADER.threadsMax),
      cacheFrames: int(HEADER.cacheFrames),
      cacheFramesMax: int(HEADER.cacheFramesMax),
      headerBytes: int(HEADER.headerBytes),
      trace: f64[HEADER.traceRate / 2] as number,
      oversize: OVERSIZE[int(HEADER.oversize)] as (typeof OVERSIZE)[number],
      guard: GUARDS[int(HEADER.guard)] as (typeof GUARDS)[number],
    });
    const list: ChannelGeometry[] = [];
    for (let k = 0; k < channels; k++) {
      const at = HEADER.size + k * CATALOG.size;
      const codes = i32.slice(at + CATALOG.name, at + CATALOG.name + int(at + CATALOG.nameLength));
      list.push({
        name: String.fromCharCode(...codes),
        mode: MODES[int(at + CATALOG.mode)] ?? 'queue',
        whenFull: WHEN_FULL[int(at + CATALOG.whenFull)] ?? 'wait',
        capacity: int(at + CATALOG.capacity),
      });
    }
    return { ...geometry, preallocateFrames: int(HEADER.preallocateFrames), channels: list };
  } catch (fault) {
    throw new SlabFormatError(`the header of the slab is damaged: ${(fault as Error).message}`);
  }
}

/** FNV-1a, 32 bits, over header and catalog without magic and checksum. */
function checksumOf(i32: Int32Array, channels: number): number {
  let hash = 0x811c9dc5;
  for (let k = 0; k < HEADER.size + channels * CATALOG.size; k++) {
    if (k === HEADER.magic || k === HEADER.checksum) continue;
    hash = Math.imul(hash ^ (i32[k] as number), 0x01000193);
  }
  return hash | 0;
}

function randomInt(): number {
  return (Math.random() * 0x1_0000_0000) | 0;
}

function packedVersion(text: string): number {
  const [major = 0, minor = 0, patch = 0] = text
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  return (major << 20) | (minor << 10) | patch;
}

function versionText(packed: number): string {
  return `${packed >> 20}.${(packed >> 10) & 1023}.${packed & 1023}`;
}
