/** The events on `node:diagnostics_channel`: who hears what, when, and that silence costs nothing. */
import { spawnSync } from 'node:child_process';
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ExhaustedEvent, LeakEvent, ReclaimEvent } from 'frameslab';
import { afterEach, describe, expect, test } from 'vitest';
import { expectAllHome, smallPool } from './kit.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = new URL('../../dist/node.js', import.meta.url).href;

const ends: (() => void)[] = [];
const hearNothingMore = (): void => {
  for (const end of ends.splice(0)) end();
};
afterEach(hearNothingMore);

/** Everything that is told on a channel from now until the end of the test. */
function hear<T>(name: string, also: (event: T) => unknown = () => undefined): T[] {
  const heard: T[] = [];
  const listener = (event: unknown): void => {
    heard.push(event as T);
    also(event as T);
  };
  diagnostics.subscribe(name, listener);
  ends.push(() => diagnostics.unsubscribe(name, listener));
  return heard;
}

describe('frameslab:exhausted', () => {
  test('is told once per acquire that finds too few, with the pool, the seat and the count', () => {
    const pool = smallPool({ frames: 2 });
    const heard = hear<ExhaustedEvent>('frameslab:exhausted');
    const held = pool.acquireMany(2) ?? [];
    expect(heard).toEqual([]);
    expect(pool.tryAcquire()).toBeUndefined();
    expect(pool.slots.acquire()).toBe(0);
    expect(heard.map(({ count, seat }) => [count, seat])).toEqual([
      [1, pool.seat],
      [1, pool.seat],
    ]);
    expect(heard[0]?.buffer).toBe(pool.buffer);
    expect(heard[0]?.byteOffset).toBe(pool.byteOffset);
    held[0]?.release();
    expect(pool.acquireMany(2)).toBeUndefined();
    expect(heard[2]?.count).toBe(2);
    expect(pool.tryAcquire()?.release()).toBe(true);
    expect(heard.length).toBe(3);
    held[1]?.release();
    expectAllHome(pool);
    pool.close();
  });

  test('is told once by an acquire that waits, however often it looks', async () => {
    const pool = smallPool({ frames: 1 });
    const heard = hear<ExhaustedEvent>('frameslab:exhausted');
    const frame = pool.tryAcquire();
    expect(() => pool.acquireSync(undefined, 20)).toThrow(/no frame became free/);
    expect(pool.stats().denied).toBeGreaterThan(2);
    expect(heard.length).toBe(1);
    const waiting = pool.acquire();
    frame?.release();
    (await waiting).release();
    expect(heard.length).toBe(2);
    pool.close();
  });

  test('a listener may use the pool: nothing is half done when it is called', () => {
    const pool = smallPool({ frames: 4 });
    const found: unknown[] = [];
    hear<ExhaustedEvent>('frameslab:exhausted', () => {
      const { framesFree } = pool.stats();
      found.push(framesFree, pool.audit().ok, pool.tryAcquire()?.release());
    });
    const frame = pool.tryAcquire();
    const before = pool.stats();
    expect(pool.acquireMany(4)).toBeUndefined();
    expect(found).toEqual([3, true, true]);
    hearNothingMore();
    expect(pool.stats().acquires).toBe(before.acquires + 1); // the listener's own
    frame?.release();
    expectAllHome(pool);
    pool.close();
  });

  test('an acquire is denied and no more, whatever a listener throws', async () => {
    const { stdout, status } = run(`
      const pool = FramePool.create({ frames: 1, cacheFrames: 0 });
      const frame = pool.tryAcquire();
      diagnostics.subscribe('frameslab:exhausted', () => { throw new Error('bad listener'); });
      process.on('uncaughtException', (fault) => console.log(fault.message, pool.audit().ok));
      console.log(pool.tryAcquire());
      await wait(5);
      frame.release();
    `);
    expect(stdout).toBe('undefined\nbad listener true\n');
    expect(status).toBe(0);
  });

  test('without a listener nothing is published and nothing allocated', () => {
    const { stdout } = run(
      `
      const channel = diagnostics.channel('frameslab:exhausted');
      channel.publish = () => { throw new Error('published'); };
      const pool = FramePool.create({ frames: 1, cacheFrames: 0 });
      const { slots } = pool;
      slots.acquire();
      const CALLS = 200_000;
      function denied() { for (let k = 0; k < CALLS; k++) slots.acquire(); }
      let least = Infinity;
      for (let round = 0; round < 5; round++) {
        gc();
        const before = process.memoryUsage().heapUsed;
        denied();
        least = Math.min(least, process.memoryUsage().heapUsed - before);
      }
      console.log(least / CALLS < 0.25, pool.stats().denied);
      `,
      '--expose-gc',
      '--min-semi-space-size=64',
      '--max-semi-space-size=64',
    );
    expect(stdout).toBe('true 1000000\n');
  });
});

describe('frameslab:reclaim', () => {
  test('is told by the thread that gave back what the ended one held', async () => {
    const pool = smallPool({ frames: 4 });
    const audits: boolean[] = [];
    const heard = hear<ReclaimEvent>('frameslab:reclaim', () => audits.push(pool.audit().ok));
    const worker = new Worker(
      `const { parentPort, workerData, threadId } = require('node:worker_threads');
       import(workerData.dist).then(({ FramePool }) => {
         const pool = FramePool.attach(workerData.ref);
         const held = [pool.tryAcquire(), pool.tryAcquire()];
         parentPort.postMessage(pool.seat);
         parentPort.once('message', () => held);
       });`,
      { eval: true, workerData: { ref: pool.ref, dist } },
    );
    pool.watch(worker);
    const [seat] = await once(worker, 'message');
    const { name } = pool.stats().threads.find((thread) => thread.seat === seat) ?? {};
    await worker.terminate();
    expect(heard).toEqual([
      {
        buffer: pool.buffer,
        byteOffset: 0,
        seat: pool.seat,
        ended: seat,
        name,
        freed: 2,
        inDoubt: false,
      },
    ]);
    expect(audits).toEqual([true]);
    expectAllHome(pool);
    pool.close();
  });

  test('is not told when there was nobody to reclaim', () => {
    const pool = smallPool();
    const heard = hear<ReclaimEvent>('frameslab:reclaim');
    expect(pool.reclaim((pool.seat + 1) % 4).vacated).toBe(false);
    pool.audit({ repair: true });
    expect(heard).toEqual([]);
    pool.close();
  });
});

describe('frameslab:leak', () => {
  const told = (stdout: string) =>
    JSON.parse(stdout) as Omit<LeakEvent, 'buffer'> & { own: boolean; expected: number };
  const LISTEN = `
    const pool = FramePool.create({ frames: 4, trace: true });
    const heard = [];
    diagnostics.subscribe('frameslab:leak', ({ buffer, ...event }) => {
      heard.push(event);
      const line = JSON.stringify({ own: buffer === pool.buffer, expected, ...event });
      require('node:fs').writeSync(1, line);
    });
    let expected = 0;
    function forgetful() { const frame = pool.tryAcquire(); expected = frame.handle; return frame; }
  `;

  test('a collected frame object is told with its handle and the stack that made it', () => {
    const { stdout } = run(
      `${LISTEN}
       forgetful();
       for (let k = 0; k < 100 && heard.length === 0; k++) { gc(); await wait(5); }
       pool.slots.release(expected); // else the end of the thread is told as well`,
      '--expose-gc',
    );
    const event = told(stdout);
    expect(event).toMatchObject({ own: true, kind: 'collected', handles: [event.expected] });
    expect(event.stack).toContain('forgetful');
  });

  test('a thread that ends with frames is told with all of them', () => {
    const { stdout } = run(`${LISTEN} globalThis.kept = forgetful();`);
    const event = told(stdout);
    expect(event).toMatchObject({ own: true, kind: 'thread-ended', handles: [event.expected] });
    expect(event.stack).toContain('forgetful');
  });
});

test('events are told in the thread in which they happen, and nowhere else', async () => {
  const pool = smallPool({ frames: 1 });
  const heard = hear<ExhaustedEvent>('frameslab:exhausted');
  const frame = pool.tryAcquire();
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const diagnostics = require('node:diagnostics_channel');
     import(workerData.dist).then(({ FramePool }) => {
       const pool = FramePool.attach(workerData.ref);
       diagnostics.subscribe('frameslab:exhausted', ({ seat, buffer }) =>
         parentPort.postMessage([seat === pool.seat, buffer === pool.buffer]));
       pool.tryAcquire();
       pool.close();
     });`,
    { eval: true, workerData: { ref: pool.ref, dist } },
  );
  expect(await once(worker, 'message')).toEqual([[true, true]]);
  await worker.terminate();
  expect(heard).toEqual([]);
  frame?.release();
  pool.close();
});

test('another copy of the library, CommonJS beside ESM, tells on the same channels', () => {
  const { stdout } = run(`
    const other = require('./dist/node.cjs');
    const pool = FramePool.create({ frames: 1, cacheFrames: 0 });
    const same = other.FramePool.attach(pool.ref);
    const heard = [];
    diagnostics.subscribe('frameslab:exhausted', ({ seat }) => heard.push(seat));
    pool.tryAcquire();
    pool.tryAcquire();
    same.tryAcquire();
    console.log(heard.length, heard[0] === heard[1]);
    process.exit();
  `);
  expect(stdout).toBe('2 true\n');
});

/** Runs code in a process of its own, with the built library. */
function run(code: string, ...flags: string[]) {
  const source = `
    import diagnostics from 'node:diagnostics_channel';
    import { createRequire } from 'node:module';
    import { setTimeout as wait } from 'node:timers/promises';
    import { FramePool } from ${JSON.stringify(dist)};
    const require = createRequire(${JSON.stringify(`${root}x.js`)});
    ${code}`;
  const args = [...flags, '--input-type=module', '--eval', source];
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 50_000 });
}
