/** When a watcher may take a worker's `exit` for its end: where it is emitted too early, it may not. */
import { Worker } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { expect, test } from 'vitest';
import { runtimeHere } from './here.js';

const STOP = 0;
const TURNS = 1;

/** A worker that takes a frame and then computes until it is told to stop, or ends at once. */
function holder(pool: FramePool, cells: Int32Array, ends: string): Worker {
  const library = new URL('../../dist/node.js', import.meta.url).href;
  const source = `
    const { workerData: { ref, cells } } = require('node:worker_threads');
    import(${JSON.stringify(library)}).then(({ FramePool }) => {
      FramePool.attach(ref).acquireSync();
      ${ends}
    });`;
  const worker = new Worker(source, { eval: true, workerData: { ref: pool.ref, cells } });
  worker.on('error', () => undefined);
  pool.watch(worker);
  return worker;
}

const exitOf = (worker: Worker): Promise<number> =>
  new Promise((resolve) => worker.once('exit', resolve));

const held = (pool: FramePool): number => pool.audit().held;

test.each([
  ['', 'has nothing more to do'],
  ['process.exit(3);', 'exits'],
  ['setTimeout(() => { throw new Error("on purpose"); }, 5);', 'throws'],
])('a worker that ends by itself gives back what it held (%s): it %s', async (ends) => {
  const pool = FramePool.create({ frames: 2, threadsMax: 2 });
  await exitOf(holder(pool, new Int32Array(2), ends));
  expect(held(pool)).toBe(0);
  expect(pool.stats().threads).toHaveLength(1);
});

test('a worker that is terminated while it computes is reclaimed only if it is over', async () => {
  const pool = FramePool.create({ frames: 2, threadsMax: 2 });
  const cells = new Int32Array(new SharedArrayBuffer(8));
  const loop = `while (Atomics.load(cells, ${STOP}) === 0) Atomics.add(cells, ${TURNS}, 1);`;
  const worker = holder(pool, cells, loop);
  for (let k = 0; k < 20_000 && Atomics.load(cells, TURNS) === 0; k++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const exit = exitOf(worker);
  void worker.terminate();
  await exit;
  expect(held(pool)).toBe(runtimeHere === 'deno' ? 1 : 0);
  Atomics.store(cells, STOP, 1);
});
