/**
 * Every scenario in every order within bounds; then with kills before every write.
 *
 * `FRAMESLAB_MODEL=bounded` (for CI) lowers the bounds; `FRAMESLAB_MODEL_MS` is the longest time for
 * one scenario.
 */
import { afterAll, describe, expect, test } from 'vitest';
import type { Bounds } from './explorer.js';
import { explore } from './report.js';
import { scenarios } from './scenarios.js';

const bounded = process.env['FRAMESLAB_MODEL'] === 'bounded';
const msMax = Number(process.env['FRAMESLAB_MODEL_MS'] ?? (bounded ? 2_000 : 9_000));
const sums = { runs: 0, pruned: 0, kills: 0, states: 0, steps: 0 };
const rows: string[] = [];
const left: string[] = [];

/** Small enough for a kill and a preemption together in seconds. */
const SMALL = [
  'one-slot',
  'two-slots',
  'cache',
  'last-release',
  'retain-release',
  'transfer',
  'adopt-revoke',
  'reclaim-reclaim',
  'mail-close',
  'mailbox',
  'lane',
  'close-undelivered',
  'broadcast-leave',
  'attach-attach',
];

function run(name: string, bounds: Omit<Bounds, 'msMax'>): void {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`no scenario '${name}'`);
  const result = explore(scenario, { ...bounds, msMax });
  for (const key of ['runs', 'pruned', 'kills', 'states', 'steps'] as const) {
    sums[key] += result[key];
  }
  const row = [
    name.padEnd(18),
    `${bounds.preemptions} preemptions`,
    `${bounds.kills} kills`,
    `${result.runs} runs`,
    result.complete ? 'complete' : 'not finished',
  ];
  rows.push(row.join('  '));
  if (!result.complete) left.push(`${name} (${bounds.preemptions}/${bounds.kills})`);
  expect(result.runs).toBeGreaterThan(0);
}

afterAll(() => {
  if (!bounded) console.log(rows.join('\n'));
  console.log(
    `${sums.runs} interleavings to their end, ${sums.kills} of them with a kill; ${sums.pruned} more ` +
      `met a state that was known; ${sums.states} states, ${sums.steps} accesses. ` +
      `Not finished within the time: ${left.join(', ') || 'none'}`,
  );
});

function each(names: readonly string[], bounds: Omit<Bounds, 'msMax'>): void {
  for (const name of names) test(`${scenarios[name]?.law} [${name}]`, () => run(name, bounds));
}

const all = Object.keys(scenarios);

describe('whoever goes next', () => each(all, { preemptions: bounded ? 1 : 2, kills: 0 }));

describe('whoever is killed before any write', () => {
  each(all, { preemptions: bounded ? 0 : 1, kills: 1 });
});

describe.runIf(bounded)('whoever is killed while another is in the middle', () => {
  each(SMALL, { preemptions: 1, kills: 1 });
});

describe('whoever is killed, and whoever reclaims', () => {
  each(bounded ? SMALL : all, { preemptions: 0, kills: 2 });
});
