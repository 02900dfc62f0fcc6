/**
 * The reference model: what a pool must be, in plain objects. Who holds how many references to what,
 * the bytes, the fields, what is in flight, what lies in which lane. It shares no code with the
 * library but the shape of its options.
 *
 * A method either does what it says, or throws `Refused` and has changed nothing (but for
 * `FRAME_MODIFIED`, which is found after the act).
 */
import type { GuardMode, OversizePolicy } from '../../src/slab/geometry.js';
import { LaneModel } from './lane-model.js';

/** The error that the library is expected to throw: its stable code without the prefix. */
export class Refused extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = `ERR_FRAMESLAB_${code}`;
  }
}

/** The options of one run. */
export interface Shape {
  readonly frames: number;
  readonly frameSizeBytes: number;
  readonly threadsMax: number;
  readonly cacheFrames: number;
  readonly headerBytes: number;
  readonly guard: GuardMode;
  readonly oversize: OversizePolicy;
  readonly channels: Readonly<
    Record<
      string,
      {
        readonly capacity: number;
        readonly mode: 'queue' | 'broadcast';
        readonly whenFull: 'wait' | 'drop-oldest' | 'drop-newest';
      }
    >
  >;
}

/** The fields of a frame beside its bytes. */
export type FieldName = 'tag' | 'timestamp' | 'sequence';

/** The byte that a guard fills released slots with. */
export const POISON = 0xdb;

/** From acquire to the last release. */
export class Lease {
  readonly handle: number;
  readonly slot: number;
  /** References by seat. */
  readonly ledger: number[];
  /** Messages in flight by addressee; −1: to anybody. */
  readonly flights = new Map<number, number>();
  inLanes = 0;
  length = 0;
  readonly fields = { tag: 0, timestamp: 0, sequence: 0 };
  /** What the guard remembers: the valid bytes when the frame was first shared. */
  frozen: Uint8Array | undefined;

  constructor(handle: number, slot: number, seats: number) {
    this.handle = handle;
    this.slot = slot;
    this.ledger = new Array<number>(seats).fill(0);
  }

  get held(): number {
    return this.ledger.reduce((sum, count) => sum + count, 0);
  }
  get flying(): number {
    return [...this.flights.values()].reduce((sum, count) => sum + count, 0);
  }
  /** References anywhere. */
  get total(): number {
    return this.held + this.flying + this.inLanes;
  }
}

/** The pool as it must be. */
export class Model {
  readonly shape: Shape;
  readonly slots: number;
  readonly live = new Map<number, Lease>();
  /** Every handle that was ever given out. */
  readonly seen = new Set<number>();
  readonly data: Uint8Array[];
  readonly headers: Uint8Array[];
  readonly lanes: readonly LaneModel[];
  /** Who sits in which seat. */
  readonly seated: boolean[];
  /** Free slots that the guard has filled, and those among them that were written to since. */
  readonly poisoned = new Set<number>();
  readonly tampered = new Set<number>();
  acquires = 0;
  oversize = 0;

  constructor(shape: Shape) {
    this.shape = shape;
    this.slots = shape.frames + shape.threadsMax * shape.cacheFrames;
    const perSlot = (bytes: number): Uint8Array[] =>
      Array.from({ length: this.slots }, () => new Uint8Array(bytes));
    this.data = perSlot(shape.frameSizeBytes);
    this.headers = perSlot(shape.headerBytes);
    this.seated = new Array<boolean>(shape.threadsMax).fill(false);
    this.lanes = Object.entries(shape.channels).map(
      ([name, options]) => new LaneModel(this, name, options),
    );
  }

  slotOf(handle: number): number {
    return handle & ((1 << Math.max(1, 32 - Math.clz32(this.slots - 1))) - 1);
  }

  /** A lease begins; the library chose the slot. */
  begin(seat: number, handle: number, length = 0): Lease {
    const slot = this.slotOf(handle);
    const clash = [...this.live.values()].find((lease) => lease.slot === slot);
    if (clash !== undefined) throw new Error(`slot ${slot} was given out twice`);
    if (this.seen.has(handle)) throw new Error(`handle ${handle} was given out twice`);
    if (this.tampered.has(slot)) throw new Error(`slot ${slot} was written to, and passed`);
    if (slot >= this.slots) throw new Error(`there is no slot ${slot}`);
    const lease = new Lease(handle, slot, this.shape.threadsMax);
    lease.ledger[seat] = 1;
    lease.length = length;
    this.live.set(handle, lease);
    this.seen.add(handle);
    this.poisoned.delete(slot);
    this.acquires += 1;
    return lease;
  }

  /** The lease of a handle that this seat holds. */
  held(seat: number, handle: number): Lease {
    const lease = this.live.get(handle);
    if (lease === undefined || lease.ledger[seat] === 0) throw new Refused('STALE_HANDLE');
    return lease;
  }

  retain(seat: number, handle: number): void {
    this.held(seat, handle).ledger[seat] += 1;
  }

  /** True: that was the last reference anywhere. */
  release(seat: number, handle: number): boolean {
    const lease = this.held(seat, handle);
    lease.ledger[seat] -= 1;
    return this.ended(lease);
  }

  /** The lease, if this seat has the only reference; it forgets what the guard remembered. */
  writable(seat: number, handle: number): Lease {
    const lease = this.held(seat, handle);
    if (lease.total !== 1) throw new Refused('FRAME_SHARED');
    const modified = this.isModified(lease);
    lease.frozen = undefined;
    if (modified) throw new Refused('FRAME_MODIFIED');
    return lease;
  }

  checkedLength(length: unknown): number {
    const size = this.shape.frameSizeBytes;
    if (!Number.isInteger(length) || (length as number) < 0) throw new Refused('INVALID_OPTION');
    if ((length as number) > size) throw new Refused('FRAME_TOO_LARGE');
    return length as number;
  }

  /** Puts a reference in flight; `moves`: this seat's own, else a new one. */
  send(seat: number, handle: number, to: unknown, moves: boolean): void {
    const addressee = this.checkedSeat(to);
    const lease = this.held(seat, handle);
    if (addressee >= 0 && !this.seated[addressee]) throw new Refused('INVALID_OPTION');
    this.freeze(lease);
    if (moves) lease.ledger[seat] -= 1;
    lease.flights.set(addressee, (lease.flights.get(addressee) ?? 0) + 1);
  }

  adopt(seat: number, handle: number): void {
    const lease = this.live.get(handle);
    const from = [seat, -1].find((to) => (lease?.flights.get(to) ?? 0) > 0);
    if (lease === undefined || from === undefined) throw new Refused('STALE_HANDLE');
    this.land(lease, from);
    lease.ledger[seat] += 1;
  }

  /** False: nothing of it is in flight. A number that was no handle may be refused instead. */
  revoke(handle: number): boolean {
    const lease = this.live.get(handle);
    if (lease === undefined || lease.flying === 0) return false;
    const from = [...lease.flights].filter(([, count]) => count > 0).map(([to]) => to);
    this.land(lease, Math.min(...from));
    this.ended(lease);
    return true;
  }

  /** A seat is left, or its thread has died: its mail is dropped, and its subscriptions end. */
  leave(seat: number): void {
    this.seated[seat] = false;
    for (const channel of this.lanes) channel.leave(seat);
    for (const lease of [...this.live.values()]) {
      lease.ledger[seat] = 0;
      lease.flights.delete(seat);
      if (lease.total === 0) this.end(lease);
    }
  }

  /** The guard remembers the bytes of a frame when it is first shared. */
  freeze(lease: Lease): void {
    if (this.shape.guard !== 'verify' || lease.frozen !== undefined) return;
    lease.frozen = this.bytesOf(lease).slice();
  }

  isModified(lease: Lease): boolean {
    const { frozen } = lease;
    return frozen !== undefined && !same(frozen, this.bytesOf(lease));
  }

  bytesOf(lease: Lease): Uint8Array {
    return this.data[lease.slot].subarray(0, lease.length);
  }

  /** Call after a reference ended: the last one ends the lease. */
  ended(lease: Lease): boolean {
    if (lease.total > 0) return false;
    const modified = this.isModified(lease);
    this.end(lease);
    if (modified) throw new Refused('FRAME_MODIFIED');
    return true;
  }

  private end(lease: Lease): void {
    this.live.delete(lease.handle);
    if (this.shape.guard === 'off') return;
    this.data[lease.slot].fill(POISON);
    this.poisoned.add(lease.slot);
  }

  private land(lease: Lease, from: number): void {
    lease.flights.set(from, (lease.flights.get(from) as number) - 1);
  }

  private checkedSeat(to: unknown): number {
    if (to === undefined) return -1;
    const known = Number.isInteger(to) && (to as number) >= 0;
    if (known && (to as number) < this.shape.threadsMax) return to as number;
    throw new Refused('INVALID_OPTION');
  }
}

/** The same bytes. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, k) => byte === b[k]);
}
