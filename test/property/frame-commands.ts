/**
 * Commands on frame objects: acquire to release, writing, copies, external memory.
 */
import type { Frame } from 'frameslab';
import type { Args, Command } from './commands.js';
import { ExternalModel } from './frame-model.js';
import { noteErased } from './laws.js';
import { onFrame } from './message-commands.js';
import { Refused, same } from './model.js';
import { acquired, mayAcquire } from './slot-commands.js';
import type { World } from './world.js';

/** Lengths at and around every limit, and values that are none. */
function lengthOf(world: World, { b }: Args): number {
  const size = world.model.shape.frameSizeBytes;
  const strange = [size, size + 1, 2 * size, -1, 0.5, Number.NaN, wrong('3'), wrong(null)];
  return b < strange.length ? strange[b] : (b - strange.length) % (size + 1);
}

const wrong = (value: unknown): never => value as never;

/** Bytes that tell who wrote them. */
function bytesOf(world: World, { p, b, c }: Args): Uint8Array {
  const length = b % (world.model.shape.frameSizeBytes + 3);
  return Uint8Array.from({ length }, (_, k) => (p * 64 + b * 7 + c + k) & 0xff);
}

function acquireMany(world: World, args: Args): void {
  const { pool, seat } = world.party(args.p);
  const count = args.a < 8 ? args.a : [world.model.slots + 1, -1][args.a - 8];
  const length = args.c < 3 ? undefined : lengthOf(world, args);
  const invalid = count < 0 || count > world.model.slots;
  const refusal = world.refusal(() => {
    if (invalid) throw new Refused('INVALID_OPTION');
    if (length !== undefined) world.model.checkedLength(length);
  });
  if (refusal !== undefined) {
    world.same('acquireMany', () => pool.acquireMany(count, length), refusal);
    return;
  }
  const may = mayAcquire(world, pool, count);
  const frames = acquired(world, pool, may, () => pool.acquireMany(count, length));
  noteErased(world);
  for (const real of (frames as Frame[] | undefined) ?? []) {
    world.model.begin(seat, real.handle, length);
    world.addPair(world.party(args.p), real, real.handle);
  }
}

function tryAcquire(world: World, args: Args): void {
  const party = world.party(args.p);
  const length = args.c < 2 ? undefined : lengthOf(world, args);
  const refusal = world.refusal(() => length !== undefined && world.model.checkedLength(length));
  if (refusal !== undefined) {
    world.same('tryAcquire', () => party.pool.tryAcquire(length), refusal);
    return;
  }
  const may = mayAcquire(world, party.pool, 1);
  const real = acquired(world, party.pool, may, () => party.pool.tryAcquire(length));
  if (real === undefined) return;
  world.model.begin(party.seat, (real as Frame).handle, length);
  world.addPair(party, real as Frame, (real as Frame).handle);
}

const unshare = onFrame((world, { party, real, model }) => {
  const refusal = world.refusal(() => model.refCount);
  if (refusal !== undefined || !model.mustCopy) {
    world.same('unshare', () => real.unshare() === real, refusal ?? (() => true));
    return;
  }
  const { place, external } = model;
  if (external !== undefined) {
    const copy = world.same(
      'unshare',
      () => real.unshare(),
      () => model.release(),
      false,
    );
    if (copy === undefined) return;
    const twin = new ExternalModel(external.data.length, external.header.length);
    twin.length = external.length;
    twin.data.set(external.data.subarray(0, external.length));
    twin.header.set(external.header);
    Object.assign(twin.fields, external.fields);
    world.addPair(party, copy, 0, twin);
    return;
  }
  const may = mayAcquire(world, party.pool, 1);
  const copy = acquired(world, party.pool, may, () => real.unshare(), 'POOL_EXHAUSTED');
  if (copy === undefined) return;
  const lease = world.model.begin(party.seat, (copy as Frame).handle, place.length);
  world.model.data[lease.slot].set(place.data.subarray(0, place.length));
  world.model.headers[lease.slot].set(place.header);
  Object.assign(lease.fields, place.fields);
  model.release();
  world.addPair(party, copy as Frame, (copy as Frame).handle);
});

/** A view that was taken while it was allowed is written to when it no longer is. */
const tamper = onFrame((world, { party, real, model }, { b }) => {
  const { handle, external } = model;
  if (external !== undefined) return;
  const { slots } = party.pool;
  const lease = world.model.live.get(handle);
  const { guard, frameSizeBytes } = world.model.shape;
  if (lease !== undefined && lease.ledger[party.seat] > 0 && lease.inLanes === 0) {
    if (lease.length === 0) return;
    const byte = b % lease.length;
    slots.bytes(handle)[byte] ^= 0x55;
    world.model.data[lease.slot][byte] ^= 0x55;
  }
  const slot = world.model.slotOf(handle);
  if (lease !== undefined || !real.released || !world.model.poisoned.has(slot)) return;
  const byte = b % frameSizeBytes;
  world.slab.bytesOf(slot, frameSizeBytes)[byte] ^= 0x55;
  world.model.data[slot][byte] ^= 0x55;
  const whole = same(
    world.model.data[slot],
    world.model.data[slot].map(() => 0xdb),
  );
  if (guard === 'verify' && !whole) world.model.tampered.add(slot);
  else world.model.tampered.delete(slot);
});

/** Every command on frame objects. */
export const frameCommands: Readonly<Record<string, Command>> = {
  tryAcquire,
  acquireMany,
  unshare,
  tamper,
  write: onFrame((world, { real, model }, args) => {
    const offset = [0, 1, 3, args.b === 0 ? -1 : 7, 70, 0.5][args.c];
    const bytes = bytesOf(world, args);
    const data = args.p === 0 ? bytes.buffer : args.p === 1 ? new DataView(bytes.buffer) : bytes;
    world.same(
      'write',
      () => real.write(data, offset) === real,
      () => {
        model.write(bytes, offset);
        return true;
      },
    );
  }),
  storage: onFrame((world, { real, model }, args) => {
    const room = world.same(
      'storage',
      () => real.storage,
      () => model.writable().data,
      false,
    );
    if (room === undefined) return;
    room.fill(args.b);
    model.place.data.fill(args.b);
  }),
  setLength: onFrame((world, { real, model }, args) => {
    const length = lengthOf(world, args);
    world.same(
      'length =',
      () => Reflect.set(real, 'length', length),
      () => model.setLength(length) ?? true,
    );
  }),
  setField: onFrame((world, { real, model }, { b, c }) => {
    const field = (['tag', 'timestamp', 'sequence'] as const)[c % 3];
    const value = [7, -1, 2 ** 31 - 1, 2 ** 31, 2 ** 53, 0.5, wrong('7')][b % 7];
    world.same(
      'field =',
      () => Reflect.set(real, field, value),
      () => model.setField(field, value) ?? true,
    );
  }),
  setHeader: onFrame((world, { real, model }, { b }) => {
    if (world.refusal(() => model.place) !== undefined || model.refCount !== 1) return;
    if (model.place.header.length === 0) return;
    real.header.setUint8(b % real.header.byteLength, b);
    model.place.header[b % real.header.byteLength] = b;
  }),
  retain: onFrame((world, { real, model }) => {
    world.same(
      'retain',
      () => real.retain() === real,
      () => model.retain() ?? true,
    );
  }),
  release: onFrame((world, { real, model }) => {
    world.same(
      'release',
      () => real.release(),
      () => model.release(),
    );
  }),
  dispose: onFrame((world, { party, real, model }) => {
    // Several releases: what the integer API took away stops it half way.
    const held = world.model.live.get(model.handle)?.ledger[party.seat] ?? 0;
    if (model.external === undefined && held < model.count) return;
    world.same(
      'dispose',
      () => real[Symbol.dispose](),
      () => {
        while (model.count > 0) model.release();
      },
    );
  }),
  copy: onFrame((world, { real, model }, { c }) => {
    const size = [1, 4, 8][c % 3];
    const type = [Uint8Array, Float32Array, Float64Array][
      c % 3
    ] as typeof Uint8Array<SharedArrayBuffer>;
    world.same(
      'view',
      () => [real.view(type).length, [...real.copy()], [...real.buffer()]],
      () => {
        const { data, length } = model.place;
        if (length % size !== 0 || (model.external?.offset ?? 0) % size !== 0)
          throw new Refused('INVALID_OPTION');
        const bytes = [...data.subarray(0, length)];
        return [length / size, bytes, bytes];
      },
    );
  }),
  wrap: (world, { p, b, c }) => {
    const party = world.party(p);
    const offset = [0, 1, b, b + 1, -1, 0.5][c];
    const length = [undefined, undefined, 0, undefined, undefined, 1][c];
    const real = world.same(
      'wrap',
      () => party.pool.wrap(new SharedArrayBuffer(b), offset, length),
      () => {
        if (!Number.isInteger(offset) || offset < 0 || offset > b)
          throw new Refused('INVALID_OPTION');
      },
      false,
    );
    if (real === undefined) return;
    const external = new ExternalModel(length ?? b - offset, world.model.shape.headerBytes, offset);
    world.addPair(party, real, 0, external);
  },
};
