/** Bad surroundings: the library works in them, or says in its own words what is wrong. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FramePool, SharedMemoryUnavailableError, SlabFormatError, version } from 'frameslab';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SLAB_VERSION } from '../../src/slab/slab.js';
import { expectAllHome, expectFault, type FaultClass, refused, smallPool, stateOf } from './kit.js';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

interface Given {
  readonly how: string;
  readonly library?: string;
  readonly pool?: FramePool;
}

/** One worker in such surroundings; ended when the test is done with it. */
function inSurroundings({ how, library, pool }: Given) {
  const worker = new Worker(new URL('./workers/surroundings.mjs', import.meta.url), {
    workerData: { how, library, ref: pool?.ref },
  });
  const said: Record<string, unknown>[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    worker.on('message', (message) => said.push(message));
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
  return { worker, said, ended };
}

const sharing = () =>
  smallPool({ threadsMax: 2, cacheFrames: 0, channels: { results: { capacity: 2 } } });

/** The worker takes part: its waits are served by this thread, and its frames arrive. */
async function expectShares(given: Given & { pool: FramePool }, waiting: string): Promise<void> {
  const { pool } = given;
  const held = pool.acquireMany(pool.frames) ?? [];
  expect(held.length).toBeGreaterThan(1);
  const { said, ended } = inSurroundings(given);
  const results = pool.channel('results');
  const received: number[] = [];
  for (let k = 0; k < 2; k++) {
    // It waits, blocking or as a promise, while this thread holds all that there is.
    await expect.poll(() => pool.stats().waiters, { timeout: 20_000 }).toBe(1);
    held.pop()?.release();
    const frame = await results.receive({ timeoutMs: 20_000 });
    received.push(frame?.bytes[0] as number);
    held.push(frame as (typeof held)[0]);
  }
  await ended;
  expect(said).toEqual([{ ready: waiting }, { done: true }]);
  expect(received).toEqual([1, 2]);
  for (const frame of held) frame.release();
  expectAllHome(pool);
}

/** The worker is refused in these words, and nothing in the pool has changed. */
async function expectRefused(given: Given, type: FaultClass, ...parts: unknown[]): Promise<void> {
  const before = given.pool && stateOf(given.pool);
  const { said, ended } = inSurroundings(given);
  await ended;
  expect(said).toHaveLength(1);
  const fault = said[0]?.['fault'] as { name: string; code: string; message: string };
  expectFault(Object.assign(new Error(fault.message), fault), type, ...parts);
  expect(given.pool && stateOf(given.pool)).toEqual(before);
}

describe('a thread whose Atomics were changed before it loads the library', () => {
  test.each([
    ['frozen', 'waitAsync'],
    ['proxied', 'waitAsync'],
    ['copied', 'waitAsync'],
    ['without waitAsync', 'polling'],
  ])('shares frames all the same: %s, promises wait by %s', async (how, waiting) => {
    await expectShares({ how, pool: sharing() }, waiting);
  });

  test.each([
    ['without compareExchange', 'compareExchange'],
    ['without notify', 'notify'],
    ['missing', 'Atomics'],
  ])('is refused in our words when it makes a pool and when it attaches: %s', async (how, word) => {
    await expectRefused({ how }, SharedMemoryUnavailableError, 'Atomics', word);
    const pool = sharing();
    await expectRefused({ how, pool }, SharedMemoryUnavailableError, 'Atomics', word);
    expectAllHome(pool);
  });
});

describe('a process', () => {
  const life = `
    const { FramePool, FrameReleasedError } = await import(${JSON.stringify(pathToFileURL(`${dist}node.js`).href)});
    const pool = FramePool.create({ frames: 2, frameSizeBytes: 64 });
    const frame = await pool.acquire();
    frame.write(Uint8Array.of(1)).release();
    try { frame.bytes } catch (fault) {
      console.log(fault instanceof FrameReleasedError, fault.name, pool.audit().ok);
    }
    pool.close();`;

  test.each([
    '--frozen-intrinsics',
    '--disallow-code-generation-from-strings',
    '--disable-proto=throw',
    '--jitless',
  ])('hardened with %s is like any other', (flag) => {
    const args = [flag, '--no-warnings', '--input-type=module', '--eval', life];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ stdout, stderr: stderr.replace(/^Warning: disabling flag.*\n/, '') }).toEqual({
      stdout: 'true FrameReleasedError true\n',
      stderr: '',
    });
  });

  test.runIf(process.platform === 'linux')(
    'with too little memory hears how many bytes were asked for, and may ask for less',
    () => {
      const options = { frames: 4096, frameSizeBytes: 1 << 20, cacheFrames: 0 };
      const script = `
        const { FramePool } = await import(${JSON.stringify(pathToFileURL(`${dist}node.js`).href)});
        try { FramePool.create(${JSON.stringify(options)}) } catch ({ name, code, message }) {
          const { ok } = FramePool.create({ frames: 2 }).audit();
          console.log(JSON.stringify({ name, code, message, ok }));
        }`;
      // 4,000,000 KiB of addresses: less than the slab alone takes.
      const bounded = 'ulimit -v 4000000; exec "$0" --input-type=module --eval "$1"';
      const args = ['-c', bounded, process.execPath, script];
      const { stdout, stderr } = spawnSync('/bin/sh', args, { encoding: 'utf8' });
      expect(stderr).toBe('');
      const { ok, ...fault } = JSON.parse(stdout);
      const bytes = FramePool.slabBytes(options);
      const error = Object.assign(new Error(fault.message), fault);
      expectFault(error, SharedMemoryUnavailableError, `${bytes} bytes`, '4096 slots');
      expect(ok).toBe(true);
    },
  );
});

describe('a thread that loaded another version', () => {
  let folder: string;
  /** A copy of the build that says it is another: its address. */
  function copyOf(library: string, format: number): string {
    const copy = mkdtempSync(join(folder, 'copy-'));
    cpSync(dist, copy, { recursive: true });
    writeFileSync(join(copy, 'package.json'), '{ "type": "module" }');
    let changes = 0;
    for (const name of readdirSync(copy).filter((file) => file.endsWith('.js'))) {
      const text = readFileSync(join(copy, name), 'utf8');
      const changed = text
        .replace(/\bSLAB_VERSION = \d+\b/, `SLAB_VERSION = ${format}`)
        .replace(/\bLIBRARY_VERSION = "[^"]*"/, `LIBRARY_VERSION = "${library}"`);
      if (changed !== text) changes += 1;
      writeFileSync(join(copy, name), changed);
    }
    expect(changes).toBe(1);
    return pathToFileURL(join(copy, 'node.js')).href;
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'frameslab-versions-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('of another format is refused, and reads both formats and both versions', async () => {
    const library = copyOf('9.8.7', SLAB_VERSION + 1);
    const words = [
      `format ${SLAB_VERSION} (`,
      `format ${SLAB_VERSION + 1} (`,
      `frameslab ${version}`,
      'frameslab 9.8.7',
    ];
    const pool = sharing();
    await expectRefused({ how: 'untouched', library, pool }, SlabFormatError, ...words);
    expectAllHome(pool);

    const other = (await import(library)) as { FramePool: typeof FramePool; version: string };
    expect(other.version).toBe('9.8.7');
    const newer = other.FramePool.create({ frames: 2, frameSizeBytes: 64 });
    refused(() => FramePool.attach(newer.ref), SlabFormatError, ...words);
    expect(newer.audit()).toMatchObject({ ok: true, held: 0 });
  });

  test('of the same format takes part', async () => {
    const library = copyOf('0.1.999', SLAB_VERSION);
    await expectShares({ how: 'untouched', library, pool: sharing() }, 'waitAsync');
  });

  test('beside this one, of the same format, has a seat of its own in the same thread', async () => {
    const library = copyOf('0.1.998', SLAB_VERSION);
    const other = (await import(library)) as { FramePool: typeof FramePool };
    const pool = sharing();
    const guest = other.FramePool.attach(pool.ref);
    expect(guest.seat).not.toBe(pool.seat);
    const frame = pool.acquireSync(8).write(Uint8Array.of(7));
    const taken = guest.adopt(frame.transfer());
    expect(taken.bytes[0]).toBe(7);
    expect(taken.release()).toBe(true);
    guest.close();
    expectAllHome(pool);
  });
});
