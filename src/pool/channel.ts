/**
 * `FrameChannel`: frames from thread to thread through the slab, in three forms per verb.
 *
 * Invariants
 * 1. A send moves one reference of the frame object it is given; a failed or refused one leaves the
 *    frame with the sender, whole.
 * 2. A receiver says "end" (`undefined`) only after it has seen the channel closed and, looking
 *    after that, nothing more in its lanes.
 * 3. All objects of one thread for a channel share its lanes: there is one consumer per thread.
 *
 * The seat's own thread only. `…Sync` blocks; the promise forms allocate and keep the event loop
 * alive while they are pending; the *now* forms and the integer twins never block.
 */

import { InvalidOptionError } from '../errors.js';
import { Frame } from '../frames/frame.js';
import type { SlotTable } from '../frames/slot-table.js';
import type { Inlet } from '../lanes/inlet.js';
import type { Outlet } from '../lanes/outlet.js';
import { type ChannelMode, describe, integer, type WhenFull } from '../slab/geometry.js';
import {
  checkWait,
  timeoutOf,
  type Waiting,
  type WaitOptions,
  type Wish,
} from '../waiting/waiting.js';
import type { Handle } from '../words/handle.js';
import type { Attachment, ChannelEnds } from './attachment.js';

/** What a receiver gets when the channel was closed and is drained: no signed 31-bit handle. */
const END = 0x7fff_ffff;

/**
 * A channel as one thread uses it. Only the `…Sync` forms block. The promise forms allocate and
 * keep the event loop alive while they wait; the *now* forms allocate the frame object that they
 * answer, the integer twins nothing. An argument of the wrong type is an `InvalidOptionError`, and
 * so is receiving from a broadcast without `subscribe()`. After `pool.close()` all that sends,
 * receives, subscribes or closes throws `PoolClosedError`. With `guard: 'verify'` what shares or
 * drops a frame may throw `FrameModifiedError`.
 */
export class FrameChannel {
  /** As declared at `create`. */
  readonly name: string;
  /** `'queue'`: each frame to one consumer; `'broadcast'`: each frame to every subscriber. */
  readonly mode: ChannelMode;
  /** Frames that may lie undelivered: per producer, on a broadcast per producer and subscriber. */
  readonly capacity: number;
  /** What happens when a lane is full. */
  readonly whenFull: WhenFull;

  private readonly outlet: Outlet;
  private readonly inlet: Inlet;
  private readonly slots: SlotTable;
  private readonly waiting: Waiting;
  private readonly receiving: Wish<Handle>;

  private constructor(attachment: Attachment, { outlet, inlet }: ChannelEnds) {
    const { layout } = outlet;
    this.outlet = outlet;
    this.inlet = inlet;
    this.trySendHandle = (handle) => outlet.trySend(handle);
    this.tryReceiveHandle = () => inlet.tryReceive();
    this.slots = attachment.slots;
    this.waiting = attachment.waiting;
    this.name = layout.name;
    this.mode = layout.mode;
    this.capacity = layout.capacity;
    this.whenFull = layout.whenFull;
    this.receiving = {
      key: inlet,
      complaint: `nothing came through the channel '${this.name}'`,
      arm: () => inlet.armReceive(),
      attempt: () => this.receiveOrEnd(),
      disarm: () => inlet.disarmReceive(),
      patienceMs: () => Number.POSITIVE_INFINITY,
    };
  }

  /** @internal The channel of a name, or `InvalidOptionError` naming those that exist. */
  static of(attachment: Attachment, name: string): FrameChannel {
    const ends = typeof name === 'string' ? attachment.channel(name) : undefined;
    if (ends !== undefined) return new FrameChannel(attachment, ends);
    const names = attachment.slab.layout.channels.map((channel) => `'${channel.name}'`);
    throw new InvalidOptionError(
      `this pool has no channel ${describe(name)}; declared at create: ` +
        (names.join(', ') || 'none'),
    );
  }

  /**
   * Moves one reference of the frame into the channel. False if it is full and `whenFull` is
   * `'wait'`: the frame stays with the sender. Throws `ChannelClosedError`, `ExternalFrameError`,
   * `FrameReleasedError`, `InvalidOptionError` for a frame of another pool, on a broadcast
   * `RefCountOverflowError`, and `StaleHandleError` if its reference ended through `pool.slots`.
   */
  trySend(frame: Frame): boolean {
    const sent = this.outlet.trySend(this.handleOf(frame));
    if (sent) frame.sent();
    return sent;
  }

  /**
   * Blocks until there was room, at most `timeoutMs` milliseconds (default: for ever). Throws as
   * `trySend` does, `TimeoutError`, and `PoolExhaustedError` where the thread must not block.
   */
  sendSync(frame: Frame, timeoutMs?: number): void {
    timeoutOf(timeoutMs);
    if (!this.trySend(frame)) this.waiting.waitSync(this.sending(frame), timeoutMs);
  }

  /**
   * Resolves when the frame was sent. Rejects as `trySend` throws, with `TimeoutError`, or with
   * the signal's reason; then the frame stays with the sender. Allocates.
   */
  async send(frame: Frame, options?: WaitOptions): Promise<void> {
    checkWait(options);
    if (!this.waiting.queues(this.outlet) && this.trySend(frame)) return;
    await this.waiting.waitAsync(this.sending(frame), options);
  }

  /** A frame if one is there now, else `undefined`. Allocates the frame object. */
  tryReceive(): Frame | undefined {
    return this.framed(this.inlet.tryReceive());
  }

  /**
   * Blocks until a frame is there, at most `timeoutMs` milliseconds (default: for ever);
   * `undefined` once the channel is closed and drained. Allocates the frame object. Throws
   * `TimeoutError`, and `PoolExhaustedError` where the thread must not block.
   */
  receiveSync(timeoutMs?: number): Frame | undefined {
    timeoutOf(timeoutMs);
    const now = this.inlet.tryReceive();
    return this.framed(now !== 0 ? now : this.waiting.waitSync(this.receiving, timeoutMs));
  }

  /**
   * Resolves to the next frame, or to `undefined` once the channel is closed and drained.
   * Allocates. Rejects with `TimeoutError`, or with the signal's reason.
   */
  async receive(options?: WaitOptions): Promise<Frame | undefined> {
    checkWait(options);
    const now = this.waiting.queues(this.inlet) ? 0 : this.inlet.tryReceive();
    return this.framed(now !== 0 ? now : await this.waiting.waitAsync(this.receiving, options));
  }

  /**
   * The integer twin of `trySend`. Allocates nothing. Throws `ChannelClosedError`, on a broadcast
   * `RefCountOverflowError`, and `StaleHandleError`.
   */
  readonly trySendHandle: (handle: Handle) => boolean;

  /** The integer twin of `tryReceive`: 0 if nothing is there now. Allocates nothing. */
  readonly tryReceiveHandle: () => Handle;

  /**
   * Sends the first `count` handles (default: all) as far as there is room; answers how many were
   * sent. Cheaper per frame than one by one. Throws as `trySendHandle` does if none could be sent.
   */
  trySendMany(handles: Int32Array, count?: number): number {
    if (!(handles instanceof Int32Array)) {
      throw new InvalidOptionError(`handles must be an Int32Array, got ${describe(handles)}`);
    }
    return this.outlet.trySendMany(
      handles,
      integer('count', count ?? handles.length, 0, handles.length),
    );
  }

  /** Receives as many handles as are there into `into`, until it is full; answers how many. */
  tryReceiveMany(into: Int32Array): number {
    if (!(into instanceof Int32Array)) {
      throw new InvalidOptionError(`into must be an Int32Array, got ${describe(into)}`);
    }
    return this.inlet.tryReceiveMany(into);
  }

  /** From now on this thread gets every frame of the broadcast. Idempotent. */
  subscribe(): this {
    this.requireBroadcast('subscribe');
    this.inlet.subscribe();
    return this;
  }

  /** This thread gets no more frames of the broadcast; what lay in its lanes is released. */
  unsubscribe(): this {
    this.requireBroadcast('unsubscribe');
    this.inlet.unsubscribe();
    return this;
  }

  /** Ends the channel for everybody: senders throw, receivers drain what is there and then end. */
  close(): void {
    this.outlet.close();
  }

  /** True once anybody closed it. */
  get closed(): boolean {
    return this.outlet.closed;
  }

  /** Frames that lie in the channel, all lanes together; may lag. */
  get depth(): number {
    return this.outlet.depth;
  }

  /** Frames that `whenFull` dropped since creation, by all producers; may lag. */
  get dropped(): number {
    return this.outlet.dropped;
  }

  /** Receives until the channel is closed and drained. Allocates as `receive` does. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Frame, void, undefined> {
    for (;;) {
      const frame = await this.receive();
      if (frame === undefined) return;
      yield frame;
    }
  }

  private sending(frame: Frame): Wish<true> {
    return {
      key: this.outlet,
      complaint: `the channel '${this.name}' had no room`,
      arm: () => this.outlet.armSend(),
      attempt: () => (this.trySend(frame) ? true : undefined),
      disarm: () => undefined,
      patienceMs: () => Number.POSITIVE_INFINITY,
    };
  }

  private receiveOrEnd(): Handle | undefined {
    if (!this.inlet.listening) return END; // unsubscribed while it waited, or closed before
    const { closed } = this.inlet;
    const handle = this.inlet.tryReceive();
    if (handle !== 0) return handle;
    return closed ? END : undefined;
  }

  private framed(handle: Handle): Frame | undefined {
    return handle === 0 || handle === END ? undefined : new Frame(this.slots, handle);
  }

  private handleOf(frame: Frame): Handle {
    if (frame instanceof Frame) return frame.sendable(this.slots);
    throw new InvalidOptionError(`a channel carries frames, got ${describe(frame)}`);
  }

  private requireBroadcast(verb: string): void {
    if (this.mode === 'broadcast') return;
    throw new InvalidOptionError(`${verb}() is for broadcasts; '${this.name}' is a queue`);
  }
}
