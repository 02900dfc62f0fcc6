/**
 * The reference model of one channel: plain arrays of handles, a lane per producer, on a broadcast
 * per producer and subscriber.
 */
import type { Lease, Model, Shape } from './model.js';
import { Refused } from './model.js';

/** One channel as it must be. */
export class LaneModel {
  readonly name: string;
  readonly mode: 'queue' | 'broadcast';
  readonly capacity: number;
  readonly whenFull: 'wait' | 'drop-oldest' | 'drop-newest';
  /** Handles by lane: `producer`, or `producer × seats + subscriber`. */
  readonly lanes: number[][];
  readonly subscribers = new Set<number>();
  closed = false;
  sent = 0;
  dropped = 0;
  private readonly model: Model;
  private readonly seats: number;

  constructor(model: Model, name: string, options: Shape['channels'][string]) {
    this.model = model;
    this.name = name;
    this.mode = options.mode;
    this.capacity = options.capacity;
    this.whenFull = options.whenFull;
    this.seats = model.shape.threadsMax;
    const lanes = this.mode === 'queue' ? this.seats : this.seats * this.seats;
    this.lanes = Array.from({ length: lanes }, () => []);
  }

  get depth(): number {
    return this.lanes.reduce((sum, lane) => sum + lane.length, 0);
  }

  /** Moves one reference in; false: full, and the sender is to wait. */
  trySend(seat: number, handle: number): boolean {
    const lease = this.model.held(seat, handle);
    if (this.closed) throw new Refused('CHANNEL_CLOSED');
    return this.mode === 'queue' ? this.sendToOne(seat, lease) : this.sendToAll(seat, lease);
  }

  /** The lanes that this seat receives from. */
  lanesTo(seat: number): number[] {
    return Array.from({ length: this.seats }, (_, producer) =>
      this.mode === 'queue' ? producer : producer * this.seats + seat,
    );
  }

  /** Throws if this seat may not receive; else says whether something must come. */
  mayReceive(seat: number): boolean {
    if (this.mode === 'broadcast' && !this.subscribers.has(seat)) {
      if (this.closed) return false;
      throw new Refused('INVALID_OPTION');
    }
    return this.lanesTo(seat).some((lane) => this.lanes[lane].length > 0);
  }

  /** This seat has received the oldest of a lane. */
  received(seat: number, lane: number): number {
    const handle = this.lanes[lane].shift() as number;
    const lease = this.model.live.get(handle) as Lease;
    lease.inLanes -= 1;
    lease.ledger[seat] += 1;
    return handle;
  }

  subscribe(seat: number): void {
    if (this.mode === 'queue') throw new Refused('INVALID_OPTION');
    if (!this.closed) this.subscribers.add(seat);
  }

  unsubscribe(seat: number): void {
    if (this.mode === 'queue') throw new Refused('INVALID_OPTION');
    this.leave(seat);
  }

  /** What lies in the lanes to a seat that leaves ends there. */
  leave(seat: number): void {
    if (this.mode === 'queue') return;
    this.subscribers.delete(seat);
    for (const lane of this.lanesTo(seat)) while (this.lanes[lane].length > 0) this.dropFrom(lane);
  }

  private sendToOne(seat: number, lease: Lease): boolean {
    if (this.lanes[seat].length >= this.capacity) {
      if (this.whenFull === 'wait') return false;
      this.dropped += 1;
      if (this.whenFull === 'drop-newest') {
        this.sent += 1;
        this.model.release(seat, lease.handle);
        return true;
      }
      this.dropFrom(seat);
    }
    this.model.freeze(lease);
    lease.ledger[seat] -= 1;
    this.push(seat, lease);
    return true;
  }

  private sendToAll(seat: number, lease: Lease): boolean {
    const targets = [...this.subscribers].sort((a, b) => a - b);
    const lanes = targets.map((to) => seat * this.seats + to);
    const isFull = (lane: number): boolean => this.lanes[lane].length >= this.capacity;
    if (this.whenFull === 'wait' && lanes.some(isFull)) return false;
    this.model.freeze(lease);
    for (const lane of lanes) {
      if (isFull(lane)) {
        this.dropped += 1;
        if (this.whenFull === 'drop-newest') {
          this.sent += 1;
          continue;
        }
        this.dropFrom(lane);
      }
      this.push(lane, lease);
    }
    this.model.release(seat, lease.handle);
    return true;
  }

  private push(lane: number, lease: Lease): void {
    this.lanes[lane].push(lease.handle);
    lease.inLanes += 1;
    this.sent += 1;
  }

  private dropFrom(lane: number): void {
    const lease = this.model.live.get(this.lanes[lane].shift() as number) as Lease;
    lease.inLanes -= 1;
    this.model.ended(lease);
  }
}
