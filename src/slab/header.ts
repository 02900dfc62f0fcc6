/**
 * The slab's header and catalog: written once by the creator, believed by nobody who attaches.
 *
 * Invariants
 * 1. Magic, byte order, version, checksum and every number are verified before anything behind the
 *    header is looked at. What fails is a `SlabFormatError` that says what and why.
 * 2. The magic is written last: a slab that is being made is none yet.
 *
 * Any thread; never blocks. Reading allocates the geometry.
 */
import { SlabFormatError } from '../errors.js';
import {
  CAPACITY_MAX,
  type ChannelGeometry,
  type Geometry,
  geometryOf,
  integer,
  oneOf,
} from './geometry.js';
import { CATALOG, HEADER } from './layout.js';

/** The version of the layout and of the protocol on it: both sides must speak the same. */
export const SLAB_VERSION = 1;
/** The library's own version; kept equal to package.json by a test. */
export const LIBRARY_VERSION = '0.1.0';

const MAGIC = 0x66726d73; // "frms"
const MAGIC_REVERSED = 0x736d7266;
const BYTE_ORDER = 0x01020304;

const MODES = ['queue', 'broadcast'] as const;
const WHEN_FULL = ['wait', 'drop-oldest', 'drop-newest'] as const;
const OVERSIZE = ['throw', 'external'] as const;
const GUARDS = ['off', 'poison', 'verify'] as const;

/** Writes the header of a new slab; nobody else can see it yet. */
export function writeHeader(
  i32: Int32Array<SharedArrayBuffer>,
  f64: Float64Array<SharedArrayBuffer>,
  geometry: Geometry,
  slabBytes: number,
): void {
  i32[HEADER.version] = SLAB_VERSION;
  i32[HEADER.byteOrder] = BYTE_ORDER;
  f64[HEADER.slabBytes / 2] = slabBytes;
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

/** Reads and verifies the header of the slab that begins at `byteOffset`. */
export function readHeader(buffer: SharedArrayBuffer, byteOffset: number, room: number): Geometry {
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
      oversize: oneOf('oversize', OVERSIZE[int(HEADER.oversize)], OVERSIZE),
      guard: oneOf('guard', GUARDS[int(HEADER.guard)], GUARDS),
    });
    const list: ChannelGeometry[] = [];
    for (let k = 0; k < channels; k++) {
      const at = HEADER.size + k * CATALOG.size;
      const codes = i32.slice(at + CATALOG.name, at + CATALOG.name + int(at + CATALOG.nameLength));
      list.push({
        name: String.fromCharCode(...codes),
        mode: oneOf('mode', MODES[int(at + CATALOG.mode)], MODES),
        whenFull: oneOf('whenFull', WHEN_FULL[int(at + CATALOG.whenFull)], WHEN_FULL),
        capacity: integer('capacity', int(at + CATALOG.capacity), 1, CAPACITY_MAX),
      });
    }
    const resident = int(HEADER.preallocateFrames);
    const preallocateFrames = integer('preallocateFrames', resident, 0, geometry.frames);
    return { ...geometry, preallocateFrames, channels: list };
  } catch (fault) {
    throw new SlabFormatError(`the header of the slab is damaged: ${(fault as Error).message}`);
  }
}

/**
 * FNV-1a by words, each mixed downwards, over header and catalog without magic and checksum.
 */
function checksumOf(i32: Int32Array, channels: number): number {
  let hash = 0x811c9dc5;
  for (let k = 0; k < HEADER.size + channels * CATALOG.size; k++) {
    if (k === HEADER.magic || k === HEADER.checksum) continue;
    hash = Math.imul(hash ^ (i32[k] as number), 0x01000193);
    // By whole words, the highest bit of one would only reach the highest bit of the sum.
    hash ^= hash >>> 15;
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
