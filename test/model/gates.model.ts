/**
 * That what is explored has its gates: the hot path is handed out as closures, and a closure that the
 * transform did not follow would run in one step, unseen.
 */
import { describe, expect, test } from 'vitest';
import { Library } from './library.js';
import { replayed } from './report.js';
import { scenarios } from './scenarios.js';
import type { Scenario } from './world.js';

/** Scenarios, and the functions that write to the slab in each, whoever goes first. */
const WRITERS: readonly (readonly [scenario: string, functions: readonly string[]])[] = [
  ['stale', ['HotPath.acquire', 'HotPath.begin', 'HotPath.release']],
  ['retain-release', ['HotPath.retain', 'HotPath.releaseShared']],
  ['many', ['Runs.acquireRun', 'Runs.freeRun']],
  ['release-many', ['Runs.freeRun', 'Runs.resume']],
  ['many-crowded', ['Runs.freeRun', 'Cache.spill']],
  ['spill', ['Cache.spill', 'Cache.own']],
];

describe('gates stand in', () => {
  const { sites } = new Library();
  const gated = new Set(sites.map(({ where }) => where));
  test.each([...new Set([...WRITERS.flatMap(([, functions]) => functions), 'HotPath.holds'])])(
    '%s',
    (name) => {
      expect([...gated]).toContain(name);
    },
  );
});

describe('a run of', () => {
  test.each(WRITERS)('%s goes through the gates of %j', (name, functions) => {
    const table = replayed(scenarios[name] as Scenario, '');
    const writers = table
      .split('\n')
      .filter((row) => /\b(?:store|add|compareExchange) /.test(row))
      .map((row) => /\| ([\w.]+):\d+$/.exec(row)?.[1]);
    for (const each of functions) expect(writers).toContain(each);
  });
});
