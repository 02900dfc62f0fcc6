/**
 * The reference model of one frame object, pooled or external: its own count of references, and what
 * each of its methods must do or refuse.
 */
import type { FieldName, Lease, Model } from './model.js';
import { Refused } from './model.js';

/** External memory, counted by itself. */
export class ExternalModel {
  readonly data: Uint8Array;
  readonly header: Uint8Array;
  length: number;
  readonly fields = { tag: 0, timestamp: 0, sequence: 0 };
  count = 1;
  inFlight = 0;

  /** Where it begins in its memory. */
  readonly offset: number;

  constructor(capacity: number, headerBytes: number, offset = 0) {
    this.offset = offset;
    this.data = new Uint8Array(capacity);
    this.header = new Uint8Array(headerBytes);
    this.length = capacity;
  }

  /** Takes over the reference that a message carries. */
  adopt(): this {
    if (this.inFlight === 0) throw new Refused('STALE_HANDLE');
    this.inFlight -= 1;
    return this;
  }

  release(): boolean {
    this.count -= 1;
    return this.count === 0;
  }
}

/** What a frame refers to, wherever it lies. */
type Place = {
  readonly data: Uint8Array;
  readonly header: Uint8Array;
  readonly fields: Record<FieldName, number>;
  length: number;
};

/** One frame object as it must behave. */
export class FrameModel {
  readonly seat: number;
  handle: number;
  external: ExternalModel | undefined;
  count = 1;
  private readonly model: Model;

  constructor(model: Model, seat: number, handle: number, external?: ExternalModel) {
    this.model = model;
    this.seat = seat;
    this.handle = handle;
    this.external = external;
  }

  /** Bytes, header and fields, for reading. */
  get place(): Place {
    this.alive();
    return this.external ?? this.slotPlace(this.lease);
  }

  get capacity(): number {
    this.alive();
    return this.external?.data.length ?? this.model.shape.frameSizeBytes;
  }

  get refCount(): number {
    this.alive();
    return this.external?.count ?? this.lease.total;
  }

  /** For writing: this must be the only reference anywhere. */
  writable(): Place {
    this.alive();
    if (this.external === undefined) {
      return this.slotPlace(this.model.writable(this.seat, this.handle));
    }
    if (this.external.count !== 1) throw new Refused('FRAME_SHARED');
    return this.external;
  }

  setLength(length: unknown): void {
    const place = this.writable();
    if (this.external === undefined) {
      place.length = this.model.checkedLength(length);
      return;
    }
    if (!Number.isInteger(length)) throw new Refused('INVALID_OPTION');
    if ((length as number) > this.capacity) throw new Refused('FRAME_TOO_LARGE');
    if ((length as number) < 0) throw new Refused('INVALID_OPTION');
    place.length = length as number;
  }

  setField(field: FieldName, value: unknown): void {
    const place = this.writable();
    const isInt = Number.isInteger(value) && (value as number) === ((value as number) | 0);
    if (field === 'tag' ? !isInt : typeof value !== 'number') throw new Refused('INVALID_OPTION');
    place.fields[field] = value as number;
  }

  write(bytes: Uint8Array, offset: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0) throw new Refused('INVALID_OPTION');
    const end = offset + bytes.length;
    if (end > this.capacity) {
      this.moveOut(bytes, offset, end);
      return;
    }
    const place = this.writable();
    place.data.set(bytes, offset);
    if (offset > place.length) place.data.fill(0, place.length, offset);
    place.length = end;
  }

  retain(): void {
    this.alive();
    if (this.external === undefined) this.model.retain(this.seat, this.handle);
    else this.external.count += 1;
    this.count += 1;
  }

  release(): boolean {
    this.alive();
    this.count -= 1;
    return this.external?.release() ?? this.model.release(this.seat, this.handle);
  }

  /** Answers what the message refers to. */
  send(to: unknown, moves: boolean): number | ExternalModel {
    this.alive();
    const { external } = this;
    if (external === undefined) this.model.send(this.seat, this.handle, to, moves);
    else {
      external.inFlight += 1;
      if (!moves) external.count += 1;
    }
    if (moves) this.count -= 1;
    return external ?? this.handle;
  }

  /** True if `unshare` must make a copy. */
  get mustCopy(): boolean {
    return this.refCount !== 1;
  }

  private get lease(): Lease {
    return this.model.held(this.seat, this.handle);
  }

  private alive(): void {
    if (this.count === 0) throw new Refused('FRAME_RELEASED');
  }

  private slotPlace(lease: Lease): Place {
    return {
      data: this.model.data[lease.slot],
      header: this.model.headers[lease.slot],
      fields: lease.fields,
      get length() {
        return lease.length;
      },
      set length(value) {
        lease.length = value;
      },
    };
  }

  private moveOut(bytes: Uint8Array, offset: number, end: number): void {
    if (this.model.shape.oversize === 'throw') throw new Refused('FRAME_TOO_LARGE');
    const { external } = this;
    const before = this.writable();
    const moved = new ExternalModel(end, before.header.length);
    moved.data.set(before.data.subarray(0, before.length));
    moved.data.set(bytes, offset);
    moved.header.set(before.header);
    Object.assign(moved.fields, before.fields);
    this.external = moved;
    this.model.oversize += 1;
    if (external !== undefined) external.count -= 1;
    else this.model.release(this.seat, this.handle);
    this.handle = 0;
  }
}
