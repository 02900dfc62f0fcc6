/**
 * The command line of the bench: what it refuses, what it lists, and the shape of its JSON, which
 * docs/performance.md describes. The numbers are nobody's business here.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../bench/main.mjs', import.meta.url));
const chart = fileURLToPath(new URL('../../bench/chart.mjs', import.meta.url));
const RUN_MS_MAX = 50_000;

function run(script: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    timeout: RUN_MS_MAX,
  });
  return { status, stdout, stderr };
}
const bench = (...args: string[]) => run(main, ...args);

interface Spread {
  median: number;
  q1: number;
  q3: number;
  min: number;
  samples: number;
}

interface Row {
  name: string;
  ns?: Spread;
  ratio?: Spread;
  atomics?: number;
  goals?: { goal: string; value: number; met: boolean }[];
}

interface Results {
  machine: Record<string, unknown>;
  suites: { suite: string; title: string; groups: { title: string; rows: Row[] }[] }[];
}

describe('the bench refuses what it does not know, and runs nothing', () => {
  const refusals: [args: string[], sentence: string][] = [
    [['nonsense'], "there is no suite 'nonsense'"],
    [['pool', 'nonsense'], "there is no suite 'nonsense'"],
    [['--nonsense'], "Unknown option '--nonsense'"],
    [['--only'], "'--only <value>' argument missing"],
    [['--only', 'no such row'], "no row contains 'no such row'"],
    [['--only', ''], '--only is empty'],
    [['--runtime', 'nonsense'], "there is no runtime 'nonsense'"],
  ];
  test.each(refusals)('%j', (args, sentence) => {
    const { status, stdout, stderr } = bench(...args);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});

describe('--list', () => {
  const rowsOf = (text: string) => text.split('\n').filter((line) => line.startsWith('    '));

  test('every suite is listed, with its rows', () => {
    const { status, stdout } = bench('--list');
    const suites = stdout.split('\n').filter((line) => /^\w/.test(line));
    expect(suites.map((line) => line.split(':')[0])).toEqual([
      'pool',
      'heap',
      'atomics',
      'sizes',
      'slab',
      'handover',
      'latency',
      'threads',
      'fanout',
      'gc',
    ]);
    expect(rowsOf(stdout).length).toBeGreaterThan(100);
    expect(status).toBe(0);
  });

  test('--only keeps the rows whose group or name contains one of its texts', () => {
    const all = rowsOf(bench('pool', '--list').stdout).length;
    const held = bench('pool', '--list', '--only', '64 held').stdout;
    const both = bench('pool', '--list', '--only', '64 held', '--only', 'TREIBER').stdout;
    expect(held).toContain('  64 held at a time');
    expect(held).not.toContain('one at a time');
    expect(both).toContain('  retain + release');
    expect(rowsOf(held).length).toBeGreaterThan(0);
    expect(rowsOf(both).length).toBeGreaterThan(rowsOf(held).length);
    expect(rowsOf(both).length).toBeLessThan(all);
  });
});

describe('--json', () => {
  const folder = mkdtempSync(join(tmpdir(), 'frameslab-bench-test-'));
  const file = join(folder, 'results.json');
  const { status, stdout, stderr } = bench(
    ...['pool', 'atomics', '--only', 'slots.acquire + release', '--quick', '--json'],
    ...['--out', file],
  );
  const saved = readFileSync(file, 'utf8');
  rmSync(folder, { recursive: true, force: true });
  const results = JSON.parse(stdout) as Results;

  test('stdout is one line of JSON and nothing else; --out has the same', () => {
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(saved).toBe(stdout);
  });

  test('it says where the numbers come from', () => {
    expect(results.machine).toMatchObject({
      command: 'npm run bench -- pool atomics --only "slots.acquire + release" --quick',
      runtime: expect.stringMatching(/^Node \d+/),
      library: expect.stringMatching(/^frameslab \d+\./),
      date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      quick: true,
    });
    for (const key of ['machine', 'system']) expect(results.machine[key]).toBeTypeOf('string');
    for (const key of ['busyShare', 'cores']) expect(results.machine[key]).toBeTypeOf('number');
  });

  test('a row has its spread, its ratio to the yardstick and its goals', () => {
    expect(results.suites.map(({ suite }) => suite)).toEqual(['pool', 'atomics']);
    const rows = results.suites.flatMap(({ groups }) => groups.flatMap((group) => group.rows));
    expect(rows.map(({ name }) => name)).toEqual([
      'frameslab slots.acquire + release',
      'slots.acquire + release',
    ]);
    const [timed, counted] = rows as [Row, Row];
    for (const spread of [timed.ns, timed.ratio]) {
      expect(spread?.samples).toBe(4);
      expect(spread?.min).toBeGreaterThan(0);
      expect(spread?.q1).toBeLessThanOrEqual(spread?.median ?? 0);
      expect(spread?.q3).toBeGreaterThanOrEqual(spread?.median ?? 0);
    }
    const value = timed.ratio?.median ?? Number.NaN;
    expect(timed.goals).toEqual([{ goal: '≤ 0.6 ×', value, met: value <= 0.6 }]);
    expect(counted.atomics).toBe(0);
  });
});

test('a reader that has seen enough ends the bench quietly', async () => {
  const child = spawn(process.execPath, [main, 'slab', 'atomics', '--quick']);
  const timer = setTimeout(() => child.kill('SIGKILL'), RUN_MS_MAX);
  let complaints = '';
  child.stderr.on('data', (text) => {
    complaints += text;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const end = await new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  clearTimeout(timer);
  expect({ end, complaints }).toEqual({ end: { code: 0, signal: null }, complaints: '' });
});

test('charts of results that cannot be read are refused', () => {
  const { status, stdout, stderr } = run(chart, '--from', join(tmpdir(), 'no', 'such.json'));
  expect(stderr).toContain('cannot read');
  expect(stdout).toBe('');
  expect(status).toBe(1);
});
