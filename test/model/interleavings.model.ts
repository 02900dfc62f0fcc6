/**
 * Every scenario in every order within bounds; then with a kill before every write.
 *
 * `FRAMESLAB_MODEL=bounded` (for CI) lowers the bounds; `FRAMESLAB_MODEL_MS` is the longest time for
 * one scenario.
 */
import { afterAll, describe, expect, test } from 'vitest';
import type { Bounds } from './explorer.js';
import { explore } from './report.js';
import { scenarios } from './scenarios.js';

const bounded = process.env['FRAMESLAB_MODEL'] === 'bounded';
const msMax = Number(process.env['FRAMESLAB_MODEL_MS'] ?? (bounded ? 2_000 : 20_000));
const sums = { runs: 0, pruned: 0, kills: 0, states: 0, steps: 0, left: [] as string[] };

function run(name: string, bounds: Bounds): void {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`no scenario '${name}'`);
  const result = explore(scenario, bounds);
  for (const key of ['runs', 'pruned', 'kills', 'states', 'steps'] as const) {
    sums[key] += result[key];
  }
  if (!result.complete) sums.left.push(name);
  expect(result.runs).toBeGreaterThan(0);
}

afterAll(() => {
  console.log(
    `${sums.runs} interleavings to their end, ${sums.kills} of them with a kill; ${sums.pruned} more ` +
      `met a state that was known; ${sums.states} states, ${sums.steps} accesses. ` +
      `Not finished within the time: ${sums.left.join(', ') || 'none'}`,
  );
});

describe('whoever goes next', () => {
  for (const [name, { law }] of Object.entries(scenarios)) {
    test(`${law} [${name}]`, () => {
      run(name, { preemptions: bounded ? 1 : 2, kills: 0, msMax });
    });
  }
});

describe('whoever is killed before any write', () => {
  for (const [name, { law }] of Object.entries(scenarios)) {
    test(`${law} [${name}]`, () => {
      run(name, { preemptions: bounded ? 0 : 1, kills: 1, msMax });
    });
  }
});
