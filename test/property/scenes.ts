/**
 * The scenes that are recorded, each with the law that its histories are held against.
 */
import type { FramePoolOptions } from '../../src/slab/geometry.js';
import { linearize, type Operation, type Specification, shown } from './linearizability.js';
import type { Cast, History } from './recorder.js';
import { seed } from './run.js';
import { laneByLane, poolSpec, queueSpec } from './specifications.js';

/** Who does what to which pool, and the law for it. */
export interface Scene {
  readonly name: string;
  readonly options: FramePoolOptions;
  readonly roles: Cast['roles'];
  readonly calls: number;
  law(history: History): Law;
}

/** What a history is held against; `lanes`: an empty receive is one call per lane. */
export interface Law {
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

/** Every scene. */
export const SCENES: readonly Scene[] = [
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

/** Throws, with the history, if no order of its calls is possible. Answers what it searched. */
export function check(scene: Scene, history: History): number {
  const law = scene.law(history);
  const { operations } = history;
  const calls: readonly Operation[] =
    law.lanes === undefined ? operations : laneByLane(operations, law.lanes);
  const verdict = linearize(calls, law.spec);
  if (verdict.linearizable) return verdict.configurations;
  throw new Error(
    `no order of these calls is possible (seed ${seed}; in the beginning handle ` +
      `${history.handle} with ${history.flights} messages):\n${shown(calls)}\n` +
      `as far as it goes:\n${verdict.order.map((call) => shown([call])).join('\n')}`,
  );
}
