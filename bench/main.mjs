#!/usr/bin/env node
/**
 * `npm run bench`: what the library costs, beside what one would take instead. `--help` says what
 * it can be asked for; how the numbers are taken is said in lib/run.mjs.
 *
 * Rows of a group may be compared. Rows of different groups may not, on a machine whose speed
 * drifts, except by their ratio to the yardstick.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CannotRun } from '../scripts/lib/fetch.mjs';
import { EFFORTS } from './lib/efforts.mjs';
import { describeMachine } from './lib/machine.mjs';
import { readOptions, USAGE, UsageError } from './lib/options.mjs';
import { endChildren, runSuite } from './lib/run.mjs';
import { RUNS_ON, runOn } from './lib/runtimes.mjs';
import { planOf } from './lib/suites.mjs';
import { printHeader, printPlan, printSuite } from './lib/table.mjs';

// A reader that has seen enough (`npm run bench | head`) ends the bench, and is no fault.
process.stdout.on('error', (fault) => {
  endChildren();
  process.exit(fault.code === 'EPIPE' ? 0 : 1);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    endChildren();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (fault) {
  if (!(fault instanceof UsageError || fault instanceof CannotRun)) throw fault;
  process.stderr.write(`bench: ${fault.message}\n`);
  if (fault instanceof UsageError) process.stderr.write('see npm run bench -- --help\n');
  process.exitCode = fault instanceof UsageError ? 2 : 1;
}

async function main(args) {
  const options = readOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.runtime !== undefined && process.env[RUNS_ON] !== options.runtime) {
    return runOn(options.runtime, fileURLToPath(import.meta.url), args);
  }
  const plans = await planOf(options);
  if (plans.length === 0) {
    throw new UsageError(`no row contains ${options.only.map((text) => `'${text}'`).join(' or ')}`);
  }
  if (options.list) {
    printPlan(plans);
    return 0;
  }
  const suites = await measureAll(plans, options, args);
  const rows = suites.flatMap(({ groups }) => groups).flatMap((group) => group.rows);
  return rows.some(({ why }) => why !== undefined) ? 1 : 0;
}

/** The command line, as far as it decides what is measured. */
function commandOf(args) {
  const said = args.filter(
    (word, k) => word !== '--json' && !word.startsWith('--out') && args[k - 1] !== '--out',
  );
  const quoted = said.map((word) => (/\s/.test(word) ? JSON.stringify(word) : word));
  return ['npm run bench', ...(quoted.length > 0 ? ['--', ...quoted] : [])].join(' ');
}

async function measureAll(plans, { json, out, only, quick }, args) {
  const machine = await describeMachine(commandOf(args));
  const effort = EFFORTS[quick ? 'quick' : 'full'];
  const suites = [];
  if (!json) printHeader(machine, quick);
  for (const plan of plans) {
    const suite = await runSuite(plan, { effort, all: only.length === 0 });
    suites.push(suite);
    if (!json) printSuite(suite);
  }
  const text = `${JSON.stringify({ machine: { ...machine, quick }, suites })}\n`;
  if (out !== undefined) writeFileSync(out, text);
  if (json) process.stdout.write(text);
  return suites;
}
