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
import { describe, type Geometry, integer } from './geometry.js';
import { readHeader, writeHeader } from './header.js';
import { HEADER, type Layout, layoutOf } from './layout.js';

const PAGE_BYTES = 4096;

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
    writeHeader(slab.i32, slab.f64, geometry, layout.slabBytes);
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

  private touchFrames(count: number): void {
    const start = this.headerAt(0);
    const bytes = new Uint8Array(this.buffer, start, count * this.layout.frameStrideBytes);
    for (let k = 0; k < bytes.length; k += PAGE_BYTES) bytes[k] = 0;
  }
}

/** The error for what can only be if somebody else wrote into the slab. */
export function damaged(what: string): SlabFormatError {
  return new SlabFormatError(`the slab is damaged: ${what}`);
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
