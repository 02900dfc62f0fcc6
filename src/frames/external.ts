/**
 * External frames: memory of their own, never pooled, counted in a control word of their own.
 *
 *   control block, 64 bytes: references · in flight · length · tag | timestamp | sequence |
 *   identity
 *
 * Invariants
 * 1. The count lives in the control block, not in the slab: there is no ledger, so what a dead
 *    thread held of an external frame is not given back. Its memory is the garbage collector's.
 * 2. A message adds to "in flight"; adoption takes from it by compare-exchange, so a second
 *    adoption of one message is refused.
 * 3. Every change is atomic: external frames are rare, and correctness is all they need.
 *
 * Any thread that has the object or adopts its message. Never blocks.
 */
import {
  FrameReleasedError,
  FrameSharedError,
  FrameTooLargeError,
  RefCountOverflowError,
  StaleHandleError,
} from '../errors.js';
import { describe, type Field, FRAME_SIZE_MAX, integer, numeric } from '../slab/geometry.js';
import { isSharedBuffer } from '../slab/slab.js';
import { copyView } from './views.js';

/** The message of an external frame: structured-cloneable. */
export interface ExternalFrameMessage {
  /** Marks the shape. */
  readonly frameslab: 'external-frame';
  /** The frame's memory. */
  readonly buffer: SharedArrayBuffer;
  /** Where in `buffer` it begins, in bytes. */
  readonly byteOffset: number;
  /** How many bytes it can hold. */
  readonly capacity: number;
  /** The control block. */
  readonly control: SharedArrayBuffer;
}

const REFERENCES = 0;
const IN_FLIGHT = 1;
const LENGTH = 2;
const TAG = 3;
const TIMESTAMP = 2;
const SEQUENCE = 3;
const IDENTITY = 8;
const CONTROL_BYTES = 64;
const COUNT_MAX = 0x7fff_fffe;

/** One piece of external memory with its control block, as one thread sees it. */
export class External {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly capacity: number;
  /** The user header, behind the control block. */
  readonly header: DataView<SharedArrayBuffer>;
  private readonly control: SharedArrayBuffer;
  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly f64: Float64Array<SharedArrayBuffer>;

  private constructor(
    buffer: SharedArrayBuffer,
    byteOffset: number,
    capacity: number,
    control: SharedArrayBuffer,
  ) {
    this.buffer = buffer;
    this.byteOffset = byteOffset;
    this.capacity = capacity;
    this.control = control;
    this.i32 = new Int32Array(control, 0, CONTROL_BYTES / 4);
    this.f64 = new Float64Array(control, 0, CONTROL_BYTES / 8);
    this.header = new DataView(control, CONTROL_BYTES);
  }

  /** New, with one reference. `identity` is the pool's, so that no other pool adopts it. */
  static create(
    buffer: SharedArrayBuffer,
    byteOffset: number,
    capacity: number,
    identity: number,
    headerBytes: number,
  ): External {
    const control = new SharedArrayBuffer(CONTROL_BYTES + headerBytes);
    const external = new External(buffer, byteOffset, capacity, control);
    external.i32[REFERENCES] = 1;
    external.i32[LENGTH] = capacity;
    external.i32[IDENTITY] = identity;
    return external;
  }

  /** New memory with room for `capacity` bytes that begins with these. Allocates. */
  static copyOf(bytes: Uint8Array, capacity: number, identity: number, header: DataView): External {
    const memory = memoryOf(capacity);
    const copy = External.create(memory, 0, capacity, identity, header.byteLength);
    copy.bytes(bytes.length).set(bytes);
    copyView(header, copy.header);
    copy.setLength(bytes.length);
    return copy;
  }

  /** Takes over the reference that a message carries; throws `StaleHandleError`. */
  static adopt(message: unknown, identity: number, headerBytes: number): External {
    const parts = message as Partial<ExternalFrameMessage> | null;
    const fits =
      typeof parts === 'object' &&
      parts !== null &&
      parts.frameslab === 'external-frame' &&
      isSharedBuffer(parts.buffer) &&
      isSharedBuffer(parts.control) &&
      parts.control.byteLength >= CONTROL_BYTES &&
      isPart(parts.byteOffset, parts.buffer.byteLength) &&
      isPart(parts.capacity, parts.buffer.byteLength - parts.byteOffset);
    if (!fits) {
      throw new StaleHandleError(
        `a frame message is a handle or an external frame's message, got ${describe(message)}`,
      );
    }
    const whole = parts as ExternalFrameMessage;
    const external = new External(whole.buffer, whole.byteOffset, whole.capacity, whole.control);
    if (external.i32[IDENTITY] !== identity || external.header.byteLength !== headerBytes) {
      throw new StaleHandleError('this external frame belongs to another pool');
    }
    if (!external.takeFlight()) {
      throw new StaleHandleError('this message of an external frame was adopted already');
    }
    return external;
  }

  /** References anywhere, messages included. */
  get count(): number {
    return Atomics.load(this.i32, REFERENCES);
  }

  /** Valid bytes, 0 to capacity. */
  get length(): number {
    return Math.min(this.capacity, Math.max(0, this.i32[LENGTH] as number));
  }

  /** Sets the number of valid bytes. Throws `FrameSharedError`, `FrameTooLargeError`. */
  setLength(value: number): void {
    this.requireExclusive();
    if (Number.isInteger(value) && value > this.capacity) {
      throw new FrameTooLargeError(
        `this external frame holds ${this.capacity} bytes, got ${value}`,
      );
    }
    this.i32[LENGTH] = integer('length', value, 0, this.capacity);
  }

  /** All of the capacity, for writing. Throws `FrameSharedError`. Allocates. */
  storage(): Uint8Array<SharedArrayBuffer> {
    this.requireExclusive();
    return this.bytes(this.capacity);
  }

  /** A header field. */
  field(field: Field): number {
    if (field === 'tag') return this.i32[TAG] as number;
    return this.f64[field === 'timestamp' ? TIMESTAMP : SEQUENCE] as number;
  }

  /** Sets a header field. Throws `FrameSharedError`, `InvalidOptionError`. */
  setField(field: Field, value: number): void {
    this.requireExclusive();
    if (field === 'tag') this.i32[TAG] = integer('tag', value, -0x8000_0000, 0x7fff_ffff);
    else this.f64[field === 'timestamp' ? TIMESTAMP : SEQUENCE] = numeric(field, value);
  }

  /** Adds a reference; throws `RefCountOverflowError`. */
  retain(): void {
    for (;;) {
      const count = Atomics.load(this.i32, REFERENCES);
      if (count <= 0) throw new FrameReleasedError('this external frame was released already');
      if (count >= COUNT_MAX) {
        throw new RefCountOverflowError(`an external frame can have ${COUNT_MAX} references`);
      }
      if (Atomics.compareExchange(this.i32, REFERENCES, count, count + 1) === count) return;
      // Lost the race: another reference came or went.
    }
  }

  /** Ends a reference; true if it was the last one. */
  release(): boolean {
    return Atomics.sub(this.i32, REFERENCES, 1) === 1;
  }

  /** The message that carries one reference, which the caller has counted. */
  message(): ExternalFrameMessage {
    Atomics.add(this.i32, IN_FLIGHT, 1);
    const { buffer, byteOffset, capacity, control } = this;
    return { frameslab: 'external-frame', buffer, byteOffset, capacity, control };
  }

  /** A view of the first `length` bytes. Allocates. */
  bytes(length: number): Uint8Array<SharedArrayBuffer> {
    return new Uint8Array(this.buffer, this.byteOffset, length);
  }

  private requireExclusive(): void {
    if (this.count === 1) return;
    throw new FrameSharedError(
      `this external frame has ${this.count} references: writing needs the only one`,
    );
  }

  private takeFlight(): boolean {
    for (;;) {
      const flights = Atomics.load(this.i32, IN_FLIGHT);
      if (flights <= 0) return false;
      if (Atomics.compareExchange(this.i32, IN_FLIGHT, flights, flights - 1) === flights)
        return true;
      // Lost the race: somebody else adopted or sent.
    }
  }
}

function isPart(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}

function memoryOf(bytes: number): SharedArrayBuffer {
  try {
    if (bytes <= FRAME_SIZE_MAX) return new SharedArrayBuffer(bytes);
  } catch {
    // the sentence below says it
  }
  throw new FrameTooLargeError(
    `a frame of ${bytes} bytes is more than ${FRAME_SIZE_MAX}, or more than this engine gives`,
  );
}
