/**
 * Runs `docs/examples/nats` against a real NATS server, Debian's, and the laws of
 * `test/distribution` on who copies what, with the official client beside ours.
 *
 * Prints a line per law and a summary; anything that does not hold, or takes too long, ends it with
 * a non-zero exit. Servers listen on 127.0.0.1 and end with it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CannotRun, debianPackage, npmPackages } from './lib/fetch.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const serverFile = '/usr/sbin/nats-server';
const LAW_MS = 20_000;
const EXAMPLE_MS = 60_000;

async function bounded(promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, LAW_MS, `not done within ${LAW_MS} ms`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const counts = { passed: 0, failed: 0 };
const folder = mkdtempSync(join(tmpdir(), 'frameslab-distribution-'));
try {
  await import('./build-if-stale.mjs');
  if (process.exitCode) throw new CannotRun('the build failed');
  debianPackage('nats-server', serverFile);
  const modules = npmPackages('nats', { '@nats-io/transport-node': '3.4.0' });
  const client = createRequire(`${modules}/`)('@nats-io/transport-node');
  const seed = Number(process.env.FRAMESLAB_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const copies = await import('../test/distribution/copies.mjs');
  const reading = await import('../test/distribution/reading.mjs');
  for (const [name, law] of [
    ...copies.lawsOn(client),
    ...reading.lawsOn(client, serverFile, folder, seed),
  ]) {
    const found = await bounded(law().catch((fault) => fault?.stack ?? `${fault}`));
    counts[found === true ? 'passed' : 'failed'] += 1;
    console.log(`${found === true ? 'ok     ' : 'FAILED '} ${name}`);
    if (found !== true) console.log(`        ${found}`);
  }
  console.log('');
  const example = join(root, 'docs/examples/nats/main.mjs');
  const ran = spawnSync(process.execPath, [example, '--server', serverFile], {
    encoding: 'utf8',
    timeout: EXAMPLE_MS,
  });
  process.stdout.write(ran.stdout.replace(/\n\d+ passed, \d+ failed\n$/, ''));
  process.stderr.write(ran.stderr);
  const sum = /(\d+) passed, (\d+) failed\n$/.exec(ran.stdout);
  counts.passed += Number(sum?.[1] ?? 0);
  counts.failed += Number(sum?.[2] ?? 0);
  if (ran.status !== 0 && !(Number(sum?.[2]) > 0)) {
    counts.failed += 1;
    console.log(`FAILED  the example ended with ${ran.status ?? ran.signal}`);
  }
} catch (fault) {
  counts.failed += 1;
  console.error(fault instanceof CannotRun ? fault.message : fault);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
