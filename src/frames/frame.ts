/**
 * `Frame`: the user's view of a frame. One object, one or more references of this thread.
 *
 * Invariants
 * 1. Each object counts its own references: two of one thread do not release each other's.
 * 2. Writing needs the only reference anywhere (`exclusive`); all else throws `FrameSharedError`.
 *    Bytes cannot be write-protected: a view taken earlier is the holder's own responsibility.
 * 3. An oversize `write` under `oversize: 'external'` moves the frame to memory of its own.
 * Used only in the thread that got it. Never blocks. (One class: V8 makes derived ones slowly.)
 */
import { PoolExhaustedError } from '../errors.js';
import { type Field, integer } from '../slab/geometry.js';
import type { Handle } from '../words/handle.js';
import { External, type ExternalFrameMessage } from './external.js';
import * as faults from './faults.js';
import { unwatchForLeak, watchForLeak } from './leaks.js';
import type { MessageOptions, SlotTable } from './slot-table.js';
import type { NodeBuffer, SharedView, TypedArrayClass } from './views.js';
import { bufferOver, bytesOf, copyView, DISPOSE, viewOf } from './views.js';

/** What crosses from thread to thread: a handle, or an external frame's message. */
export type FrameMessage = Handle | ExternalFrameMessage;

/** The fields that a private copy takes along. */
const FIELDS: readonly Field[] = ['tag', 'timestamp', 'sequence'];

/**
 * A frame: bytes in shared memory, and this object's references to them, for the thread that got
 * it. Nothing blocks; what allocates says so. Once its references are used up, all but `pooled`,
 * `released` and disposal throw `FrameReleasedError`; if they were ended behind its back, through
 * `pool.slots`: `StaleHandleError`, `PoolClosedError`. Bad arguments are an `InvalidOptionError`.
 * With `guard: 'verify'` writing, sharing and releasing may throw `FrameModifiedError`.
 */
export class Frame {
  private readonly table: SlotTable;
  private name: Handle;
  private count = 1;
  private external: External | undefined;

  /** @internal Made by the pool. */
  constructor(table: SlotTable, handle: Handle, external?: External) {
    this.table = table;
    this.name = handle;
    this.external = external;
    if (table.traced) watchForLeak(this, handle, table.refs);
  }

  /** The valid bytes in place, for reading. Allocates if the length changed, or off the slab. */
  get bytes(): Uint8Array<SharedArrayBuffer> {
    const external = this.alive();
    return external === undefined ? this.table.bytes(this.name) : external.bytes(external.length);
  }

  /** All of the capacity in place, for writing. Allocates once. Throws `FrameSharedError`. */
  get storage(): Uint8Array<SharedArrayBuffer> {
    const external = this.alive();
    if (external === undefined) return this.table.storage(this.name);
    return external.storage();
  }

  /** How many bytes are valid. The setter throws `FrameSharedError`, `FrameTooLargeError`. */
  get length(): number {
    const external = this.alive();
    return external === undefined ? this.table.length(this.name) : external.length;
  }
  set length(value: number) {
    const external = this.alive();
    if (external === undefined) this.table.setLength(this.name, value);
    else external.setLength(value);
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

  /** When it was captured, in the user's unit; at first 0. Setting throws `FrameSharedError`. */
  get timestamp(): number {
    return this.getField('timestamp');
  }
  set timestamp(value: number) {
    this.setField('timestamp', value);
  }

  /** Its place in the stream, up to 2^53; at first 0. Setting throws `FrameSharedError`. */
  get sequence(): number {
    return this.getField('sequence');
  }
  set sequence(value: number) {
    this.setField('sequence', value);
  }

  /** A signed 32-bit number for the user; at first 0. Setting throws `FrameSharedError`. */
  get tag(): number {
    return this.getField('tag');
  }
  set tag(value: number) {
    this.setField('tag', value);
  }

  /** The user header of `headerBytes` bytes in place, as the last user left it. Allocates once. */
  get header(): DataView<SharedArrayBuffer> {
    const external = this.alive();
    return external === undefined ? this.table.headerOf(this.name) : external.header;
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
   * Copies bytes in at `offset`; the length becomes `offset + data.byteLength`, a gap is zeroed.
   * Allocates if it leaves the slab. Throws `FrameSharedError`, `FrameTooLargeError`.
   */
  write(data: ArrayBufferView | ArrayBufferLike, offset = 0): this {
    const source = bytesOf(data);
    integer('offset', offset, 0, Number.MAX_SAFE_INTEGER);
    const end = offset + source.byteLength;
    if (end > this.capacity) {
      this.moveOut(source, offset, end);
      return this;
    }
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
  view<T>(type: TypedArrayClass<T>): SharedView<T> {
    return viewOf(this.bytes, type);
  }

  /** A Node `Buffer` over the valid bytes: no copy, but it allocates. Throws if there is none. */
  buffer(): NodeBuffer {
    return bufferOver(this.bytes);
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
    const external = this.alive();
    // First: the guard may find the bytes tampered with, and the reference has ended all the same.
    this.spend();
    return external === undefined ? this.table.release(this.name) : external.release();
  }

  /** Moves one reference out, as a message; may spend the object. Allocates off the slab only. */
  transfer(options?: MessageOptions): FrameMessage {
    const external = this.alive();
    const message =
      external === undefined ? this.table.transfer(this.name, options) : external.message();
    this.spend();
    return message;
  }

  /** A message with a reference more; allocates like `transfer`. Throws `RefCountOverflowError`. */
  share(options?: MessageOptions): FrameMessage {
    const external = this.alive();
    if (external === undefined) return this.table.share(this.name, options);
    external.retain();
    return external.message();
  }

  /**
   * Copy on write: the frame itself if it is exclusive; else a private copy in a new slot, and one
   * reference of this object ends. Allocates. Throws `PoolExhaustedError` and changes nothing.
   */
  unshare(): Frame {
    if (this.exclusive) return this;
    const copy = this.copied();
    for (const field of FIELDS) copy.setField(field, this.getField(field));
    this.release();
    return copy;
  }

  /** Releases what is left; nothing to do after the last reference went. */
  [DISPOSE](): void {
    while (this.count > 0) this.release();
  }

  /** @internal The handle, for a channel that is about to send it; throws for an external frame. */
  sendable(table: SlotTable): Handle {
    if (this.alive() !== undefined) throw faults.externalInChannelError();
    if (this.table !== table) throw faults.foreignFrameError();
    return this.name;
  }

  /** @internal One of this object's references was sent. */
  sent(): void {
    this.spend();
  }

  private getField(field: Field): number {
    return this.alive()?.field(field) ?? this.table.field(this.name, field);
  }

  private setField(field: Field, value: number): void {
    const external = this.alive();
    if (external === undefined) this.table.setField(this.name, field, value);
    else external.setField(field, value);
  }

  /** The external part, if there is one; throws if this object has no reference left. */
  private alive(): External | undefined {
    if (this.count > 0) return this.external;
    throw faults.spentError(this.name);
  }

  /** Moves the frame to memory of its own, as a write at `offset` leaves it; the slot goes back. */
  private moveOut(source: Uint8Array, offset: number, end: number): void {
    const { table, external, name } = this;
    table.requireOversize(this.capacity, end);
    if (!this.exclusive) throw faults.sharedMoveError();
    if (external === undefined) table.writable(name); // the guard objects before anything moves
    const moved = External.copyOf(this.bytes, end, table.identity, this.header);
    moved.bytes(end).set(source, offset); // before the slot goes back: it may be the source
    for (const field of FIELDS) moved.setField(field, this.getField(field));
    moved.setLength(end);
    this.external = moved;
    this.name = 0;
    table.countOversize();
    if (external === undefined) table.release(name);
    else external.release();
  }

  private spend(): void {
    this.count -= 1;
    if (this.table.traced && this.count === 0) unwatchForLeak(this);
  }

  private copied(): Frame {
    const { external, table } = this;
    const bytes = this.bytes;
    if (external !== undefined) {
      const { capacity, header } = external;
      return new Frame(table, 0, External.copyOf(bytes, capacity, table.identity, header));
    }
    const handle = table.acquire();
    if (handle === 0) throw new PoolExhaustedError('no slot is free for the private copy');
    const copy = new Frame(table, handle).write(bytes);
    copyView(this.header, copy.header);
    return copy;
  }
}
