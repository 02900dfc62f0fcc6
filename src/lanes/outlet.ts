/**
 * The sending side of a channel: this seat's own lane, or its lanes to every subscriber.
 *
 * Invariants
 * 1. This seat alone fills these lanes, so room that was seen stays until this seat uses it.
 * 2. A batch is published by one addition to the tail: consumers see all of it or none.
 * 3. On a broadcast the count is raised for all subscribers before the first can release it.
 *
 * The seat's own thread only. Never blocks; allocates at the first batch (marks.ts), and errors.
 */
import { CUT, SLEEPERS } from '../protocol/ring.js';
import type { References } from '../references/references.js';
import { overflowOf } from '../references/refusal.js';
import { CHANNEL, type ChannelLayout, LANE } from '../slab/layout.js';
import { damaged } from '../slab/slab.js';
import type { Handle } from '../words/handle.js';
import { LaneSet } from './lane-set.js';

/** One channel as one seat sends through it. */
export class Outlet extends LaneSet {
  /** Frames that fit into the own lane of a queue without looking again. */
  private room = 0;
  private active = false;
  private sleepers = false;
  /** This seat's lane of a queue. */
  private readonly ownLane: number;
  /** The seats that the running broadcast goes to. */
  private readonly chosen: Int32Array;

  /** @param refs this thread's references; @param layout the channel's. */
  constructor(refs: References, layout: ChannelLayout) {
    super(refs, layout);
    this.ownLane = this.laneOf(refs.seat, 0);
    this.chosen = new Int32Array(this.seats);
  }

  /** Moves one reference into the channel; false if it is full and `whenFull` says to wait. */
  trySend(handle: Handle): boolean {
    const slot = this.refs.check(handle);
    if (this.i32[this.closedAt] !== 0) throw this.closedError();
    if (this.broadcast) return this.sendToAll(slot, handle);
    const lane = this.ownLane;
    if (this.room === 0 && !this.makeRoom(lane, 1)) return this.full(lane, handle);
    if (!this.refs.expose(slot, 0)) throw overflowOf(slot);
    const first = this.activate();
    this.ring.write(lane, 0, handle);
    const flags = this.publish(lane, 1);
    this.room -= 1;
    if ((flags & CUT) !== 0 && this.takeBack(lane)) throw this.closedError();
    this.refs.depart(slot, 1);
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

  private makeRoom(lane: number, wanted: number): boolean {
    this.room = this.ring.room(lane, wanted);
    return this.room > 0;
  }

  /**
   * Publishes as many as there is room for without looking again, in one step; 0: send one by one.
   * It ends before the first that this thread does not hold, or that it has already.
   */
  private sendBatch(handles: Int32Array, from: number, end: number): number {
    if (this.i32[this.closedAt] !== 0) throw this.closedError();
    const lane = this.ownLane;
    if (this.room === 0) this.makeRoom(lane, end - from);
    if (!this.active) return 0;
    const batch = this.writeBatch(lane, handles, from, Math.min(this.room, end - from));
    if (batch < 2) return 0;
    const flags = this.publish(lane, batch);
    this.room -= batch;
    if ((flags & CUT) !== 0) return this.takeBackBatch(lane, handles, from, batch);
    this.refs.departAll(handles, from, from + batch);
    if ((flags & SLEEPERS) !== 0) {
      this.ring.wake(lane);
      this.ringReceivers();
    }
    return batch;
  }

  /**
   * Writes the next cells, as long as the handles are held by this thread, all different and
   * countable; answers how many of `most`. What is not published is nowhere: the next send writes
   * over it.
   */
  private writeBatch(lane: number, handles: Int32Array, from: number, most: number): number {
    const { refs, ring, indexMask } = this;
    refs.marks.begin();
    for (let k = 0; k < most; k++) {
      const handle = handles[from + k] as number;
      const slot = handle & indexMask;
      if (!refs.holds(handle) || !refs.marks.first(slot)) return k;
      if (!refs.expose(slot, 0)) return k;
      ring.write(lane, k, handle);
    }
    return most;
  }

  /**
   * The channel was closed under a batch: claims back what nobody received, from the last one on.
   */
  private takeBackBatch(lane: number, handles: Int32Array, from: number, batch: number): number {
    let kept = batch;
    while (kept > 0 && this.ring.takeBack(lane, this.ring.last(lane) - (batch - kept))) kept -= 1;
    this.refs.departAll(handles, from, from + kept);
    this.add(lane + LANE.sent, kept - batch);
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
    // Whoever claims the oldest makes room, this thread or a consumer; a lap of failures is damage.
    for (let tries = 0; tries <= this.layout.cellMask && this.room === 0; tries++) {
      this.dropOldest(lane);
      this.makeRoom(lane, 1);
    }
    if (this.room === 0) throw damaged(`a full lane of '${this.layout.name}' cannot be emptied`);
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
    const targets = this.chooseTargets();
    if (targets < 0) return false;
    const extra = Math.max(0, targets - 1);
    this.refs.ledger.add(slot, extra);
    if (!this.refs.expose(slot, extra)) {
      this.refs.undo(slot, extra);
      throw overflowOf(slot);
    }
    const first = this.activate();
    this.sleepers = false;
    const published = this.publishToAll(handle, targets);
    if (published > 0) this.refs.depart(slot, published);
    // Closed under our hands, and nobody has it: the frame stays with its sender.
    const refused = published === 0 && targets > 0 && this.closed;
    // What was meant for those who left meanwhile, or for nobody at all, ends here.
    const end = refused ? targets - 1 : Math.max(1, targets);
    for (let k = published; k < end; k++) this.refs.release(handle);
    if (this.sleepers || first) this.ringReceivers();
    if (refused) throw this.closedError();
    return true;
  }

  /**
   * Chooses the subscribers that the frame goes to, and answers how many; −1 if one has no room and
   * the sender is to wait. Who subscribes after this begins with the next frame.
   */
  private chooseTargets(): number {
    const { whenFull } = this.layout;
    let targets = 0;
    for (let seat = 0; seat < this.seats; seat++) {
      if (!this.bit(CHANNEL.subscribers, seat)) continue;
      const room = this.ring.room(this.laneOf(this.refs.seat, seat), 1) > 0;
      if (!room && whenFull === 'wait') return -1;
      if (room || whenFull === 'drop-oldest') this.chosen[targets++] = seat;
      else this.drop(this.laneOf(this.refs.seat, seat));
    }
    return targets;
  }

  /** Publishes to those that were chosen; answers how many lanes have it. */
  private publishToAll(handle: Handle, targets: number): number {
    let published = 0;
    for (let k = 0; k < targets; k++) {
      const lane = this.laneOf(this.refs.seat, this.chosen[k] as number);
      // Losing the oldest to its consumer makes room as well.
      if (this.ring.room(lane, 1) === 0) this.dropOldest(lane);
      this.ring.write(lane, 0, handle);
      const flags = this.publish(lane, 1);
      if ((flags & CUT) !== 0 && this.takeBack(lane)) continue;
      published += 1;
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

  /**
   * Publishes written cells, and counts them before: the counter stands on the tail's line, so that
   * a plain store fetches this line from the consumers' core while the frame's own lines are still
   * on their way. The addition waits for all of them, one after the other if it must fetch its own.
   */
  private publish(lane: number, count: number): number {
    this.add(lane + LANE.sent, count);
    return this.ring.publish(lane, count);
  }

  /** Claims the cell that was published last; false if somebody received it. The ledger has it. */
  private takeBack(lane: number): boolean {
    if (!this.ring.takeBack(lane, this.ring.last(lane))) return false;
    this.add(lane + LANE.sent, -1);
    return true;
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
}
