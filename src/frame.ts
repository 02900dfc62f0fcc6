/**
 * `Frame`: the user's view of a frame. One object, one or more references of this thread.
 *
 * Invariants
 * 1. Each object counts its own references: two objects of one thread on the same slot do not
 *    release each other's. An object without a reference left throws `FrameReleasedError`.
 * 2. Writing needs the only reference anywhere (`exclusive`); all else throws `FrameSharedError`.
 *    Bytes cannot be write-protected: a view taken earlier is the holder's own responsibility.
 * 3. An oversize `write` under `oversize: 'external'` moves the frame, as it stands, to memory of its
 *    own; the object stays the same, and its slot goes back to the pool.
 *
 * Used only in the thread that got it. Never blocks.
 */
import {
  ExternalFrameError,
  FrameReleasedError,
  FrameSharedError,
  FrameTooLargeError,
  InvalidOptionError,
  PoolExhaustedError,
} from './errors.js';
import { External, type ExternalFrameMessage } from './external.js';
import { describe, integer } from './slab/geometry.js';
import { HEADER, SEAT } from './slab/layout.js';
import { isSharedBuffer } from './slab/slab.js';
import type { MessageOptions, SlotTable } from './slot-table.js';
import type { Handle } from './words/handle.js';

/** What crosses from thread to thread: a handle, or an external frame's message. */
export type FrameMessage = Handle | ExternalFrameMessage;

/** A class of typed arrays, as `view` takes it. */
export interface TypedArrayClass<T> {
  /** Bytes per element. */
  readonly BYTES_PER_ELEMENT: number;
  /** A view of `length` elements. */
  new (buffer: SharedArrayBuffer, byteOffset: number, length: number): T;
}

/** Node's `Buffer` where its types are known, a plain byte view elsewhere. */
export type NodeBuffer = typeof globalThis extends { Buffer: { prototype: infer B } }
  ? B
  : Uint8Array<SharedArrayBuffer>;

type Field = 'tag' | 'timestamp' | 'sequence';

/** `Symbol.dispose`, also on engines that do not have it yet. */
export const DISPOSE: typeof Symbol.dispose =
  Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose);

/** A frame: bytes in shared memory, and this object's references to them. */
export class Frame {
  private readonly table: SlotTable;
  private name: Handle;
  private count = 1;
  private external: External | undefined;
  private headerView: DataView<SharedArrayBuffer> | undefined;

  /** @internal Made by the pool. */
  constructor(table: SlotTable, handle: Handle, external?: External) {
    this.table = table;
    this.name = handle;
    this.external = external;
  }

  /** The valid bytes in place, for reading. Allocates only when the length has changed. */
  get bytes(): Uint8Array<SharedArrayBuffer> {
    const external = this.alive();
    return external === undefined ? this.table.bytes(this.name) : external.bytes(external.length);
  }

  /** All of the capacity in place, for writing. Throws `FrameSharedError` while shared. */
  get storage(): Uint8Array<SharedArrayBuffer> {
    const external = this.alive();
    if (external === undefined) return this.table.storage(this.name);
    this.requireExclusive(external);
    return external.bytes(external.capacity);
  }

  /** Valid bytes. The setter throws `FrameSharedError`, `FrameTooLargeError`. */
  get length(): number {
    const external = this.alive();
    return external === undefined ? this.table.length(this.name) : external.length;
  }
  set length(value: number) {
    const external = this.alive();
    if (external === undefined) {
      this.table.setLength(this.name, value);
      return;
    }
    this.requireExclusive(external);
    if (Number.isInteger(value) && value > external.capacity) {
      throw new FrameTooLargeError(
        `this external frame holds ${external.capacity} bytes, got ${value}`,
      );
    }
    external.length = integer('length', value, 0, external.capacity);
  }

  /** How many bytes it can hold. */
  get capacity(): number {
    return this.alive()?.capacity ?? this.table.refs.slab.geometry.frameSizeBytes;
  }

  /** References anywhere, messages and lanes included; others may change it at any moment. */
  get refCount(): number {
    return this.alive()?.count ?? this.table.refCount(this.name);
  }

  /** True for a frame in the slab, false for one in memory of its own. */
  get pooled(): boolean {
    return this.external === undefined;
  }

  /** True once this object has no reference left. Never throws. */
  get released(): boolean {
    return this.count === 0;
  }

  /** True if this is the only reference anywhere: writing is allowed. */
  get exclusive(): boolean {
    const external = this.alive();
    return external === undefined ? this.table.exclusive(this.name) : external.count === 1;
  }

  /** When it was captured, in the user's unit and epoch. A new frame has 0. */
  get timestamp(): number {
    return this.getField('timestamp');
  }
  set timestamp(value: number) {
    this.setField('timestamp', value);
  }

  /** Its place in the user's stream: an integer up to 2^53. A new frame has 0. */
  get sequence(): number {
    return this.getField('sequence');
  }
  set sequence(value: number) {
    this.setField('sequence', value);
  }

  /** A signed 32-bit number for the user. A new frame has 0. */
  get tag(): number {
    return this.getField('tag');
  }
  set tag(value: number) {
    this.setField('tag', value);
  }

  /** The user header of `headerBytes` bytes, in place. Its bytes are those of the slot's last user. */
  get header(): DataView<SharedArrayBuffer> {
    const external = this.alive();
    if (external !== undefined) {
      throw new ExternalFrameError('an external frame has no user header');
    }
    const { slab } = this.table.refs;
    const slot = this.table.index(this.name);
    this.headerView ??= new DataView(slab.buffer, slab.headerAt(slot), slab.geometry.headerBytes);
    return this.headerView;
  }

  /** The slot's index, or −1 for an external frame. */
  get slot(): number {
    return this.alive() === undefined ? this.table.index(this.name) : -1;
  }

  /** The frame's handle, or 0 for an external frame. */
  get handle(): Handle {
    return this.alive() === undefined ? this.name : 0;
  }

  /** Where the data begins in `pool.buffer` (an external frame: in its own buffer), in bytes. */
  get byteOffset(): number {
    return this.alive()?.byteOffset ?? this.table.byteOffset(this.name);
  }

  /**
   * Copies bytes in at `offset`; the length becomes `offset + data.byteLength`, and a gap before
   * `offset` is filled with zeros. Throws `FrameSharedError`, `FrameTooLargeError`.
   */
  write(data: ArrayBufferView | ArrayBufferLike, offset = 0): this {
    const source = bytesOf(data);
    integer('offset', offset, 0, Number.MAX_SAFE_INTEGER);
    const end = offset + source.byteLength;
    if (end > this.capacity) this.moveOut(end);
    const storage = this.storage;
    const before = this.length;
    storage.set(source, offset);
    if (offset > before) storage.fill(0, before, offset);
    this.length = end;
    return this;
  }

  /**
   * The valid bytes as another typed array, in place. Throws `InvalidOptionError` if they are not a
   * whole number of elements or do not begin at a multiple of the element's size. Allocates.
   */
  view<T>(type: TypedArrayClass<T>): T {
    const bytes = this.bytes;
    const size = type?.BYTES_PER_ELEMENT;
    if (typeof type !== 'function' || !Number.isInteger(size)) {
      throw new InvalidOptionError(`view takes a class of typed arrays, got ${describe(type)}`);
    }
    if (bytes.byteLength % size !== 0 || bytes.byteOffset % size !== 0) {
      throw new InvalidOptionError(
        `a view of ${size}-byte elements needs a length and an offset that are multiples of ` +
          `${size}, got ${bytes.byteLength} bytes at ${bytes.byteOffset}`,
      );
    }
    return new type(bytes.buffer, bytes.byteOffset, bytes.byteLength / size);
  }

  /** A Node `Buffer` over the valid bytes, no copy. Throws where there is no `Buffer`. */
  buffer(): NodeBuffer {
    const { buffer, byteOffset, byteLength } = this.bytes;
    const maker = (globalThis as { Buffer?: { from(...parts: unknown[]): unknown } }).Buffer;
    if (maker === undefined) {
      throw new InvalidOptionError('this platform has no Buffer: use bytes');
    }
    return maker.from(buffer, byteOffset, byteLength) as NodeBuffer;
  }

  /** A private copy of the valid bytes, for APIs that refuse shared memory. Allocates. */
  copy(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.bytes);
  }

  /** Adds a reference to this object. Throws `RefCountOverflowError`. */
  retain(): this {
    const external = this.alive();
    if (external === undefined) this.table.retain(this.name);
    else external.retain();
    this.count += 1;
    return this;
  }

  /** Ends one of this object's references; true if it was the last one anywhere. */
  release(): boolean {
    if (this.count === 0) throw this.spent();
    const { external } = this;
    if (external === undefined) {
      // The pool may find that the bytes were tampered with; the reference has ended all the same.
      this.count -= 1;
      return this.table.refs.release(this.name);
    }
    this.count -= 1;
    return external.release();
  }

  /** Moves one reference out, as a message; the object is spent if it was its last one. */
  transfer(options?: MessageOptions): FrameMessage {
    const external = this.alive();
    const message =
      external === undefined ? this.table.transfer(this.name, options) : external.message();
    this.count -= 1;
    return message;
  }

  /** Adds a reference for somebody else, as a message; this one stays. */
  share(options?: MessageOptions): FrameMessage {
    const external = this.alive();
    if (external === undefined) return this.table.share(this.name, options);
    external.retain();
    return external.message();
  }

  /**
   * Copy on write: the frame itself if it is exclusive; else a private copy in a new slot, and one
   * reference of this object ends. Throws `PoolExhaustedError`, and then nothing has changed.
   */
  unshare(): Frame {
    if (this.exclusive) return this;
    const copy = this.external === undefined ? this.copyToSlot() : this.copyToMemory(this.external);
    for (const field of ['timestamp', 'sequence', 'tag'] as const) {
      copy.setField(field, this.getField(field));
    }
    this.release();
    return copy;
  }

  /** Releases what is left; nothing to do after the last reference went. */
  [DISPOSE](): void {
    while (this.count > 0) this.release();
  }

  /** @internal The handle, for a channel that is about to send it; throws for an external frame. */
  sendable(table: SlotTable): Handle {
    if (this.alive() !== undefined) {
      throw new ExternalFrameError(
        'a channel carries frames of its pool: send an external frame as a message, see transfer()',
      );
    }
    if (this.table !== table) {
      throw new InvalidOptionError('this frame belongs to another pool than the channel');
    }
    return this.name;
  }

  /** @internal One of this object's references was sent. */
  sent(): void {
    this.count -= 1;
  }

  private getField(field: Field): number {
    return this.alive()?.get(field) ?? this.table.field(this.name, field);
  }

  private setField(field: Field, value: number): void {
    const external = this.alive();
    if (external === undefined) {
      this.table.setField(this.name, field, value);
      return;
    }
    this.requireExclusive(external);
    if (typeof value !== 'number') {
      throw new InvalidOptionError(`${field} must be a number, got ${describe(value)}`);
    }
    external.set(field, value);
  }

  /** The external part, if there is one; throws if this object has no reference left. */
  private alive(): External | undefined {
    if (this.count === 0) throw this.spent();
    return this.external;
  }

  private spent(): FrameReleasedError {
    return new FrameReleasedError(
      `this frame object (handle ${this.name}) has no reference left: it was released, ` +
        'transferred or sent',
    );
  }

  private requireExclusive(external: External): void {
    if (external.count === 1) return;
    throw new FrameSharedError(
      `this external frame has ${external.count} references: writing needs the only one`,
    );
  }

  private identity(): number {
    return this.table.refs.slab.i32[HEADER.identity] as number;
  }

  /** Moves the frame to memory of its own with room for `capacity` bytes; the slot goes back. */
  private moveOut(capacity: number): void {
    const { refs } = this.table;
    if (refs.slab.geometry.oversize === 'throw') throw this.table.tooLarge(capacity);
    const old = this.bytes;
    if (!this.exclusive)
      throw new FrameSharedError('a shared frame cannot be moved to be enlarged');
    const moved = External.create(new SharedArrayBuffer(capacity), 0, capacity, this.identity());
    moved.bytes(old.length).set(old);
    moved.length = old.length;
    for (const field of ['timestamp', 'sequence', 'tag'] as const) {
      moved.set(field, this.getField(field));
    }
    const at = (refs.seats.at(refs.seat) + SEAT.oversize) >> 1;
    refs.slab.f64[at] = (refs.slab.f64[at] as number) + 1;
    if (this.external === undefined) refs.release(this.name);
    else this.external.release();
    this.external = moved;
    this.name = 0;
  }

  private copyToSlot(): Frame {
    const handle = this.table.acquire();
    if (handle === 0) throw new PoolExhaustedError('no slot is free for the private copy');
    const copy = new Frame(this.table, handle);
    return copy.write(this.bytes);
  }

  private copyToMemory(external: External): Frame {
    const buffer = new SharedArrayBuffer(external.capacity);
    const copy = External.create(buffer, 0, external.capacity, this.identity());
    copy.bytes(external.length).set(external.bytes(external.length));
    copy.length = external.length;
    return new Frame(this.table, 0, copy);
  }
}

function bytesOf(data: ArrayBufferView | ArrayBufferLike): Uint8Array {
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (data instanceof ArrayBuffer || isSharedBuffer(data)) return new Uint8Array(data);
  throw new InvalidOptionError(
    `write takes a typed array, a DataView, an ArrayBuffer or a SharedArrayBuffer, got ` +
      describe(data),
  );
}
