/**
 * Waiting as this runtime really does it: `Atomics.wait` and `Atomics.waitAsync` woken by another
 * thread and by time, and the library with each of its two ways to wait for a promise.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { afterEach, describe, expect, test } from 'vitest';
import { runtimeHere, versionHere } from './here.js';

declare module 'vitest' {
  interface TaskMeta {
    /** How the runtime waits, as the library found it. */
    waiting?: { readonly sync: string; readonly async: string };
  }
}

const BELL = 0;
const ROUND = 1;
const ROUNDS = 2000;
const started: Worker[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.terminate()));
});

/** A worker that rings the bell once for each round that main begins. */
function ringer(cells: Int32Array, rounds: number): void {
  const source = `const { workerData: cells } = require('node:worker_threads');
    for (let round = 1; round <= ${rounds}; round++) {
      for (let now; (now = Atomics.load(cells, ${ROUND})) < round; ) {
        Atomics.wait(cells, ${ROUND}, now, 1000);
      }
      Atomics.add(cells, ${BELL}, 1);
      Atomics.notify(cells, ${BELL});
    }`;
  started.push(new Worker(source, { eval: true, workerData: cells }));
}

function next(cells: Int32Array): void {
  Atomics.add(cells, ROUND, 1);
  Atomics.notify(cells, ROUND);
}

const cellsOf = (): Int32Array<SharedArrayBuffer> =>
  new Int32Array(new SharedArrayBuffer(16)) as Int32Array<SharedArrayBuffer>;

test('the tests run on the runtime that was asked for', () => {
  // Unset when the suite is run by hand: then it runs wherever it was started.
  const asked = process.env['FRAMESLAB_RUNTIME'];
  expect(runtimeHere).toBe(asked ?? runtimeHere);
  const version = process.env['FRAMESLAB_RUNTIME_VERSION'];
  expect(versionHere).toBe(version ?? versionHere);
});

describe('Atomics.wait', () => {
  test('is woken by another thread, each time, and ends by itself when its time is up', () => {
    const cells = cellsOf();
    ringer(cells, ROUNDS);
    for (let round = 0; round < ROUNDS; round++) {
      next(cells);
      expect(Atomics.wait(cells, BELL, round, 20_000)).not.toBe('timed-out');
    }
    expect(Atomics.wait(cells, BELL, ROUNDS, 20)).toBe('timed-out');
  });
});

describe.runIf(typeof Atomics.waitAsync === 'function')('Atomics.waitAsync', () => {
  test('is resolved by another thread’s notify, each time', async () => {
    const cells = cellsOf();
    ringer(cells, ROUNDS);
    for (let round = 0; round < ROUNDS; round++) {
      next(cells);
      const outcome = Atomics.waitAsync(cells, BELL, round, 20_000);
      if (outcome.async) expect(await outcome.value).toBe('ok');
      else expect(outcome.value).toBe('not-equal');
    }
  });

  test('without a limit and with an infinite one is resolved too', async () => {
    for (const limit of [undefined, Number.POSITIVE_INFINITY]) {
      const cells = cellsOf();
      ringer(cells, 1);
      const outcome = Atomics.waitAsync(cells, BELL, 0, limit);
      next(cells);
      expect(await outcome.value).toBe('ok');
    }
  });

  test('resolves by itself when its time is up', async () => {
    const alive = setInterval(() => undefined, 60_000);
    const outcomes = [0, 1, 2].map(() => Atomics.waitAsync(cellsOf(), BELL, 0, 20).value);
    expect(await Promise.all(outcomes)).toEqual(['timed-out', 'timed-out', 'timed-out']);
    clearInterval(alive);
  });

  test('is woken one by one, in the order of waiting', async () => {
    const cells = cellsOf();
    const order: number[] = [];
    const waits = [0, 1, 2].map(async (k) => {
      await Atomics.waitAsync(cells, BELL, 0, 20_000).value;
      order.push(k);
    });
    for (let k = 0; k < 3; k++) {
      expect(Atomics.notify(cells, BELL, 1)).toBe(1);
      await waits[k];
    }
    expect(order).toEqual([0, 1, 2]);
  });
});

describe('the library', () => {
  test('says how this thread waits', ({ task }) => {
    const { asyncWaiting, syncWaiting } = FramePool.create({ frames: 1 }).stats();
    task.meta.waiting = { sync: syncWaiting, async: asyncWaiting }; // for the table
    expect(syncWaiting).toBe('wait');
    expect(asyncWaiting).toBe(typeof Atomics.waitAsync === 'function' ? 'waitAsync' : 'polling');
  });

  test('without Atomics.waitAsync polls, and misses nothing that another thread does', async () => {
    const source = `
      const { workerData: { library, ref }, parentPort } = require('node:worker_threads');
      import(library).then(async ({ FramePool }) => {
        delete Atomics.waitAsync;
        const pool = FramePool.attach(ref);
        const how = pool.stats().asyncWaiting;
        let sum = 0;
        for await (const frame of pool.channel('work')) {
          sum += frame.sequence;
          frame.release();
        }
        pool.close();
        parentPort.postMessage({ how, sum });
      });`;
    const pool = FramePool.create({ frames: 2, channels: { work: { capacity: 2 } } });
    const library = new URL('../../dist/node.js', import.meta.url).href;
    const worker = new Worker(source, { eval: true, workerData: { library, ref: pool.ref } });
    started.push(worker);
    const answer = once(worker, 'message');
    const work = pool.channel('work');
    for (let k = 1; k <= 100; k++) {
      const frame = await pool.acquire();
      frame.sequence = k;
      await work.send(frame);
      if (k % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
    }
    work.close();
    expect((await answer)[0]).toEqual({ how: 'polling', sum: 5050 });
    pool.close();
  });
});
