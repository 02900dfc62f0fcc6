/**
 * Commands of the integer API, with handles that are live, stale, foreign to the seat or forged; and
 * what an acquire may answer.
 */
import type { FramePool } from 'frameslab';
import type { Args, Command } from './commands.js';
import { noteErased } from './laws.js';
import { Refused } from './model.js';
import type { Party, World } from './world.js';

/**
 * Whether `count` frames must be found, may not be, or may be. Known for certain by the promise
 * alone: fewer than `frames` in use, or more wanted than there are. Between these the caches of
 * others decide, and the audit tells what this seat can reach.
 */
export function mayAcquire(world: World, pool: FramePool, count: number): boolean {
  const { model } = world;
  const used = model.live.size;
  const own = pool.stats().threads.find(({ seat }) => seat === pool.seat)?.cached ?? 0;
  const cached = pool.stats().framesCached;
  const reach = model.slots - used - cached + own;
  const may = reach >= count;
  if (used + count <= model.shape.frames && !may) throw new Error(`only ${reach} are in reach`);
  if (used + count > model.slots && may) throw new Error(`${reach} are in reach, and cannot be`);
  return may;
}

/**
 * Runs an acquire that must succeed, or must not. The guard may object instead, to a slot that was
 * written to after its release; such a slot is free, and not objected to again.
 */
export function acquired(
  world: World,
  pool: FramePool,
  may: boolean,
  act: () => unknown,
  exhausted?: string,
): unknown {
  const did = world.attempt(act);
  if ('value' in did) {
    const found = did.value !== undefined && did.value !== 0 && did.value !== false;
    if (found !== may) throw new Error(`an acquire ${found ? 'found' : 'missed'} a frame`);
    return found ? did.value : undefined;
  }
  if (did.code === `ERR_FRAMESLAB_${exhausted}` && !may) return undefined;
  const slot = Number(/slot (\d+)/.exec(String(did.fault))?.[1]);
  const known = did.code === 'ERR_FRAMESLAB_FRAME_MODIFIED' && world.model.tampered.delete(slot);
  if (!known) throw did.fault;
  world.model.poisoned.delete(slot);
  noteErased(world);
  if (pool.audit().held !== [...world.model.live.values()].filter((l) => l.held > 0).length) {
    throw new Error('an acquire that the guard refused holds a frame');
  }
  return undefined;
}

/** A command on a handle, as a party that may not hold it. */
function onHandle(
  what: string,
  real: (party: Party, handle: number, args: Args) => unknown,
  model: (world: World, party: Party, handle: number, args: Args) => unknown,
): Command {
  return (world, args) => {
    const party = world.party(args.p);
    const handle = world.handle(args.a);
    world.same(
      what,
      () => real(party, handle, args),
      () => model(world, party, handle, args),
    );
  };
}

const ADDRESSEES = [undefined, 0, 1, 2, -2, 0.5];

function options({ c }: Args): { to?: number } {
  const to = ADDRESSEES[c];
  return to === undefined ? {} : { to };
}

/** Some handles, perhaps one twice, perhaps a stale one. */
function handlesOf(world: World, { a, b, c }: Args): Int32Array {
  const some = [a, a + (b % 3), b % 10, (a + b) % 8].slice(0, c % 5);
  return Int32Array.from(some, (index) => world.handle(index));
}

function acquire(world: World, { p }: Args): void {
  const { pool, seat } = world.party(p);
  const handle = acquired(world, pool, mayAcquire(world, pool, 1), () => pool.slots.acquire());
  if (handle === undefined) return;
  world.model.begin(seat, handle as number);
  world.note(handle as number);
}

function acquireMany(world: World, { p, c }: Args): void {
  const { pool, seat } = world.party(p);
  const into = new Int32Array(c);
  const may = mayAcquire(world, pool, c);
  const found = acquired(world, pool, may, () => pool.slots.acquireMany(into));
  noteErased(world);
  if (found === undefined) return;
  for (const handle of into) {
    world.model.begin(seat, handle);
    world.note(handle);
  }
}

function releaseMany(world: World, args: Args): void {
  const { pool, seat } = world.party(args.p);
  const handles = handlesOf(world, args);
  const count = [undefined, undefined, 1, 2, -1, 9][args.b % 6];
  world.same(
    'releaseMany',
    () => pool.slots.releaseMany(handles, count),
    () => {
      const most = count ?? handles.length;
      if (most < 0 || most > handles.length) throw new Refused('INVALID_OPTION');
      const named = [...handles.subarray(0, most)];
      for (const handle of named) {
        const held = world.model.held(seat, handle).ledger[seat];
        if (named.filter((other) => other === handle).length > held) {
          throw new Refused('STALE_HANDLE');
        }
      }
      return releasedAll(world, seat, named);
    },
  );
}

/** What the guard finds is thrown after all have been released. */
function releasedAll(world: World, seat: number, handles: readonly number[]): number {
  let last = 0;
  let fault: unknown;
  for (const handle of handles) {
    try {
      if (world.model.release(seat, handle)) last += 1;
    } catch (found) {
      fault ??= found;
    }
  }
  if (fault !== undefined) throw fault;
  return last;
}

/** Every command of the integer API. */
export const slotCommands: Readonly<Record<string, Command>> = {
  'slots.acquire': acquire,
  'slots.acquireMany': acquireMany,
  'slots.releaseMany': releaseMany,
  'slots.retain': onHandle(
    'slots.retain',
    ({ pool }, handle) => pool.slots.retain(handle),
    ({ model }, { seat }, handle) => model.retain(seat, handle),
  ),
  'slots.release': onHandle(
    'slots.release',
    ({ pool }, handle) => pool.slots.release(handle),
    ({ model }, { seat }, handle) => model.release(seat, handle),
  ),
  'slots.transfer': onHandle(
    'slots.transfer',
    ({ pool }, handle, args) => pool.slots.transfer(handle, options(args)),
    ({ model }, { seat }, handle, args) => {
      model.send(seat, handle, options(args).to, true);
      return handle;
    },
  ),
  'slots.share': onHandle(
    'slots.share',
    ({ pool }, handle, args) => pool.slots.share(handle, options(args)),
    ({ model }, { seat }, handle, args) => {
      model.send(seat, handle, options(args).to, false);
      return handle;
    },
  ),
  'slots.adopt': onHandle(
    'slots.adopt',
    ({ pool }, handle) => pool.slots.adopt(handle),
    ({ model }, { seat }, handle) => {
      model.adopt(seat, handle);
      return handle;
    },
  ),
  'slots.revoke': (world, { p, a }) => {
    const { pool } = world.party(p);
    const handle = world.handle(a);
    world.revoke(() => pool.slots.revoke(handle), handle);
  },
  'slots.setLength': onHandle(
    'slots.setLength',
    ({ pool }, handle, { b }) => pool.slots.setLength(handle, b - 1),
    ({ model }, { seat }, handle, { b }) => {
      model.writable(seat, handle).length = model.checkedLength(b - 1);
    },
  ),
  'slots.storage': (world, { p, a, b }) => {
    const { pool, seat } = world.party(p);
    const handle = world.handle(a);
    let slot = -1;
    world.same(
      'slots.storage',
      () => pool.slots.storage(handle).fill(b).length,
      () => {
        ({ slot } = world.model.writable(seat, handle));
        return world.model.data[slot].fill(b).length;
      },
    );
  },
  'slots.read': onHandle(
    'slots.refCount, exclusive, length, bytes, index',
    ({ pool: { slots } }, handle) => [
      slots.refCount(handle),
      slots.exclusive(handle),
      slots.length(handle),
      [...slots.bytes(handle)],
      slots.index(handle),
    ],
    ({ model }, { seat }, handle) => {
      const lease = model.held(seat, handle);
      const { total, length, slot } = lease;
      return [total, total === 1, length, [...model.bytesOf(lease)], slot];
    },
  ),
};
