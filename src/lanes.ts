/**
 * The lanes of one channel, in plain integers: sending and receiving handles.
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
 * 1. A send moves one reference: it is in the producer's ledger until the lane has it, and in the
 *    consumer's ledger before the lane has lost it. A refused send has moved nothing.
 * 2. Order and capacity are per producer. What a producer published stays after its death.
 * 3. A subscriber that leaves, and a channel that closes, cut the lanes first and drain or end then; a
 *    producer that learns from its own publication that the lane was cut claims the cell back, and
 *    one of the two has it. So nothing is left in a lane that nobody reads.
 * 4. A kill between a publication and the ring leaves sleepers asleep; `reclaim` rings everybody.
 *
 * The seat's own thread only. Never blocks, never allocates (but for a thrown error).
 */
import { ChannelClosedError, InvalidOptionError } from './errors.js';
import { CUT, Ring, SLEEPERS } from './protocol/ring.js';
import type { References } from './references.js';
import { overflowOf } from './refusal.js';
import { CHANNEL, type ChannelLayout, LANE } from './slab/layout.js';
import type { Handle } from './words/handle.js';

/** So many frames of one producer are taken in a row before the others are looked at. */
const BURST_MAX = 16;

/** One channel as one seat uses it. */
export class Lanes {
  readonly layout: ChannelLayout;
  private readonly refs: References;
  private readonly ring: Ring;
  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly seats: number;
  private readonly indexMask: number;
  private readonly slots: number;
  private readonly broadcast: boolean;
  /** Frames that fit into the own lane without looking; queue only. */
  private room = 0;
  private active = false;
  /** The tails as this consumer last saw them, by lane. */
  private readonly tails: Int32Array;
  /** Seats that have ever sent, as this consumer knows them, and whose turn it is. */
  private readonly producers: number[] = [];
  private readonly known: Int32Array;
  private next = 0;
  private burst = 0;
  private sleepers = false;

  /** @param refs this thread's references; @param layout the channel's. */
  constructor(refs: References, layout: ChannelLayout) {
    this.refs = refs;
    this.layout = layout;
    this.ring = new Ring(refs.slab, layout.capacity, layout.cellMask);
    this.i32 = refs.slab.i32;
    this.seats = refs.seats.count;
    this.indexMask = refs.codec.indexMask;
    this.slots = refs.slab.layout.slots;
    this.broadcast = layout.mode === 'broadcast';
    this.tails = new Int32Array(this.seats);
    this.known = new Int32Array(refs.slab.layout.waiterWords);
  }

  /** True once the channel was closed. */
  get closed(): boolean {
    return Atomics.load(this.i32, this.layout.at + CHANNEL.closed) !== 0;
  }

  /** Moves one reference into the channel; false if it is full and `whenFull` says to wait. */
  trySend(handle: Handle): boolean {
    const slot = this.refs.check(handle);
    if (this.i32[this.layout.at + CHANNEL.closed] !== 0) throw this.closedError();
    if (this.broadcast) return this.sendToAll(slot, handle);
    const lane = this.layout.lanesAt + this.refs.seat * this.layout.laneSize;
    if (this.room === 0 && !this.makeRoom(lane)) return this.full(lane, handle);
    if (!this.refs.expose(slot, 0)) throw overflowOf(slot);
    const first = this.activate();
    this.ring.write(lane, 0, handle);
    const flags = this.ring.publish(lane, 1);
    this.room -= 1;
    if ((flags & CUT) !== 0 && this.takeBack(lane)) throw this.closedError();
    this.refs.depart(slot, 1);
    this.add(lane + LANE.sent, 1);
    if ((flags & SLEEPERS) !== 0) this.ring.wake(lane);
    if ((flags & SLEEPERS) !== 0 || first) this.ringReceivers();
    return true;
  }

  /**
   * Moves up to `count` references into the channel, publishing a line of cells at a time; answers
   * how many were sent. What stops it is thrown only if nothing was sent: ask again for the rest.
   */
  trySendMany(handles: Int32Array, count: number): number {
    let sent = 0;
    try {
      while (sent < count) {
        const batch = this.broadcast ? 0 : this.sendBatch(handles, sent, count);
        if (batch === 0 && !this.trySend(handles[sent] as number)) break;
        sent += batch === 0 ? 1 : batch;
      }
    } catch (fault) {
      if (sent === 0) throw fault;
    }
    return sent;
  }

  /** Takes the oldest frame of some producer, each in turn; 0 if there is none. */
  tryReceive(): Handle {
    const { layout } = this;
    if (this.broadcast) {
      if (!this.subscribed) {
        throw new InvalidOptionError(`subscribe() to the broadcast '${layout.name}' first`);
      }
      return this.receiveFrom(this.refs.seat * layout.laneSize, this.seats * layout.laneSize);
    }
    return this.receiveFrom(0, layout.laneSize);
  }

  /** True if this seat is subscribed. */
  get subscribed(): boolean {
    const { seat } = this.refs;
    const word = this.i32[this.layout.at + CHANNEL.subscribers + (seat >>> 5)] as number;
    return ((word >>> (seat & 31)) & 1) === 1;
  }

  /** From now on every frame that is sent comes to this seat as well. Idempotent. */
  subscribe(): void {
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
    if (this.broadcast) this.leave(this.refs.seat);
  }

  /** A seat receives no more: cut, then drain. Answers how many frames lay in its lanes. */
  leave(seat: number): number {
    this.clearBit(CHANNEL.receivers, seat);
    if (!this.broadcast) return 0;
    this.clearBit(CHANNEL.subscribers, seat);
    let drained = 0;
    for (let producer = 0; producer < this.seats; producer++) {
      const lane = this.laneOf(producer, seat);
      this.ring.cut(lane);
      for (;;) {
        const tail = this.ring.tail(lane);
        const position = this.ring.first(lane, tail);
        if (position < 0) break;
        const handle = this.claim(lane, position);
        if (handle === 0) continue; // taken back by its producer
        if (this.ring.wanted) this.refs.park.ring(producer);
        this.refs.release(handle);
        drained += 1;
      }
    }
    return drained;
  }

  /** Sending ends; receivers drain what is there. Rings everybody. Idempotent. */
  close(): void {
    if (this.closed) return;
    this.cutAll();
    Atomics.store(this.i32, this.layout.at + CHANNEL.closed, 1);
    // Once more: a subscriber may have mended its lanes before it could see the flag.
    this.cutAll();
    this.refs.ringAll();
  }

  /** Makes it known that this seat waits for a frame. Look again after this, before sleeping. */
  armReceive(): void {
    this.setBit(CHANNEL.receivers, this.refs.seat);
    for (let producer = 0; producer < this.seats; producer++) {
      if (this.isActive(producer)) this.ring.watch(this.laneOf(producer, this.refs.seat));
    }
  }

  /** This seat waits no more. */
  disarmReceive(): void {
    this.clearBit(CHANNEL.receivers, this.refs.seat);
  }

  /** Makes it known that this seat waits for room. Try again after this, before sleeping. */
  armSend(): void {
    if (!this.broadcast) {
      this.ring.want(this.laneOf(this.refs.seat, 0));
      return;
    }
    for (let seat = 0; seat < this.seats; seat++) {
      if (this.bit(CHANNEL.subscribers, seat)) this.ring.want(this.laneOf(this.refs.seat, seat));
    }
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
      dropped += this.refs.slab.f64[(lane + LANE.dropped) >> 1] as number;
    }
    return dropped;
  }

  /** The error of a send on a closed channel. */
  closedError(): ChannelClosedError {
    return new ChannelClosedError(
      `the channel '${this.layout.name}' is closed: the frame stays with its sender`,
    );
  }

  /** Scans the active producers' lanes; a fast producer yields to the next after a burst. */
  private receiveFrom(offset: number, stride: number): Handle {
    this.lookForProducers();
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
  private lookForProducers(): void {
    for (let word = 0; word < this.known.length; word++) {
      const bits = this.i32[this.layout.at + CHANNEL.active + word] as number;
      if (bits === this.known[word]) continue;
      for (let bit = 0; bit < 32; bit++) {
        const news = ((bits & ~(this.known[word] as number)) >>> bit) & 1;
        if (news === 1 && word * 32 + bit < this.seats) this.producers.push(word * 32 + bit);
      }
      this.known[word] = bits;
    }
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

  /** Ledger first, then the cell. 0: somebody else has it. */
  private claim(lane: number, position: number): Handle {
    const handle = this.ring.handleAt(lane, position);
    const slot = handle & this.indexMask;
    if (slot >= this.slots)
      throw new Error('frameslab: a lane holds no handle; the slab is damaged');
    this.refs.ledger.add(slot, 1);
    if (this.ring.claim(lane, position)) return handle;
    this.refs.ledger.subtract(slot, 1);
    return 0;
  }

  private makeRoom(lane: number): boolean {
    this.room = this.ring.room(lane);
    return this.room > 0;
  }

  /**
   * Publishes as many as there is room for without looking again, in one step; 0: send one by one.
   * All are checked before the first cell is written, and named once each (a batch is short).
   */
  private sendBatch(handles: Int32Array, from: number, end: number): number {
    if (this.i32[this.layout.at + CHANNEL.closed] !== 0) throw this.closedError();
    const lane = this.layout.lanesAt + this.refs.seat * this.layout.laneSize;
    if (this.room === 0) this.makeRoom(lane);
    const batch = Math.min(this.room, end - from);
    if (batch < 2 || !this.active) return 0;
    for (let k = 0; k < batch; k++) {
      this.refs.check(handles[from + k] as number);
      for (let j = 0; j < k; j++) if (handles[from + j] === handles[from + k]) return 0;
    }
    for (let k = 0; k < batch; k++) {
      const handle = handles[from + k] as number;
      const slot = handle & this.indexMask;
      if (!this.refs.expose(slot, 0)) throw overflowOf(slot);
      this.ring.write(lane, k, handle);
    }
    const flags = this.ring.publish(lane, batch);
    this.room -= batch;
    if ((flags & CUT) !== 0) return this.takeBackBatch(lane, handles, from, batch);
    for (let k = 0; k < batch; k++)
      this.refs.depart((handles[from + k] as number) & this.indexMask, 1);
    this.add(lane + LANE.sent, batch);
    if ((flags & SLEEPERS) !== 0) {
      this.ring.wake(lane);
      this.ringReceivers();
    }
    return batch;
  }

  /** The channel was closed under a batch: claims back what nobody received, from the last one on. */
  private takeBackBatch(lane: number, handles: Int32Array, from: number, batch: number): number {
    let kept = batch;
    while (kept > 0 && this.ring.claim(lane, this.ring.last(lane) - (batch - kept))) kept -= 1;
    for (let k = 0; k < kept; k++)
      this.refs.depart((handles[from + k] as number) & this.indexMask, 1);
    this.add(lane + LANE.sent, kept);
    if (kept === 0) throw this.closedError();
    return kept;
  }

  /** The own lane is full: waits, drops its oldest, or drops the new one. */
  private full(lane: number, handle: Handle): boolean {
    if (this.layout.whenFull === 'wait') return false;
    if (this.layout.whenFull === 'drop-newest') {
      this.refs.release(handle);
      this.drop(lane);
      return true;
    }
    this.dropOldest(lane);
    return this.trySend(handle);
  }

  /** Claims the oldest cell like a consumer would; losing against one means that there is room. */
  private dropOldest(lane: number): void {
    const position = this.ring.first(lane, this.ring.tail(lane));
    if (position < 0) return;
    const handle = this.claim(lane, position);
    if (handle === 0) return;
    this.refs.release(handle);
    this.add(lane + LANE.dropped, 1);
  }

  private sendToAll(slot: number, handle: Handle): boolean {
    const targets = this.targets();
    if (targets < 0) return false;
    const extra = Math.max(0, targets - 1);
    this.refs.ledger.add(slot, extra);
    if (!this.refs.expose(slot, extra)) {
      this.refs.ledger.subtract(slot, extra);
      throw overflowOf(slot);
    }
    const first = this.activate();
    this.sleepers = false;
    const published = this.publishToAll(handle, targets);
    if (published > 0) this.refs.depart(slot, published);
    // What was meant for those who left meanwhile, or for nobody at all, ends here.
    for (let k = published; k < Math.max(1, targets); k++) this.refs.release(handle);
    if (this.sleepers || first) this.ringReceivers();
    return true;
  }

  /** How many subscribers the frame goes to; −1 if one has no room and the sender is to wait. */
  private targets(): number {
    const { whenFull } = this.layout;
    let targets = 0;
    for (let seat = 0; seat < this.seats; seat++) {
      if (!this.bit(CHANNEL.subscribers, seat)) continue;
      const room = this.ring.room(this.laneOf(this.refs.seat, seat)) > 0;
      if (room || whenFull === 'drop-oldest') targets += 1;
      else if (whenFull === 'wait') return -1;
      else this.drop(this.laneOf(this.refs.seat, seat));
    }
    return targets;
  }

  /** Publishes to at most `targets` subscribers; answers how many lanes have it. */
  private publishToAll(handle: Handle, targets: number): number {
    let published = 0;
    let left = targets;
    for (let seat = 0; seat < this.seats && left > 0; seat++) {
      if (!this.bit(CHANNEL.subscribers, seat)) continue;
      const lane = this.laneOf(this.refs.seat, seat);
      if (this.ring.room(lane) === 0 && this.layout.whenFull === 'drop-oldest')
        this.dropOldest(lane);
      if (this.ring.room(lane) === 0) continue;
      this.ring.write(lane, 0, handle);
      const flags = this.ring.publish(lane, 1);
      left -= 1;
      if ((flags & CUT) !== 0 && this.takeBack(lane)) continue;
      published += 1;
      this.add(lane + LANE.sent, 1);
      if ((flags & SLEEPERS) === 0) continue;
      this.ring.wake(lane);
      this.sleepers = true;
    }
    return published;
  }

  private drop(lane: number): void {
    this.add(lane + LANE.sent, 1);
    this.add(lane + LANE.dropped, 1);
  }

  /** Claims the cell that was published last; false if somebody received it. The ledger has it. */
  private takeBack(lane: number): boolean {
    return this.ring.claim(lane, this.ring.last(lane));
  }

  /** True the first time: receivers that armed before it do not know of this lane. */
  private activate(): boolean {
    if (this.active) return false;
    this.active = true;
    this.setBit(CHANNEL.active, this.refs.seat);
    return true;
  }

  private ringReceivers(): void {
    for (let seat = 0; seat < this.seats; seat++) {
      if (this.bit(CHANNEL.receivers, seat)) this.refs.park.ring(seat);
    }
  }

  private cutAll(): void {
    for (let k = 0; k < this.layout.lanes; k++) {
      this.ring.cut(this.layout.lanesAt + k * this.layout.laneSize);
    }
  }

  private laneOf(producer: number, subscriber: number): number {
    const { lanesAt, laneSize } = this.layout;
    const lane = this.broadcast ? producer * this.seats + subscriber : producer;
    return lanesAt + lane * laneSize;
  }

  private isActive(seat: number): boolean {
    const word = this.i32[this.layout.at + CHANNEL.active + (seat >>> 5)] as number;
    return ((word >>> (seat & 31)) & 1) === 1;
  }

  private bit(field: number, seat: number): boolean {
    const word = Atomics.load(this.i32, this.layout.at + field + (seat >>> 5));
    return ((word >>> (seat & 31)) & 1) === 1;
  }

  private setBit(field: number, seat: number): void {
    Atomics.or(this.i32, this.layout.at + field + (seat >>> 5), 1 << (seat & 31));
  }

  private clearBit(field: number, seat: number): void {
    Atomics.and(this.i32, this.layout.at + field + (seat >>> 5), ~(1 << (seat & 31)));
  }

  private add(at: number, count: number): void {
    const { f64 } = this.refs.slab;
    f64[at >> 1] = (f64[at >> 1] as number) + count;
  }
}
