#!/usr/bin/env node
import { spawn } from 'node:child_process';
/**
 * `npm run bench [-- words…] [--quick] [--json]`: what the library costs, beside what one would take
 * instead. Words choose the suites whose name contains one of them.
 *
 * A suite runs in a process of its own (see suite.mjs). Within a group of a suite, all rows were taken
 * in turns in the same minute, so they may be compared; rows of different groups may not, on a machine
 * whose speed drifts, except by their ratio to the yardstick.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from './lib/machine.mjs';
import { printGroup, printHeader } from './lib/table.mjs';

/** Suites in the order of the table, with the flags that Node needs for them. */
const SUITES = [
  ['pool', []],
  ['heap', ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64']],
  ['atomics', []],
  ['sizes', []],
  ['slab', ['--expose-gc']],
  ['handover', []],
  ['latency', []],
  ['threads', []],
  ['fanout', []],
];

const SUITE_MS_MAX = 600_000;

/** How long to measure. `--quick` is a smoke test: its numbers are rough. */
const EFFORTS = {
  full: {
    inThread: { rounds: 30, batches: 5, warmups: 8 },
    acrossThreads: { rounds: 25, roundMs: 20, warmups: 6 },
    pings: 20_000,
  },
  quick: {
    inThread: { rounds: 4, batches: 3, warmups: 4 },
    acrossThreads: { rounds: 3, roundMs: 6, warmups: 3 },
    pings: 2_000,
  },
};

const USAGE = `npm run bench [-- suite…] [--quick] [--json]
suites: ${SUITES.map(([name]) => name).join(', ')}
`;

process.exitCode = await main();

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const chosen = SUITES.filter(
    ([name]) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
  );
  if (values.help === true || chosen.length === 0) {
    process.stdout.write(USAGE);
    return values.help === true ? 0 : 2;
  }
  const command = `npm run bench ${['--', ...process.argv.slice(2)].join(' ')}`.replace(/ --$/, '');
  const machine = describeMachine(command);
  const effort = EFFORTS[values.quick === true ? 'quick' : 'full'];
  const suites = [];
  if (values.json !== true) printHeader(machine);
  for (const [name, flags] of chosen) {
    const groups = await runSuite(name, flags, { effort });
    suites.push({ suite: name, groups });
    if (values.json !== true) for (const group of groups) printGroup(group);
  }
  if (values.json === true) process.stdout.write(`${JSON.stringify({ machine, suites })}\n`);
  return 0;
}

function runSuite(name, flags, options) {
  const script = fileURLToPath(new URL('suite.mjs', import.meta.url));
  const own = process.versions.bun === undefined ? flags : [];
  const child = spawn(process.execPath, [...own, script, name, JSON.stringify(options)], {
    timeout: SUITE_MS_MAX, // two threads that wait for each other for ever must not hold CI up
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill());
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(out.trimEnd().split('\n').at(-1)));
      else reject(new Error(`the suite '${name}' ended with ${signal ?? code}`));
    });
  });
}
