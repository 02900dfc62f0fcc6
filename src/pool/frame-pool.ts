/**
 * `FramePool`: the facade. It owns no words: it checks arguments and asks the files below.
 *
 * Invariant: one pool object per thread and slab (and copy of the library), however it was come by.
 *
 * The object belongs to the thread that made it; other threads attach. What blocks says so.
 */

import { InvalidOptionError, StaleHandleError } from '../errors.js';
import { External } from '../frames/external.js';
import { Frame, type FrameMessage } from '../frames/frame.js';
import type { SlotTable } from '../frames/slot-table.js';
import { DISPOSE } from '../frames/views.js';
import { type AuditReport, auditOf } from '../inspect/audit.js';
import { type InspectOptions, inspectOf, type SlotReport } from '../inspect/report.js';
import { type PoolStats, statsOf } from '../inspect/stats.js';
import { FreeList } from '../protocol/free-list.js';
import { type ReclaimReport, reclaim, settleAll } from '../references/reclaim.js';
import type { References } from '../references/references.js';
import { closedError } from '../references/refusal.js';
import type { FramePoolOptions } from '../slab/geometry.js';
import { describe, FRAME_SIZE_MAX, geometryOf, integer } from '../slab/geometry.js';
import { layoutOf } from '../slab/layout.js';
import { isSharedBuffer, Slab } from '../slab/slab.js';
import { checkWait, timeoutOf, type WaitOptions } from '../waiting/waiting.js';
import { Attachment } from './attachment.js';
import { FrameChannel } from './channel.js';
import { openNamed } from './named.js';
import { type WatchableThread, watchThread } from './watch.js';

/** What another thread needs to attach: structured-cloneable. */
export interface FramePoolRef {
  /** Marks the shape. */
  readonly frameslab: 'pool';
  /** The memory that the slab lies in. */
  readonly buffer: SharedArrayBuffer;
  /** Where in it the slab begins, in bytes. */
  readonly byteOffset: number;
}

/**
 * A pool of frames in one slab, as one thread uses it. Only `acquireSync` blocks; what allocates
 * says so. Bad arguments are an `InvalidOptionError`; after `close()` all but constants and `ref`
 * throw `PoolClosedError`. `guard: 'verify'` adds `FrameModifiedError` to acquire, revoke, close.
 */
export class FramePool {
  /** The integer API: no object per frame. */
  readonly slots: SlotTable;
  /** The memory that the slab lies in. */
  readonly buffer: SharedArrayBuffer;
  /** Where in `buffer` the slab begins, in bytes. */
  readonly byteOffset: number;
  /** Bytes that one frame can hold. */
  readonly frameSizeBytes: number;
  /** Frames that can always be held at once. */
  readonly frames: number;
  /** Threads that can be attached at once. */
  readonly threadsMax: number;
  /** This thread's seat in the slab. */
  readonly seat: number;

  private readonly attachment: Attachment;
  private readonly channels = new Map<string, FrameChannel>();

  private constructor(attachment: Attachment) {
    const { slab } = attachment;
    this.attachment = attachment;
    this.slots = attachment.slots;
    this.buffer = slab.buffer;
    this.byteOffset = slab.byteOffset;
    this.frameSizeBytes = slab.geometry.frameSizeBytes;
    this.frames = slab.geometry.frames;
    this.threadsMax = slab.geometry.threadsMax;
    this.seat = attachment.refs.seat;
    attachment.pools.set(FramePool, this);
  }

  /**
   * Cuts a new slab and takes its first seat. Allocates the whole slab; makes the preallocated
   * frames resident. Throws `SharedMemoryUnavailableError`, `SeatsExhaustedError`.
   */
  static create(options: FramePoolOptions = {}): FramePool {
    const geometry = geometryOf(options);
    const slab = Slab.create(geometry, options.buffer, options.byteOffset);
    FreeList.fill(slab);
    return FramePool.at(slab);
  }

  /** How many bytes a slab with these options takes: for `buffer` and `byteOffset`. */
  static slabBytes(options: FramePoolOptions = {}): number {
    return layoutOf(geometryOf(options)).slabBytes;
  }

  /**
   * Attaches this thread to a slab; a bare buffer as `source` means `byteOffset` 0. Allocates; a
   * second call answers the same object. Throws as `create` does, and `SlabFormatError`.
   */
  static attach(source: FramePoolRef | SharedArrayBuffer): FramePool {
    if (isSharedBuffer(source)) return FramePool.at(Slab.attach(source, 0));
    const ref = source as Partial<FramePoolRef> | null;
    if (typeof ref !== 'object' || ref === null || ref.frameslab !== 'pool') {
      throw new InvalidOptionError(
        `attach takes a pool.ref or a SharedArrayBuffer, got ${describe(source)}`,
      );
    }
    return FramePool.at(Slab.attach(ref.buffer as SharedArrayBuffer, ref.byteOffset as number));
  }

  /**
   * The pool of this name, process-wide. The main thread gets or creates it; a worker that started
   * after that gets it with no plumbing. Allocates. Throws `PoolNotFoundError` in a worker that
   * cannot know it, `InvalidOptionError` if it has other options, and as `create`, as `attach` do.
   */
  static open(name: string, options?: FramePoolOptions): FramePool {
    return openNamed(name, options, {
      create: (wanted) => FramePool.create(wanted),
      attach: (ref: FramePoolRef) => FramePool.attach(ref),
      geometryOf: (ref) => Slab.attach(ref.buffer, ref.byteOffset).geometry,
    });
  }

  private static at(slab: Slab): FramePool {
    const attachment = Attachment.of(slab);
    const known = attachment.pools.get(FramePool) as FramePool | undefined;
    return known ?? new FramePool(attachment);
  }

  /** What another thread needs to attach: for `workerData` or a message. Allocates. */
  get ref(): FramePoolRef {
    return { frameslab: 'pool', buffer: this.buffer, byteOffset: this.byteOffset };
  }

  /**
   * A frame if one is free now, else `undefined`. `length` is its initial length in bytes (default
   * 0); its bytes are those of the slot's last user. Never blocks. Allocates one small object.
   * Throws `FrameTooLargeError`.
   */
  tryAcquire(length?: number): Frame | undefined {
    const { slots } = this;
    if (length !== undefined) slots.checkedLength(length);
    const handle = slots.acquire();
    if (handle === 0) return undefined;
    if (length !== undefined && length !== 0) slots.setLength(handle, length);
    return new Frame(slots, handle);
  }

  /**
   * Blocks this thread until a frame is free. Allocates and throws as `tryAcquire` does; throws
   * `TimeoutError` after `timeoutMs` (default never), `PoolExhaustedError` on a page's main thread.
   */
  acquireSync(length?: number, timeoutMs?: number): Frame {
    timeoutOf(timeoutMs);
    const now = this.tryAcquire(length);
    if (now !== undefined) return now;
    const { waiting, acquiring } = this.attachment;
    acquiring.count();
    return this.framed(waiting.waitSync(acquiring, timeoutMs), length);
  }

  /**
   * Resolves to a frame as soon as one is free; keeps the event loop alive until then. Rejects with
   * `TimeoutError`, with the signal's reason, and as `tryAcquire` throws. First come, first served
   * among all that wait. Allocates.
   */
  async acquire(length?: number, options?: WaitOptions): Promise<Frame> {
    checkWait(options);
    const { waiting, acquiring } = this.attachment;
    if (length !== undefined) this.slots.checkedLength(length);
    const now = waiting.queues(acquiring) ? undefined : this.tryAcquire(length);
    if (now !== undefined) return now;
    acquiring.count();
    return this.framed(await waiting.waitAsync(acquiring, options), length);
  }

  /** `count` frames or `undefined`, else as `tryAcquire` does. Allocates. */
  acquireMany(count: number, length?: number): Frame[] | undefined {
    integer('count', count, 0, this.attachment.slab.layout.slots);
    if (length !== undefined) this.slots.checkedLength(length);
    const handles = new Int32Array(count);
    if (!this.slots.acquireMany(handles)) return undefined;
    return Array.from(handles, (handle) => this.framed(handle, length));
  }

  /**
   * Takes over the reference that a message carries. Allocates the frame object. Throws
   * `StaleHandleError` if it was adopted or revoked already, is for another seat, or no message.
   */
  adopt(message: FrameMessage): Frame {
    if (typeof message === 'number') return new Frame(this.slots, this.slots.adopt(message));
    this.requireOpen();
    return new Frame(this.slots, 0, this.external(message));
  }

  /** Ends a message. False: too late. Throws `StaleHandleError` for what is no message. */
  revoke(message: FrameMessage): boolean {
    if (typeof message === 'number') return this.slots.revoke(message);
    this.requireOpen();
    try {
      this.external(message).release();
      return true;
    } catch (fault) {
      if (fault instanceof StaleHandleError && isMessage(message)) return false;
      throw fault;
    }
  }

  /** `length` bytes of `buffer` from `byteOffset` on as a frame, never pooled. Allocates. */
  wrap(buffer: SharedArrayBuffer, byteOffset = 0, length?: number): Frame {
    this.requireOpen();
    if (!isSharedBuffer(buffer)) {
      throw new InvalidOptionError(`wrap takes a SharedArrayBuffer, got ${describe(buffer)}`);
    }
    integer('byteOffset', byteOffset, 0, buffer.byteLength);
    const room = buffer.byteLength - byteOffset;
    const capacity = integer('length', length ?? room, 0, Math.min(room, FRAME_SIZE_MAX));
    const { identity, headerBytes } = this.slots;
    const external = External.create(buffer, byteOffset, capacity, identity, headerBytes);
    return new Frame(this.slots, 0, external);
  }

  /** The channel of this name, as declared at `create`. Allocates at the first call for a name. */
  channel(name: string): FrameChannel {
    this.requireOpen();
    const known = this.channels.get(name);
    if (known !== undefined) return known;
    const channel = FrameChannel.of(this.attachment, name);
    this.channels.set(name, channel);
    return channel;
  }

  /**
   * Watches a worker: when it has ended, however it ended, what its seat held comes back. (On Deno
   * only if it ended by itself: `exit` of a terminated one comes too early to be believed.) Any
   * object with `threadId` and an `exit` event will do. Returns it. Allocates a listener.
   */
  watch<T extends WatchableThread>(worker: T): T {
    watchThread(this.refs, worker);
    return worker;
  }

  /**
   * Gives back what the thread in `seat` held. Refuses a seat that is alive, unless `ended: true`
   * is the caller's word that its thread has ended. Twice, or in two threads, is safe. Allocates.
   */
  reclaim(seat: number, options?: { readonly ended?: true }): ReclaimReport {
    return reclaim(this.refs, seat, options?.ended === true);
  }

  /** Numbers: cheap, may lag; `PoolStats` says how. Allocates. Blocks for no time (0 ms), once. */
  stats(): PoolStats {
    return statsOf(this.refs);
  }

  /** Who holds what: a row per slot held, in flight, in a lane, or `cached` if asked. Allocates. */
  inspect(options?: InspectOptions): SlotReport[] {
    return inspectOf(this.refs, options);
  }

  /** Accounts for every slot; `repair` first settles what the dead left in doubt. Allocates. */
  audit(options?: { readonly repair?: boolean }): AuditReport {
    const { refs } = this;
    return auditOf(refs, options?.repair === true ? settleAll(refs) : 0);
  }

  /**
   * This thread leaves: its cache goes back, its pending promises reject, its seat is free. Throws
   * `FramesHeldError`, and stays attached, while it still holds frames. Closing twice does nothing.
   */
  close(): void {
    this.attachment.leave();
  }

  /** The same as `close()`: throws `FramesHeldError`. */
  [DISPOSE](): void {
    this.close();
  }

  /** This thread's references, while it is attached. Throws `PoolClosedError` after `close()`. */
  private get refs(): References {
    this.requireOpen();
    return this.attachment.refs;
  }

  private external(message: unknown): External {
    return External.adopt(message, this.slots.identity, this.slots.headerBytes);
  }

  private requireOpen(): void {
    if (this.attachment.refs.closed) throw closedError();
  }

  private framed(handle: number, length: number | undefined): Frame {
    if (length !== undefined) this.slots.setLength(handle, length);
    return new Frame(this.slots, handle);
  }
}

function isMessage(message: unknown): boolean {
  return (message as { frameslab?: unknown } | null)?.frameslab === 'external-frame';
}
