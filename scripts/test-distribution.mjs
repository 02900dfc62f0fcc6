/**
 * Runs `docs/examples/nats` against a real NATS server, Debian's, and the laws of
 * `test/distribution` on who copies what, with the official client beside ours.
 *
 * Prints a line per law and a summary; anything that does not hold, or takes too long, ends it with
 * a non-zero exit. Servers listen on 127.0.0.1 and end with it.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bounded } from './lib/bounded.mjs';
import { CannotRun, debianPackage, npmPackages } from './lib/fetch.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const serverFile = '/usr/sbin/nats-server';
const LAW_MS = 20_000;
const EXAMPLE_MS = 60_000;

const example = join(root, 'docs/examples/nats');

function runExample(where, ...more) {
  const args = [join(where, 'main.mjs'), '--server', serverFile, ...more];
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: EXAMPLE_MS });
}

/** One fault each, put into a copy of the example, and what the example has to say about it. */
const faults = [
  {
    name: 'a frame that is not published',
    file: 'publisher.mjs',
    from: 'this.#held.push(frame);',
    to: 'if (frame.sequence === 900) frame.release();\n    else this.#held.push(frame);',
    says: /frame 900 is missing: 901 came/,
  },
  {
    name: 'a byte that changes on the way',
    file: 'publisher.mjs',
    from: 'this.#connection.publish(',
    to: 'frame.storage[sequence % 99] ^= 1;\n      this.#connection.publish(',
    says: /FAILED {2}with the bytes it was made of/,
  },
  {
    name: 'a frame that comes twice and is not recognised',
    file: 'reader.mjs',
    from: "|| Number(message.headers.get('Sequence')) <= this.last",
    to: '',
    says: /frame \d+ is missing: \d+ came/,
  },
  {
    name: 'a frame that is not given back',
    file: 'publisher.mjs',
    from: 'this.#held.shift().release();',
    to: 'if (this.#held[0].sequence === 900) this.#held[0].retain();\n      this.#held.shift().release();',
    says: /FAILED {2}every slot of both slabs came home|FramesHeldError/,
  },
];

/** True, or why the example with this fault in it did not notice. */
function notices({ file, from, to, says }) {
  const broken = join(root, '.tools', `nats-broken-${process.pid}`);
  try {
    cpSync(example, broken, { recursive: true });
    const parts = readFileSync(join(broken, file), 'utf8').split(from);
    if (parts.length !== 2) return `${file} has ${from} not exactly once`;
    writeFileSync(join(broken, file), parts.join(to));
    const { status, stdout, stderr } = runExample(broken, '--frames', '1500');
    const said = `${stdout}${stderr}`;
    return (status === 1 && says.test(said)) || `status ${status}: ${said}`;
  } finally {
    rmSync(broken, { recursive: true, force: true });
  }
}

function report(name, found) {
  counts[found === true ? 'passed' : 'failed'] += 1;
  console.log(`${found === true ? 'ok     ' : 'FAILED '} ${name}`);
  if (found !== true) console.log(`${found}`.replace(/^/gm, '        '));
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
    const found = await bounded(
      law().catch((fault) => fault?.stack ?? `${fault}`),
      LAW_MS,
    );
    report(name, found);
  }
  console.log('');
  const ran = runExample(example);
  process.stdout.write(ran.stdout.replace(/\n\d+ passed, \d+ failed\n$/, ''));
  process.stderr.write(ran.stderr);
  const sum = /(\d+) passed, (\d+) failed\n$/.exec(ran.stdout);
  counts.passed += Number(sum?.[1] ?? 0);
  counts.failed += Number(sum?.[2] ?? 0);
  if (ran.status !== 0 && !(Number(sum?.[2]) > 0)) {
    counts.failed += 1;
    console.log(`FAILED  the example ended with ${ran.status ?? ran.signal}`);
  }
  console.log('');
  for (const fault of faults) report(`the example notices ${fault.name}`, notices(fault));
} catch (fault) {
  counts.failed += 1;
  console.error(fault instanceof CannotRun ? fault.message : fault);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
