/**
 * The explorer can fail: it finds every broken variant of the library that it is shown.
 *
 * `FRAMESLAB_MUTANT` picks those whose flaw contains it.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { Library } from './library.js';
import { mutants, mutated } from './mutants.js';
import { exploreIn } from './report.js';
import { scenarios } from './scenarios.js';
import type { Scenario } from './world.js';

const bounded = process.env['FRAMESLAB_MODEL'] === 'bounded';
const picked = process.env['FRAMESLAB_MUTANT'] ?? '';
const rows: string[] = [];

afterAll(() => {
  const found = rows.filter((row) => row.startsWith('found')).length;
  console.log([`Mutants: ${found} of ${rows.length} found`, ...rows].join('\n'));
});

describe('the explorer finds that', () => {
  for (const mutant of mutants.filter(({ flaw }) => flaw.includes(picked))) {
    if (mutant.gap !== undefined && bounded) {
      rows.push(`missed ${mutant.flaw.padEnd(66)} ${mutant.gap}`);
      continue;
    }
    test(`${mutant.flaw} [${mutant.scenario}]`, () => {
      const library = new Library((texts) => mutated(texts, mutant));
      const scenario = scenarios[mutant.scenario] as Scenario;
      const { result } = exploreIn(library, scenario, mutant.bounds, mutant.focus);
      const { failure, runs } = result;
      const where = failure === undefined ? '' : `: ${failure.fault.slice(0, 70)}`;
      const verdict = failure === undefined ? 'missed' : 'found ';
      const why = mutant.gap === undefined ? '' : `: ${mutant.gap}`;
      rows.push(
        `${verdict} ${mutant.flaw.padEnd(66)} ${mutant.scenario.padEnd(17)} ` +
          `${String(runs).padStart(6)} runs${where}${why}`,
      );
      if (mutant.gap === undefined) expect(failure, 'a failing run').toBeDefined();
      else expect(failure, 'not a gap any more').toBeUndefined();
    });
  }
});
