/**
 * `pool.slots`: the life of a frame in plain integers, without an object per frame.
 *
 * Invariants
 * 1. As safe as `Frame`: every method checks its handle against ledger and word before it acts.
 * 2. Integer methods allocate nothing; `bytes` and `storage` keep one view per slot and make a new
 *    one only when the length has changed.
 * 3. Writing needs the only reference: `storage`, `setLength` and the setters throw
 *    `FrameSharedError` otherwise.
 *
 * The seat's own thread only. Never blocks.
 */
import { FrameSharedError, InvalidOptionError } from '../errors.js';
import { ANYBODY, adopt, revoke, share, transfer } from '../references/messages.js';
import type { References } from '../references/references.js';
import { closedError } from '../references/refusal.js';
import { describe, type Field, integer, numeric } from '../slab/geometry.js';
import { HEADER, SEAT, SLOT } from '../slab/layout.js';
import type { Handle } from '../words/handle.js';
import { generationOf } from '../words/slot-word.js';
import { tooLargeError } from './faults.js';

/** Where a message goes. */
export interface MessageOptions {
  /**
   * The seat of the thread that will adopt it; if that thread dies first, the message comes back.
   * A seat in which nobody sits is an `InvalidOptionError`. Default: whoever adopts first.
   */
  readonly to?: number;
}

/**
 * The integer API of a pool, for the thread whose pool it is. Nothing blocks, and nothing allocates
 * but where it says so. A handle that names no reference of this thread is a `StaleHandleError`, an
 * argument of the wrong type or range an `InvalidOptionError`; after `pool.close()` each method
 * throws `PoolClosedError`. With `guard: 'verify'` acquiring, writing, sharing and releasing may
 * throw `FrameModifiedError`; what was to be released is released all the same.
 */
export class SlotTable {
  /** @internal */
  readonly refs: References;
  /** @internal Frame objects are watched for leaks. */
  readonly traced: boolean;
  private readonly frameSizeBytes: number;
  private readonly views: (Uint8Array<SharedArrayBuffer> | undefined)[] = [];
  private readonly rooms: (Uint8Array<SharedArrayBuffer> | undefined)[] = [];
  private readonly headers: (DataView<SharedArrayBuffer> | undefined)[] = [];

  /** @internal */
  constructor(refs: References) {
    this.refs = refs;
    this.acquire = refs.acquire;
    this.retain = refs.retain;
    this.release = refs.release;
    this.traced = refs.trace.active;
    this.frameSizeBytes = refs.slab.geometry.frameSizeBytes;
  }

  /**
   * Takes a free slot. Answers its handle, or 0 if none is free now; the length is 0 bytes.
   * Allocates nothing; never blocks. Throws `PoolClosedError`.
   */
  readonly acquire: () => Handle;

  /**
   * Takes as many free slots as `into` has elements, all or none, and writes their handles there.
   * False if there are not enough. Throws `InvalidOptionError` for anything but an Int32Array.
   */
  acquireMany(into: Int32Array): boolean {
    return this.refs.acquireMany(handlesOf('into', into), into.length);
  }

  /** Adds a reference. Throws `StaleHandleError`, `RefCountOverflowError`. */
  readonly retain: (handle: Handle) => void;

  /** Ends a reference; true if it was the last one anywhere. Throws `StaleHandleError`. */
  readonly release: (handle: Handle) => boolean;

  /**
   * Ends one reference for each of the first `count` handles of `from` (default: all); answers how
   * many were the last ones. Checks all of them first: a stale one throws and nothing is released.
   */
  releaseMany(from: Int32Array, count?: number): number {
    const handles = handlesOf('from', from);
    const all = handles.length;
    return this.refs.releaseMany(
      handles,
      count === undefined ? all : integer('count', count, 0, all),
    );
  }

  /** Moves a reference out, as a message that one `adopt` takes over. Throws `StaleHandleError`. */
  transfer(handle: Handle, options?: MessageOptions): Handle {
    return transfer(this.refs, handle, this.addressee(options));
  }

  /**
   * Adds a reference for somebody else, as a message; this thread keeps its own. Throws
   * `RefCountOverflowError`.
   */
  share(handle: Handle, options?: MessageOptions): Handle {
    return share(this.refs, handle, this.addressee(options));
  }

  /**
   * Takes over the reference that a message carries. Throws `StaleHandleError` if there is none.
   */
  adopt(message: Handle): Handle {
    return adopt(this.refs, message);
  }

  /** Ends a message that nobody will adopt; false: too late. Throws `StaleHandleError`. */
  revoke(message: Handle): boolean {
    return revoke(this.refs, message);
  }

  /** References anywhere, messages and lanes included. Others may change it at any moment. */
  refCount(handle: Handle): number {
    return this.refs.countOf(this.refs.check(handle));
  }

  /** True if this thread's one reference is the only one anywhere: writing is allowed. */
  exclusive(handle: Handle): boolean {
    return this.refs.isSole(this.refs.check(handle));
  }

  /** Valid bytes. */
  length(handle: Handle): number {
    return this.lengthAt(this.refs.check(handle));
  }

  /** Makes `length` bytes valid. Throws `FrameTooLargeError`, `FrameSharedError`. */
  setLength(handle: Handle, length: number): void {
    const slot = this.writable(handle);
    this.refs.slab.i32[this.refs.rowOf(slot) + SLOT.length] = this.checkedLength(length);
  }

  /** The valid bytes in place, for reading. Allocates only when the slot's length has changed. */
  bytes(handle: Handle): Uint8Array<SharedArrayBuffer> {
    const slot = this.refs.check(handle);
    const length = this.lengthAt(slot);
    const view = this.views[slot];
    if (view !== undefined && view.length === length) return view;
    const made = this.refs.slab.bytesOf(slot, length);
    this.views[slot] = made;
    return made;
  }

  /**
   * All of the capacity in place, for writing. Allocates at the first use of a slot. Throws
   * `FrameSharedError` while shared.
   */
  storage(handle: Handle): Uint8Array<SharedArrayBuffer> {
    const slot = this.writable(handle);
    const room = this.rooms[slot];
    if (room !== undefined) return room;
    const made = this.refs.slab.bytesOf(slot, this.frameSizeBytes);
    this.rooms[slot] = made;
    return made;
  }

  /** @internal The user header in place; one view per slot. */
  headerOf(handle: Handle): DataView<SharedArrayBuffer> {
    const slot = this.refs.check(handle);
    const known = this.headers[slot];
    if (known !== undefined) return known;
    const { buffer, geometry } = this.refs.slab;
    const made = new DataView(buffer, this.refs.slab.headerAt(slot), geometry.headerBytes);
    this.headers[slot] = made;
    return made;
  }

  /** Where the frame's data begins in `pool.buffer`: a pointer, inside WebAssembly memory. */
  byteOffset(handle: Handle): number {
    return this.refs.slab.dataAt(this.refs.check(handle));
  }

  /** The slot's index, 0 to slots − 1. */
  index(handle: Handle): number {
    return this.refs.check(handle);
  }

  /** @internal A header field of a slot, for reading. */
  field(handle: Handle, field: Field): number {
    const at = this.refs.rowOf(this.refs.check(handle)) + SLOT[field];
    const { i32, f64 } = this.refs.slab;
    return (field === 'tag' ? i32[at] : f64[at >> 1]) as number;
  }

  /** @internal Sets a header field. Throws `FrameSharedError` while shared. */
  setField(handle: Handle, field: Field, value: number): void {
    const at = this.refs.rowOf(this.writable(handle)) + SLOT[field];
    const { i32, f64 } = this.refs.slab;
    if (field === 'tag') i32[at] = integer('tag', value, -0x8000_0000, 0x7fff_ffff);
    else f64[at >> 1] = numeric(field, value);
  }

  /** @internal The slot, if this thread may write to it. */
  writable(handle: Handle): number {
    const slot = this.refs.check(handle);
    if (!this.refs.isSole(slot)) throw this.sharedError(slot);
    if (this.refs.guard.active) this.refs.guard.thaw(slot);
    return slot;
  }

  /** @internal The length, if it fits; throws otherwise. */
  checkedLength(length: number): number {
    if (Number.isInteger(length) && length >= 0 && length <= this.frameSizeBytes) return length;
    if (Number.isInteger(length) && length > this.frameSizeBytes)
      throw tooLargeError(this.frameSizeBytes, length);
    throw new InvalidOptionError(
      `length must be an integer from 0 to ${this.frameSizeBytes} bytes, got ${describe(length)}`,
    );
  }

  /** @internal What tells this slab from others. */
  get identity(): number {
    return this.refs.slab.i32[HEADER.identity] as number;
  }

  /** @internal Bytes of user header per frame. */
  get headerBytes(): number {
    return this.refs.slab.geometry.headerBytes;
  }

  /** @internal Throws unless frames of this pool may move to memory of their own. */
  requireOversize(capacity: number, length: number): void {
    if (this.refs.closed) throw closedError();
    if (this.refs.slab.geometry.oversize === 'throw') throw tooLargeError(capacity, length);
  }

  /** @internal One frame moved to memory of its own. */
  countOversize(): void {
    const at = (this.refs.seats.at(this.refs.seat) + SEAT.oversize) >> 1;
    const { f64 } = this.refs.slab;
    f64[at] = (f64[at] as number) + 1;
  }

  private lengthAt(slot: number): number {
    const length = this.refs.slab.i32[this.refs.rowOf(slot) + SLOT.length] as number;
    // Bounded again: a scribbled slab must not lead outside the frame.
    return length >= 0 && length <= this.frameSizeBytes ? length : 0;
  }

  private addressee(options: MessageOptions | undefined): number {
    if (options?.to === undefined) return ANYBODY;
    return integer('to (a seat)', options.to, 0, this.refs.seats.count - 1);
  }

  private sharedError(slot: number): FrameSharedError {
    return new FrameSharedError(
      `slot ${slot}, generation ${generationOf(this.refs.wordOf(slot))}, has ` +
        `${this.refs.countOf(slot)} references: writing needs the only one, see unshare()`,
    );
  }
}

function handlesOf(name: string, value: Int32Array): Int32Array {
  if (value instanceof Int32Array) return value;
  throw new InvalidOptionError(`${name} must be an Int32Array, got ${describe(value)}`);
}
