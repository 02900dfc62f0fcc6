#!/usr/bin/env node
/**
 * `npm run bench:chart [-- --from results.json] [--into folder] [--quick]`: the numbers as
 * pictures, `docs/images/bench-*.svg`. Without `--from` it runs the suites that it draws. Plot, and
 * a document for it to draw in, are fetched on first use.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { CannotRun, npmPackages } from '../scripts/lib/fetch.mjs';
import { handoverChart } from './charts/handover.mjs';
import { inThreadChart } from './charts/in-thread.mjs';
import { latencyChart } from './charts/latency.mjs';
import { liveChart } from './charts/live.mjs';

const PACKAGES = { '@observablehq/plot': '0.6.17', linkedom: '0.18.15' };
const SUITES = ['pool', 'handover', 'latency', 'gc'];
const CHARTS = {
  'bench-in-thread': inThreadChart,
  'bench-handover': handoverChart,
  'bench-latency': latencyChart,
  'bench-live': liveChart,
};

try {
  await main();
} catch (fault) {
  const usage = fault.code?.startsWith('ERR_PARSE_ARGS') ?? false;
  if (!(usage || fault instanceof CannotRun)) throw fault;
  process.stderr.write(`bench:chart: ${fault.message}\n`);
  process.exitCode = usage ? 2 : 1;
}

async function main() {
  const { values } = parseArgs({
    options: {
      from: { type: 'string' },
      into: { type: 'string', default: fileURLToPath(new URL('../docs/images', import.meta.url)) },
      quick: { type: 'boolean', default: false },
    },
  });
  const given = values.from === undefined ? undefined : read(values.from);
  const tools = await drawingTools(); // before minutes are spent on measuring
  const results = given ?? measured(values.quick);
  mkdirSync(values.into, { recursive: true });
  for (const [name, draw] of Object.entries(CHARTS)) {
    const svg = draw(tools, results);
    const file = join(values.into, `${name}.svg`);
    if (svg !== undefined) writeFileSync(file, svg);
    process.stdout.write(
      `${file}${svg === undefined ? ': not drawn, nothing was measured' : ''}\n`,
    );
  }
}

async function drawingTools() {
  const modules = npmPackages('charts', PACKAGES);
  const load = (path) => import(pathToFileURL(join(modules, path)).href);
  const Plot = await load('@observablehq/plot/src/index.js');
  const { parseHTML } = await load('linkedom/esm/index.js');
  return { Plot, document: parseHTML('<!doctype html><body></body>').document };
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (fault) {
    throw new CannotRun(`cannot read ${file}, which should be written by --out: ${fault.message}`);
  }
}

/** Runs the suites, printing their tables; answers the results. */
function measured(quick) {
  const folder = mkdtempSync(join(tmpdir(), 'frameslab-bench-'));
  const out = join(folder, 'results.json');
  const bench = fileURLToPath(new URL('main.mjs', import.meta.url));
  const args = [bench, ...SUITES, '--out', out, ...(quick ? ['--quick'] : [])];
  try {
    const { status, signal } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    if (status !== 0) throw new CannotRun(`the bench ended with ${signal ?? status}`);
    return read(out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
