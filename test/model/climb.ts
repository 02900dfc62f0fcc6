/**
 * Explores every scenario with a number of kills and with one preemption more at a time, says how
 * far it came, and requires the bound that `floors.ts` names.
 *
 * `FRAMESLAB_MODEL=bounded` (for CI) ends at that bound: what is explored then does not depend on
 * the time it takes. Else each goes on for `FRAMESLAB_MODEL_MS`.
 */
import { afterAll, describe, expect, test } from 'vitest';
import type { Exploration } from './explorer.js';
import { floors } from './floors.js';
import { explore } from './report.js';
import { scenarios } from './scenarios.js';

const bounded = process.env['FRAMESLAB_MODEL'] === 'bounded';
const msMax = Number(process.env['FRAMESLAB_MODEL_MS'] ?? 9_000);
/** A bound that takes more accesses than this is not completed: half a minute on an idle core. */
const STEPS_MAX = 30_000_000;
/** So many accesses are made where no bound is asked for. */
const STEPS_AT_LEAST = 300_000;
/** Far more than can be completed. */
const PREEMPTIONS_MAX = 99;

/** One test for each scenario, and a table at the end. */
export function climb(what: string, kills: 0 | 1 | 2): void {
  const rows: string[] = [];
  const sums = { runs: 0, pruned: 0, kills: 0, states: 0, steps: 0 };
  describe(what, () => {
    for (const [name, scenario] of Object.entries(scenarios)) {
      const floor = floors[name]?.[kills];
      test(`${scenario.law} [${name}]`, () => {
        if (floor === undefined) throw new Error(`floors.ts does not name '${name}'`);
        const up = explore(scenario, {
          preemptions: Math.max(0, Math.min(floor, PREEMPTIONS_MAX)),
          kills,
          stepsMax: floor < 0 ? STEPS_AT_LEAST : STEPS_MAX,
        });
        const further = !bounded && up.bound !== Number.POSITIVE_INFINITY;
        const result = further
          ? explore(scenario, { preemptions: PREEMPTIONS_MAX, kills, msMax })
          : up;
        for (const key of ['runs', 'pruned', 'kills', 'states', 'steps'] as const) {
          sums[key] += result[key];
        }
        rows.push(rowOf(name, up.bound > result.bound ? up : result));
        expect(up.bound, 'preemptions up to which nothing was left out').toBeGreaterThanOrEqual(
          floor,
        );
      });
    }
  });
  afterAll(() => {
    console.log(
      [
        `${what} (${kills} kills): the largest bound that is complete, and its runs`,
        ...rows,
        `${sums.runs} interleavings to their end, ${sums.kills} of them with a kill; ` +
          `${sums.pruned} more met a state that was known; ${sums.states} states, ` +
          `${sums.steps} accesses.`,
      ].join('\n'),
    );
  });
}

function rowOf(name: string, { bound, complete, passRuns }: Exploration): string {
  const reached = bound < 0 ? 'none' : bound === Number.POSITIVE_INFINITY ? 'all' : String(bound);
  const runs = `${passRuns.toLocaleString('en')} runs`;
  const beyond = complete ? runs : `under way: ${bound + 1}, ${runs}`;
  return `| ${name.padEnd(20)} | ${reached.padStart(4)} | ${beyond} |`;
}
