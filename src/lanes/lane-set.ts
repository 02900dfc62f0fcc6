/**
 * The lanes of one channel, and what both of its sides know of them.
 *
 *   queue      one lane per producer seat; every consumer claims from every lane
 *   broadcast  one lane per producer and subscriber seat; each subscriber claims from its own
 *
 * The order of writes, and what each kill point leaves behind:
 *
 *   send       word "shared, n"              │ cell │ tail │ ledger −1
 *   broadcast  ledger +(N−1) │ word +(N−1)   │ N × (cell │ tail) │ ledger −N
 *   receive    ledger +1 │ claim: the cell is free again
 *
 * Invariants
 * 1. A reference is in the producer's ledger until the lane has it, and in the consumer's ledger
 *    before the lane has lost it. A refused send has moved nothing.
 * 2. Order and capacity are per producer. What a producer published stays after its death.
 * 3. A subscriber that leaves, and a channel that closes, cut the lanes first and drain or end
 *    then; a producer that learns from its own publication that the lane was cut claims the cell
 *    back, and one of the two has it. So nothing is left in a lane that nobody reads.
 * 4. A kill between a publication and the ring leaves sleepers asleep; `reclaim` rings everybody.
 *
 * The seat's own thread only. Never blocks, never allocates (but for a thrown error).
 */
import { ChannelClosedError } from '../errors.js';
import { Ring } from '../protocol/ring.js';
import type { References } from '../references/references.js';
import { closedError } from '../references/refusal.js';
import { CHANNEL, type ChannelLayout, LANE } from '../slab/layout.js';
import { damaged } from '../slab/slab.js';
import type { Handle } from '../words/handle.js';

/** States of a channel. */
const OPEN = 0;
const CLOSING = 1;
const CLOSED = 2;

/** One channel as one seat sees it. */
export class LaneSet {
  readonly layout: ChannelLayout;
  protected readonly refs: References;
  protected readonly ring: Ring;
  protected readonly i32: Int32Array<SharedArrayBuffer>;
  protected readonly seats: number;
  protected readonly broadcast: boolean;
  protected readonly indexMask: number;
  /** Where it says whether the channel is closed. */
  protected readonly closedAt: number;
  private readonly f64: Float64Array<SharedArrayBuffer>;
  private readonly slots: number;

  /** @param refs this thread's references; @param layout the channel's. */
  constructor(refs: References, layout: ChannelLayout) {
    this.refs = refs;
    this.layout = layout;
    this.ring = new Ring(refs.slab, layout.capacity, layout.cellMask);
    this.i32 = refs.slab.i32;
    this.f64 = refs.slab.f64;
    this.closedAt = layout.at + CHANNEL.closed;
    this.seats = refs.seats.count;
    this.broadcast = layout.mode === 'broadcast';
    this.indexMask = refs.codec.indexMask;
    this.slots = refs.slab.layout.slots;
  }

  /** True once the channel was closed, or is being closed: then this call finishes it. */
  get closed(): boolean {
    const state = Atomics.load(this.i32, this.closedAt);
    if (state === CLOSING) this.finishClose(); // whoever began it may have died
    return state !== OPEN;
  }

  /** Sending ends; receivers drain what is there. Rings everybody. Idempotent. */
  close(): void {
    if (this.refs.closed) throw closedError();
    const at = this.closedAt;
    if (Atomics.compareExchange(this.i32, at, OPEN, CLOSING) !== CLOSED) this.finishClose();
  }

  private finishClose(): void {
    // A receiver that reads "closed" must find in the tails whatever anybody will ever publish: so
    // the lanes are cut before it, and once more after it, for a subscriber that mends its own.
    this.cutAll();
    Atomics.store(this.i32, this.closedAt, CLOSED);
    this.cutAll();
    this.refs.ringAll();
  }

  /** Frames that lie in the lanes that this seat can receive from; a producer: in its own. */
  get depth(): number {
    let depth = 0;
    for (let k = 0; k < this.layout.lanes; k++) {
      depth += this.ring.depth(this.layout.lanesAt + k * this.layout.laneSize);
    }
    return depth;
  }

  /** Frames dropped by `whenFull`, by all producers. */
  get dropped(): number {
    let dropped = 0;
    for (let k = 0; k < this.layout.lanes; k++) {
      const lane = this.layout.lanesAt + k * this.layout.laneSize;
      dropped += this.f64[(lane + LANE.dropped) >> 1] as number;
    }
    return dropped;
  }

  /** The error of a send on a closed channel. */
  closedError(): ChannelClosedError {
    return new ChannelClosedError(
      `the channel '${this.layout.name}' is closed: the frame stays with its sender`,
    );
  }

  /**
   * Ledger first, then the cell. 0: somebody else has it. `ahead`: earlier cells may be full still.
   */
  protected claim(lane: number, position: number, ahead = false): Handle {
    const handle = this.ring.handleAt(lane, position);
    const slot = handle & this.indexMask;
    if (slot >= this.slots) throw damaged('a lane holds no handle');
    this.refs.ledger.add(slot, 1);
    if (ahead ? this.ring.takeBack(lane, position) : this.ring.claim(lane, position)) return handle;
    this.refs.undo(slot, 1);
    return 0;
  }

  protected cutAll(): void {
    for (let k = 0; k < this.layout.lanes; k++) {
      this.ring.cut(this.layout.lanesAt + k * this.layout.laneSize);
    }
  }

  protected laneOf(producer: number, subscriber: number): number {
    const { lanesAt, laneSize } = this.layout;
    const lane = this.broadcast ? producer * this.seats + subscriber : producer;
    return lanesAt + lane * laneSize;
  }

  /** A word of the producers' bit set, at this moment. */
  protected activeNow(word: number): number {
    return Atomics.load(this.i32, this.layout.at + CHANNEL.active + word);
  }

  /** The same by a plain read that may lag. */
  protected activeLately(word: number): number {
    return this.i32[this.layout.at + CHANNEL.active + word] as number;
  }

  protected bit(field: number, seat: number): boolean {
    const word = Atomics.load(this.i32, this.layout.at + field + (seat >>> 5));
    return ((word >>> (seat & 31)) & 1) === 1;
  }

  protected setBit(field: number, seat: number): void {
    Atomics.or(this.i32, this.layout.at + field + (seat >>> 5), 1 << (seat & 31));
  }

  protected clearBit(field: number, seat: number): void {
    Atomics.and(this.i32, this.layout.at + field + (seat >>> 5), ~(1 << (seat & 31)));
  }

  protected add(at: number, count: number): void {
    this.f64[at >> 1] = (this.f64[at >> 1] as number) + count;
  }
}
