/**
 * The receiving side of a channel: every producer's lane of a queue, or those to this subscriber.
 *
 * Invariants
 * 1. The remembered tails only ever lag: a tail is looked at again when everything before it was
 *    claimed, so a consumer takes all that is there for one atomic load.
 * 2. A fast producer yields to the next after `BURST_MAX` frames.
 * 3. A seat that leaves clears its bit, cuts its lanes and drains them, in this order.
 *
 * The seat's own thread only; `leave` for another seat by the thread that reclaims it. Never
 * blocks, never allocates but when a new producer appears.
 */
import { InvalidOptionError } from '../errors.js';
import type { Drained, References } from '../references/references.js';
import { closedError } from '../references/refusal.js';
import { CHANNEL, type ChannelLayout } from '../slab/layout.js';
import type { Handle } from '../words/handle.js';
import { LaneSet } from './lane-set.js';

/** So many frames of one producer are taken in a row before the others are looked at. */
const BURST_MAX = 16;

/** One channel as one seat receives from it. */
export class Inlet extends LaneSet {
  /** The tails as this consumer last saw them, by producer. */
  private readonly tails: Int32Array;
  /** Seats that have ever sent, as this consumer knows them, and whose turn it is. */
  private readonly producers: number[] = [];
  private readonly known: Int32Array;
  private next = 0;
  private burst = 0;

  /** @param refs this thread's references; @param layout the channel's. */
  constructor(refs: References, layout: ChannelLayout) {
    super(refs, layout);
    this.tails = new Int32Array(this.seats);
    this.known = new Int32Array(refs.slab.layout.waiterWords);
  }

  /** Takes the oldest frame of some producer, each in turn; 0 if there is none. */
  tryReceive(): Handle {
    const { layout } = this;
    if (this.refs.closed) throw closedError();
    if (this.broadcast) {
      if (!this.subscribed) {
        if (this.closed) return 0;
        throw new InvalidOptionError(`subscribe() to the broadcast '${layout.name}' first`);
      }
      return this.receiveFrom(this.refs.seat * layout.laneSize, this.seats * layout.laneSize);
    }
    return this.receiveFrom(0, layout.laneSize);
  }

  /** Takes as many as are there, at most as `into` holds; answers how many. */
  tryReceiveMany(into: Int32Array): number {
    let done = 0;
    while (done < into.length) {
      const handle = this.tryReceive();
      if (handle === 0) break;
      into[done++] = handle;
      // The same producer's next ones: nothing but its lane has to be looked at again.
      done += this.receiveRun(into, done);
    }
    return done;
  }

  /** True if frames can come: always on a queue, to a subscriber on a broadcast. */
  get listening(): boolean {
    return !this.broadcast || this.subscribed;
  }

  /** True if this seat is subscribed. */
  get subscribed(): boolean {
    const { seat } = this.refs;
    const word = this.i32[this.layout.at + CHANNEL.subscribers + (seat >>> 5)] as number;
    return ((word >>> (seat & 31)) & 1) === 1;
  }

  /** From now on every frame that is sent comes to this seat as well. Idempotent. */
  subscribe(): void {
    if (this.refs.closed) throw closedError();
    if (this.subscribed || this.closed) return;
    for (let producer = 0; producer < this.seats; producer++) {
      this.ring.mend(this.laneOf(producer, this.refs.seat));
    }
    this.setBit(CHANNEL.subscribers, this.refs.seat);
    // A close that ran at the same moment may have cut the lanes before they were mended.
    if (this.closed) this.cutAll();
  }

  /** The present seat receives no more; what lies in its lanes is released. */
  unsubscribe(): void {
    if (this.refs.closed) throw closedError();
    this.leave(this.refs.seat, { frames: 0, freed: 0 });
    this.refs.park.ringOwn(); // a promise that waits here ends
  }

  /** A seat receives no more: cut, then drain. Adds to `drained` what lay in its lanes. */
  leave(seat: number, drained: Drained): void {
    this.clearBit(CHANNEL.receivers, seat);
    if (!this.broadcast) return;
    this.clearBit(CHANNEL.subscribers, seat);
    for (let producer = 0; producer < this.seats; producer++) {
      const lane = this.laneOf(producer, seat);
      this.ring.cut(lane);
      this.drain(lane, producer, -1, drained);
    }
  }

  /**
   * A producer has died, perhaps between a publication into a lane that was cut and taking it back:
   * drains what nobody will receive, and adds it to `drained`.
   */
  abandon(producer: number, drained: Drained): void {
    for (let seat = 0; seat < (this.broadcast ? this.seats : 1); seat++) {
      const lane = this.laneOf(producer, seat);
      const cut = this.ring.cutPosition(lane);
      const unread = this.broadcast && !this.bit(CHANNEL.subscribers, seat);
      if (cut >= 0) this.drain(lane, producer, unread ? -1 : cut, drained);
    }
  }

  /** Claims and releases all that lies in a lane, from a position on (−1: from the oldest). */
  private drain(lane: number, producer: number, from: number, drained: Drained): void {
    const tail = this.ring.tail(lane);
    // At most a lap: where the slab is damaged, the cut may stand anywhere.
    let position = from >= 0 ? this.ring.within(from, tail) : this.ring.first(lane, tail);
    for (; position >= 0 && position !== tail; position = this.ring.after(position)) {
      // What was published before the cut is for the receivers: they must still find it.
      const handle = this.claim(lane, position, from >= 0);
      if (handle === 0) continue; // taken back by its producer, or received
      if (from < 0 && this.ring.wanted) this.refs.park.ring(producer);
      drained.frames += 1;
      if (this.refs.letGo(handle)) drained.freed += 1;
    }
  }

  /** Makes it known that this seat waits for a frame. Look again after this, before sleeping. */
  armReceive(): void {
    this.setBit(CHANNEL.receivers, this.refs.seat);
    // Atomic: a producer that becomes active after this look sees the bit that was just set.
    this.lookForProducers(true);
    for (const producer of this.producers) {
      this.ring.watch(this.laneOf(producer, this.refs.seat));
    }
  }

  /** This seat waits no more. */
  disarmReceive(): void {
    this.clearBit(CHANNEL.receivers, this.refs.seat);
  }

  /** Scans the active producers' lanes; a fast producer yields to the next after a burst. */
  private receiveFrom(offset: number, stride: number): Handle {
    this.lookForProducers(false);
    const { producers } = this;
    if (this.burst >= BURST_MAX) {
      this.burst = 0;
      this.next += 1;
    }
    for (let k = 0; k < producers.length; k++) {
      if (this.next >= producers.length) this.next = 0;
      const producer = producers[this.next] as number;
      const handle = this.receiveOne(this.layout.lanesAt + offset + producer * stride, producer);
      if (handle !== 0) {
        this.burst += 1;
        return handle;
      }
      this.burst = 0;
      this.next += 1;
    }
    return 0;
  }

  /** Keeps the list of those who have ever sent; it only grows. */
  private lookForProducers(now: boolean): void {
    for (let word = 0; word < this.known.length; word++) {
      const bits = now ? this.activeNow(word) : this.activeLately(word);
      if (bits === this.known[word]) continue;
      for (let bit = 0; bit < 32; bit++) {
        const news = ((bits & ~(this.known[word] as number)) >>> bit) & 1;
        if (news === 1 && word * 32 + bit < this.seats) this.producers.push(word * 32 + bit);
      }
      this.known[word] = bits;
    }
  }

  /** Goes on with the producer whose turn it is, as long as its burst lasts; answers how many. */
  private receiveRun(into: Int32Array, from: number): number {
    const { ring, refs } = this;
    const producer = this.producers[this.next] as number;
    const lane = this.laneOf(producer, refs.seat);
    const end = Math.min(into.length, from + BURST_MAX - this.burst);
    const tail = this.tails[producer] as number;
    let position = ring.first(lane, tail);
    let done = from;
    for (; done < end && position >= 0 && position !== tail; done++) {
      const handle = this.claim(lane, position);
      if (handle === 0) break; // a peer was faster
      if (ring.wanted) refs.park.ring(producer);
      into[done] = handle;
      position = ring.after(position);
    }
    this.burst += done - from;
    return done - from;
  }

  private receiveOne(lane: number, producer: number): Handle {
    for (;;) {
      let position = this.ring.first(lane, this.tails[producer] as number);
      if (position < 0) {
        const tail = this.ring.tail(lane);
        if (tail === this.tails[producer]) return 0;
        this.tails[producer] = tail;
        position = this.ring.first(lane, tail);
        if (position < 0) return 0;
      }
      const handle = this.claim(lane, position);
      if (handle === 0) continue; // a peer was faster: each round somebody got a frame
      if (this.ring.wanted) this.refs.park.ring(producer);
      return handle;
    }
  }
}
