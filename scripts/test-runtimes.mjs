/**
 * Runs the test suite on every runtime outside browsers that frameslab is for: this Node, newer ones,
 * Bun and Deno, each fetched from the npm registry (see lib/runtimes.mjs). Vitest itself runs inside
 * each, and so do the worker threads that the tests start.
 *
 *     npm run test:runtimes                      everything; some 15 minutes on two cores
 *     npm run test:runtimes -- --bounded         what CI runs; prints what it leaves out
 *     npm run test:runtimes -- --only=bun,deno   some of: node node22 node24 node26 bun deno
 *     npm run test:runtimes -- --write           also writes the table in README.md, from the last
 *                                                run of each
 *
 * A test that does not run somewhere is printed with its reason. Anything that fails, a runtime on
 * which nothing passes, and a known fault that has been mended end it with a non-zero exit.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CannotRun } from './lib/fetch.mjs';
import { mergeResults, writeTable } from './lib/results.mjs';
import { binaryOf, runtimes } from './lib/runtimes.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const options = process.argv.slice(2);
const bounded = options.includes('--bounded');
const only = options
  .find((option) => option.startsWith('--only='))
  ?.slice(7)
  .split(',');
const known = runtimes.map(({ id }) => id);
const stray = options.filter((option) => !/^--(bounded|write|only=.*)$/.test(option));

// ---------------------------------------------------------------------------------------------
// What runs where

const all = ['test/unit', 'test/workers', 'test/runtimes'];
const survival = 'test/workers/survival.test.ts';
/** The parts that a newer Node could change: its waiting, its threads' ends, its event loop. */
const sensitive = ['waiting', 'event-loop', 'deaths', 'moments', 'channel-forms', 'trace'];
const short = ['test/unit', 'test/runtimes', ...sensitive.map((name) => `test/workers/${name}`)];

/** The table's columns, and the files whose tests count for them. The first that matches counts. */
const columns = {
  'ESM and CommonJS': /unit\/copies|runtimes\/programs/,
  unit: /test\/unit\//,
  waiting: /runtimes\/waiting|workers\/(waiting|event-loop)/,
  'watch, reclaim, kills': /workers\/(deaths|killed|moments|reclaim|settling|survival)|test\/kill/,
  threads: /test\/workers\//,
};

/**
 * The runs of one runtime: which files, what is left out of them and why, the environment. A run that
 * is not over after `seconds` has failed.
 */
function runsOn({ id, kind }) {
  const kills = (count, seconds) => ({
    files: ['test/kill'],
    env: { KILLS: String(count), SECONDS: String(seconds) },
    seconds: seconds + 300,
  });
  if (kind === 'bun') {
    const why = 'its 260 kills in three minutes; test/kill takes as many as it can in its time';
    const model = ['test/model', '-t', 'one-slot|two-slots'];
    return [
      { files: all, leftOut: { [survival]: why }, seconds: 1200 },
      bounded ? kills(30, 60) : kills(300, 300),
      { files: model, env: { FRAMESLAB_MODEL: 'bounded' }, seconds: 300 },
    ];
  }
  // A run of test/kill alone would skip every test there; see test/runtimes/faults.ts.
  if (kind === 'deno') return [{ files: all, seconds: 1200 }];
  if (!bounded) return [{ files: all, seconds: 1200 }, kills(200, 120)];
  if (id === 'node') {
    const why = 'npm test runs it on this Node';
    return [
      {
        files: ['test/runtimes'],
        leftOut: { 'test/unit': why, 'test/workers': why },
        seconds: 300,
      },
    ];
  }
  const newest = id === known.filter((name) => name.startsWith('node')).at(-1);
  if (newest) return [{ files: all, leftOut: { [survival]: 'for time' }, seconds: 600 }];
  return [
    { files: short, leftOut: { 'the other files of test/workers': 'for time' }, seconds: 600 },
  ];
}

// ---------------------------------------------------------------------------------------------
// Running

/** Runs vitest on a runtime; answers the tests that its report names, and its exit code. */
async function vitest(runtime, binary, { files, leftOut = {}, env = {}, seconds }) {
  const scratch = mkdtempSync(join(tmpdir(), 'frameslab-runtimes-'));
  const report = join(scratch, 'report.json');
  const excludes = Object.keys(leftOut).flatMap((file) => ['--exclude', file]);
  const args = [
    ...runtime.args,
    join(root, 'node_modules/vitest/vitest.mjs'),
    ...['run', '--config', 'vitest.runtimes.config.ts', ...files, ...excludes],
    ...['--reporter=dot', '--reporter=json', `--outputFile=${report}`],
  ];
  const child = spawn(binary, args, {
    cwd: root,
    env: {
      ...process.env,
      NO_COLOR: '1',
      FRAMESLAB_RUNTIME: runtime.kind,
      FRAMESLAB_RUNTIME_VERSION: runtime.version,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, seconds * 1000);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(limit);
  let tests = [];
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    tests = testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.map((test) => ({ ...test, file: name.replaceAll('\\', '/') })),
    );
  } catch {
    late = true;
  }
  rmSync(scratch, { recursive: true, force: true });
  const ok = code === 0 && !late;
  if (!ok) console.log(said.replace(/^/gm, '    '));
  if (late) console.log(`    no report: not done within ${seconds} s, or ended before its time`);
  return { tests, ok };
}

const count = (tests, status) => tests.filter((test) => test.status === status).length;

function countsOf(tests) {
  const [passed, failed] = [count(tests, 'passed'), count(tests, 'failed')];
  return { passed, failed, notRun: tests.length - passed - failed };
}

/** Runs everything that there is for one runtime; answers its row and its notes. */
async function testOn(runtime) {
  const label = `${runtime.name} ${runtime.version}`;
  const binary = binaryOf(runtime);
  const begun = Date.now();
  const tests = [];
  let ok = true;
  for (const run of runsOn(runtime)) {
    console.log(`${label}: ${run.files.join(' ')} ${run.env ? JSON.stringify(run.env) : ''}`);
    for (const [file, why] of Object.entries(run.leftOut ?? {})) {
      console.log(`    left out: ${file} (${why})`);
    }
    const done = await vitest(runtime, binary, run);
    ok &&= done.ok;
    // A filter by name leaves the others "skipped", for no fault of the runtime.
    tests.push(
      ...done.tests.filter((test) => !run.files.includes('-t') || test.status !== 'skipped'),
    );
  }
  const faults = new Map();
  for (const { status, meta, fullName, file } of tests) {
    if (status === 'passed' || status === 'failed') continue;
    const why = meta?.notRunBecause ?? 'the test itself does not apply here';
    faults.set(why, (faults.get(why) ?? 0) + 1);
    console.log(`    not run: ${file.slice(root.length)}: ${fullName}\n             ${why}`);
  }
  const listed = tests.find(({ meta }) => meta?.knownFaults !== undefined)?.meta.knownFaults ?? [];
  for (const what of listed.filter((why) => !faults.has(why))) {
    ok = false;
    console.log(`    listed in test/runtimes/faults.ts, and forbids no test: ${what}`);
  }
  const sorted = Object.fromEntries(Object.keys(columns).map((column) => [column, []]));
  for (const test of tests) {
    const column = Object.keys(columns).find((name) => columns[name].test(test.file));
    if (column !== undefined) sorted[column].push(test);
  }
  const waiting = tests.find(({ meta }) => meta?.waiting !== undefined)?.meta.waiting;
  const counts = countsOf(tests);
  ok &&= counts.passed > 0 && counts.failed === 0 && waiting !== undefined;
  const seconds = Math.round((Date.now() - begun) / 1000);
  console.log(
    `${ok ? 'ok    ' : 'FAILED'} ${label}: ${counts.passed} passed, ${counts.failed} failed, ` +
      `${counts.notRun} not run, ${seconds} s\n`,
  );
  return {
    ok,
    row: {
      name: runtime.name,
      version: runtime.version,
      waiting,
      columns: Object.fromEntries(Object.entries(sorted).map(([k, list]) => [k, countsOf(list)])),
      ...counts,
      notes: [...faults].map(([why, times]) => `${times} not run: ${why}`),
    },
  };
}

const results = { date: new Date().toISOString().slice(0, 10), columns: Object.keys(columns) };
let failed = 0;
try {
  const wrong = only?.filter((id) => !known.includes(id)) ?? [];
  if (stray.length + wrong.length > 0) {
    throw new CannotRun(`unknown: ${[...stray, ...wrong].join(' ')}; runtimes: ${known.join(' ')}`);
  }
  await import('./build-if-stale.mjs');
  if (process.exitCode) throw new CannotRun('the build failed');
  const done = [];
  for (const runtime of runtimes) {
    if (only?.includes(runtime.id) === false) continue;
    try {
      done.push(await testOn(runtime));
    } catch (fault) {
      if (!(fault instanceof CannotRun)) throw fault;
      failed += 1;
      console.error(`FAILED ${runtime.name} ${runtime.version}: ${fault.message}\n`);
    }
  }
  failed += done.filter(({ ok }) => !ok).length;
  const rows = done.map(({ row }) => row);
  // What did not run this time keeps the row of its last run, unless another version is pinned now.
  const pinned = runtimes.map(({ name, version }) => `${name} ${version}`);
  mergeResults('runtimes', { ...results, rows }, pinned);
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  console.log(
    `${rows.length} runtimes: ${sum('passed')} passed, ${sum('failed')} failed, ` +
      `${sum('notRun')} not run`,
  );
  if (options.includes('--write')) {
    if (failed > 0)
      throw new CannotRun('README.md stays as it is: the table is for a run that passes');
    writeTable('runtimes');
  }
} catch (fault) {
  failed += 1;
  console.error(fault instanceof CannotRun ? fault.message : fault);
}
if (failed > 0) process.exitCode = 1;
