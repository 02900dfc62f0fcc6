/**
 * Recorded histories of real threads are linearizable: what they saw could have happened one call
 * after the other. Hundreds of short rounds per scene; a number of calls that really overlapped is
 * demanded, so that the law is not held against threads that took turns.
 */
import { availableParallelism } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import type { FramePoolOptions } from '../../src/slab/geometry.js';
import {
  linearize,
  type Operation,
  overlapping,
  type Specification,
  shown,
} from './linearizability.js';
import { type Cast, type History, recorded } from './recorder.js';
import { LIBRARY_FILE, libraryAt, Progress, say, seed, times } from './run.js';
import { laneByLane, poolSpec, queueSpec } from './specifications.js';

const { FramePool } = libraryAt(LIBRARY_FILE);
const numbers = { histories: 0, calls: 0, overlapping: 0, configurations: 0 };

/** Rounds per recording; on a busy machine more recordings follow, until enough calls overlapped. */
const ROUNDS = 200;
const RECORDINGS_MAX = 30;
/**
 * So many calls of each scene must have been under way together with one of another thread. A
 * machine with one core interrupts calls now and then; it cannot promise more than that.
 */
const OVERLAPS_MIN = availableParallelism() > 1 ? 20 : 1;

interface Scene {
  readonly name: string;
  readonly options: FramePoolOptions;
  readonly roles: Cast['roles'];
  readonly calls: number;
  law(history: History): Law;
}

/** What a history is held against; `lanes`: an empty receive is one call per lane. */
interface Law {
  readonly spec: Specification<never>;
  readonly lanes?: number;
}

/** The law of the pool, for as many frames, threads and caches as the scene has. */
function poolLaw(frames: number, threads: number, cacheFrames: number): Scene['law'] {
  return ({ handle, flights }) => {
    const slots = frames + (threads + 1) * cacheFrames;
    const mask = (1 << Math.max(1, 32 - Math.clz32(slots - 1))) - 1;
    const initial = handle === 0 ? [] : [[handle, { held: { 0: 1 }, flights }] as const];
    const spec = poolSpec(frames, slots, (name) => name & mask, new Map(initial));
    return { spec: spec as Specification<never> };
  };
}

function poolScene(name: string, frames: number, cacheFrames: number, threads: number): Scene {
  const roles = new Array<'acquirer'>(threads).fill('acquirer');
  const options = { frames, cacheFrames, threadsMax: threads + 1, frameSizeBytes: 8 };
  return { name, options, roles, calls: 6, law: poolLaw(frames, threads, cacheFrames) };
}

function queueScene(producers: number, consumers: number): Scene {
  const capacity = 2;
  const calls = producers + consumers > 3 ? 5 : 6;
  const producing = [...Array(producers).keys()];
  return {
    name: `a queue, ${producers} producer(s), ${consumers} consumer(s)`,
    options: {
      frames: producers * calls,
      cacheFrames: 0,
      threadsMax: producers + consumers + 1,
      frameSizeBytes: 8,
      channels: { line: { capacity } },
    },
    roles: [
      ...new Array<'producer'>(producers).fill('producer'),
      ...new Array<'consumer'>(consumers).fill('consumer'),
    ],
    calls,
    law: () => {
      const spec = queueSpec(capacity, producing) as Specification<never>;
      return producers > 1 && consumers > 1 ? { spec, lanes: producers } : { spec };
    },
  };
}

const SCENES: readonly Scene[] = [
  poolScene('one frame, two threads', 1, 0, 2),
  poolScene('two frames, three threads', 2, 0, 3),
  poolScene('two frames, three threads with caches', 2, 2, 3),
  {
    name: 'messages of one frame, three threads',
    options: { frames: 1, cacheFrames: 0, threadsMax: 4, frameSizeBytes: 8 },
    roles: ['messenger', 'messenger', 'messenger'],
    calls: 6,
    law: poolLaw(1, 3, 0),
  },
  queueScene(1, 1),
  queueScene(1, 2),
  queueScene(2, 1),
  queueScene(2, 2),
];

function check(scene: Scene, history: History): void {
  const law = scene.law(history);
  const { operations } = history;
  const calls: readonly Operation[] =
    law.lanes === undefined ? operations : laneByLane(operations, law.lanes);
  const verdict = linearize(calls, law.spec);
  numbers.configurations += verdict.configurations;
  if (verdict.linearizable) return;
  throw new Error(
    `no order of these calls is possible (seed ${seed}; in the beginning handle ` +
      `${history.handle} with ${history.flights} messages):\n${shown(calls)}\n` +
      `as far as it goes:\n${verdict.order.map((call) => shown([call])).join('\n')}`,
  );
}

describe('what real threads saw could have happened one call after the other', () => {
  afterAll(() => {
    const share = ((100 * numbers.overlapping) / numbers.calls).toFixed(1);
    say(
      `seed ${seed}: ${numbers.histories} histories, ${numbers.calls} calls, ${share} % of them ` +
        `overlapping, ${numbers.configurations} configurations searched`,
    );
  });

  for (const scene of SCENES) {
    test(scene.name, { timeout: 3_600_000 }, async () => {
      const pool = FramePool.create(scene.options);
      const progress = new Progress();
      const wanted = times(1);
      const sum = { calls: 0, overlapping: 0 };
      const tooFew = (): boolean => sum.overlapping < OVERLAPS_MIN;
      for (let k = 0; k < wanted || (tooFew() && k < RECORDINGS_MAX); k++) {
        const { roles, calls } = scene;
        const cast = { roles, calls, rounds: ROUNDS, seed: (seed + k) | 0 };
        for (const history of await recorded(pool, cast)) {
          numbers.histories += 1;
          sum.calls += history.operations.length;
          sum.overlapping += overlapping(history.operations);
          check(scene, history);
        }
        progress.at(() => `histories of ${scene.name}: ${k + 1} of ${wanted} recordings`);
      }
      numbers.calls += sum.calls;
      numbers.overlapping += sum.overlapping;
      expect(pool.audit()).toMatchObject({ ok: true, held: 0, inFlight: 0, inLanes: 0 });
      expect(sum.overlapping).toBeGreaterThanOrEqual(OVERLAPS_MIN);
      pool.close();
    });
  }
});
