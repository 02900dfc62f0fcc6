/** What the unit tests share: a refusal with its class, code and words, and the proof that nothing was lost. */
import { type FramePool, FrameslabError, FramePool as Pool } from 'frameslab';
import { expect } from 'vitest';
import type { GuardMode } from '../../src/slab/geometry.js';
import { LIBRARY_VERSION } from '../../src/slab/header.js';

/** An error class of the library. */
export interface FaultClass {
  readonly code: string;
  readonly name: string;
  readonly prototype: FrameslabError;
}

/** A value of a wrong type on purpose. */
export const wrong = (value: unknown): never => value as never;

/** What an act throws; fails the test if it throws nothing. */
export function thrown(act: () => unknown): unknown {
  let answer: unknown;
  try {
    answer = act();
  } catch (fault) {
    return fault;
  }
  throw new Error(`nothing was thrown; the answer was ${String(answer)}`);
}

/** The fault is of this class, has its stable code, and its message names all of the parts. */
export function expectFault(fault: unknown, type: FaultClass, ...parts: unknown[]): FrameslabError {
  const error = fault as FrameslabError;
  expect({ name: error?.name, code: error?.code, message: error?.message }).toEqual({
    name: type.name,
    code: type.code,
    message: expect.any(String),
  });
  expect(error).toBeInstanceOf(FrameslabError);
  expect(error).toBeInstanceOf(type as unknown as new () => Error);
  for (const part of parts) expect(error.message).toContain(String(part));
  return error;
}

/** The act throws this class of fault, in these words. */
export function refused(act: () => unknown, type: FaultClass, ...parts: unknown[]): FrameslabError {
  return expectFault(thrown(act), type, ...parts);
}

/** Everything about a pool that a refused call must leave alone. */
export function stateOf(pool: FramePool): unknown {
  const { framesFree, framesInUse, framesInFlight, waiters, threads, releases } = pool.stats();
  return {
    audit: pool.audit(),
    slots: pool.inspect().map(({ slot, generation, references, holders, messages, inLanes }) => ({
      slot,
      generation,
      references,
      inLanes,
      holders: holders.map(({ seat, count }) => [seat, count]),
      messages: messages.map(({ to, count }) => [to, count]),
    })),
    numbers: { framesFree, framesInUse, framesInFlight, waiters, releases },
    threads: threads.map(({ seat, held }) => [seat, held]),
  };
}

/** The act is refused, and afterwards every reference of the pool stands where it stood. */
export function refusedInVain(
  pool: FramePool,
  act: () => unknown,
  type: FaultClass,
  ...parts: unknown[]
): FrameslabError {
  const before = stateOf(pool);
  const fault = refused(act, type, ...parts);
  expect(stateOf(pool)).toEqual(before);
  expect(pool.audit()).toMatchObject({ ok: true, unaccounted: 0 });
  return fault;
}

/** Every slot is free, and all of them can be had: nothing was lost. */
export function expectAllHome(pool: FramePool): void {
  const audit = pool.audit();
  expect(audit.problems).toEqual([]);
  expect(audit).toMatchObject({ ok: true, held: 0, inFlight: 0, inLanes: 0, unaccounted: 0 });
  expect(audit.free + audit.cached).toBe(audit.slots);
  const handles: number[] = [];
  for (let handle = pool.slots.acquire(); handle !== 0; handle = pool.slots.acquire()) {
    handles.push(handle);
  }
  expect(new Set(handles).size).toBe(audit.slots);
  for (const handle of handles) pool.slots.release(handle);
}

/** A small pool without caches: every slot is in the list or in somebody's hands. */
export function smallPool(options: Parameters<typeof Pool.create>[0] = {}): FramePool {
  return Pool.create({ frameSizeBytes: 64, frames: 4, threadsMax: 4, cacheFrames: 0, ...options });
}

/** The guards, for tests that hold under all of them. */
export const GUARDS: readonly GuardMode[] = ['off', 'poison', 'verify'];

/** A sequence that is the same in every run: 32 bits at a time. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/**
 * Creates or attaches a pool as another thread would: with a seat of its own. A thread has one seat
 * per slab, because its attachments stand in a registry on the global object; this one is new.
 */
export function alone<T>(attach: () => T): T {
  const registry = Symbol.for(`frameslab.attachments.${LIBRARY_VERSION}`);
  const scope = globalThis as unknown as Record<symbol, unknown>;
  const kept = scope[registry];
  scope[registry] = new Set();
  try {
    return attach();
  } finally {
    scope[registry] = kept;
  }
}
