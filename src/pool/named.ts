/**
 * Pools by name: the main thread's registry, which workers inherit.
 *
 * Invariants
 * 1. There is one pool of a name in a process: only the main thread creates, and a worker that
 *    cannot know a name gets `PoolNotFoundError`, never a second pool.
 * 2. A pool that exists with other options is refused, not returned.
 *
 * Any thread; nothing blocks.
 */
import { InvalidOptionError, PoolNotFoundError } from '../errors.js';
import {
  type ChannelGeometry,
  describe,
  type FramePoolOptions,
  type Geometry,
  geometryOf,
} from '../slab/geometry.js';
import { hostOfThread } from '../threads/host.js';

/** What this file needs of a pool class. */
export interface PoolMaker<P extends { readonly ref: R }, R> {
  create(options: FramePoolOptions): P;
  attach(ref: R): P;
  geometryOf(ref: R): Geometry;
}

/** Where this thread keeps what it has opened, on platforms whose workers inherit nothing. */
const opened = new Map<string, unknown>();

/** Gets the pool of a name, or creates it on the main thread. */
export function openNamed<P extends { readonly ref: R }, R>(
  name: string,
  options: FramePoolOptions | undefined,
  maker: PoolMaker<P, R>,
): P {
  if (typeof name !== 'string' || name === '') {
    throw new InvalidOptionError(`a pool's name is a non-empty string, got ${describe(name)}`);
  }
  if (options !== undefined) geometryOf(options); // refuses bad options, whatever exists
  const host = hostOfThread();
  const key = `frameslab:${name}`;
  const ref = (host.inherited(key) ?? opened.get(key)) as R | undefined;
  if (ref !== undefined) {
    // Before a seat is taken.
    requireSame(name, options ?? {}, maker.geometryOf(ref));
    return maker.attach(ref);
  }
  if (!host.isMainThread) {
    throw new PoolNotFoundError(
      `this worker knows no pool named ${describe(name)}: open it on the main thread before the ` +
        'worker starts, or send the worker its pool.ref',
    );
  }
  const pool = maker.create(options ?? {});
  if (!host.bequeath(key, pool.ref)) opened.set(key, pool.ref);
  return pool;
}

/** Which numbers of the geometry an option decides, where the names differ. */
const DECIDES: Readonly<Record<string, keyof Geometry>> = {
  trace: 'traceRate',
  preallocateBytes: 'preallocateFrames',
  preallocateFramesMin: 'preallocateFrames',
};

function requireSame(name: string, options: FramePoolOptions, found: Geometry): void {
  // What is not asked for is as it is: sizes that depend on others come out right.
  const { frameSizeBytes, frames, threadsMax, cacheFrames } = found;
  const wanted = geometryOf({ frameSizeBytes, frames, threadsMax, cacheFrames, ...options });
  const keyOf = (option: string): keyof Geometry => DECIDES[option] ?? (option as keyof Geometry);
  const given = Object.keys(options);
  for (const option of given) {
    const key = keyOf(option);
    const asked = shown(wanted[key]);
    const has = shown(found[key]);
    if (asked === has) continue;
    const together = given.filter((other) => keyOf(other) === key).join(', ');
    throw new InvalidOptionError(
      `the pool ${describe(name)} exists with other ${together} (${key} ${has}, not ${asked}): ` +
        'open it with the same options, or without any',
    );
  }
}

/** As text that does not depend on the order in which channels were declared. */
function shown(value: Geometry[keyof Geometry]): string {
  if (!Array.isArray(value)) return JSON.stringify(value);
  const channels = value as readonly ChannelGeometry[];
  const lines = channels.map((c) => `${c.name}: ${c.mode} of ${c.capacity}, ${c.whenFull}`);
  return `{ ${lines.sort().join('; ')} }`;
}
