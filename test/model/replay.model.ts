/** Runs one schedule of one scenario again and prints it: see docs/verification.md. */
import { expect, test } from 'vitest';
import { replayed } from './report.js';
import { scenarios } from './scenarios.js';

const name = process.env['FRAMESLAB_SCENARIO'] ?? '';
const schedule = process.env['FRAMESLAB_SCHEDULE'] ?? '';

test.runIf(name !== '')('a schedule runs again as it ran', () => {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`no scenario '${name}'`);
  const first = replayed(scenario, schedule);
  console.log(first);
  expect(replayed(scenario, schedule)).toBe(first);
});
