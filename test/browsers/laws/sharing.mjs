/** Page and workers share frames; the page's own thread never blocks. */
import { FramePool, PoolExhaustedError } from '../../../dist/index.js';
import { fill, verify } from '../../workers/threads/payload.mjs';
import { allHome, check, equal, fails, pause, within } from '../check.mjs';
import { withCrew } from '../crew.mjs';

const JOBS = 2000;

async function thereAndBack(start) {
  equal(globalThis.crossOriginIsolated, true, 'crossOriginIsolated');
  const pool = FramePool.create({
    frameSizeBytes: 256,
    frames: 48,
    threadsMax: 3,
    channels: { jobs: { capacity: 8 }, results: { capacity: 8 } },
  });
  const workers = [start('first'), start('second')];
  for (const worker of workers) await worker.play('attach', pool.ref);
  const names = pool.stats().threads.map(({ name }) => name);
  equal(names, ['main', 'first', 'second'], 'names of the threads');

  const relays = workers.map((worker, k) => worker.play('relay', k + 1));
  for (const worker of workers) await worker.at('ready');
  const jobs = pool.channel('jobs');
  const send = async () => {
    for (let sequence = 0; sequence < JOBS; sequence++) {
      const frame = await pool.acquire();
      fill(frame, 0, sequence);
      await jobs.send(frame);
    }
    jobs.close();
  };
  const receive = async () => {
    const seen = new Set();
    const latest = [-1, -1, -1];
    while (seen.size < JOBS) {
      const frame = await pool.channel('results').receive({ timeoutMs: 20_000 });
      verify(frame);
      const { sequence, tag } = frame;
      check(!seen.has(sequence), `frame ${sequence} came twice`);
      check(sequence > latest[tag], `worker ${tag}: ${sequence} after ${latest[tag]}`);
      latest[tag] = sequence;
      seen.add(sequence);
      frame.release();
    }
  };
  await within(30_000, Promise.all([send(), receive()]), `${JOBS} frames there and back`);

  const counts = await Promise.all(relays);
  equal(counts[0] + counts[1], JOBS, 'frames that the workers relayed');
  for (const worker of workers) await worker.play('close');
  allHome(pool);
  pool.close();
}

async function neverBlocks() {
  const pool = FramePool.create({
    frameSizeBytes: 64,
    frames: 4,
    channels: { q: { capacity: 2 } },
  });
  const first = pool.acquireSync(8); // nothing to wait for: it is allowed
  const held = [first];
  for (let frame = pool.tryAcquire(); frame; frame = pool.tryAcquire()) held.push(frame);

  const before = pool.audit();
  const fault = await fails(() => pool.acquireSync(8, 5000), PoolExhaustedError);
  check(/promise form/.test(fault.message), `the message gives no way out: ${fault}`);
  await fails(() => pool.channel('q').receiveSync(5000), PoolExhaustedError);
  equal(pool.audit(), before, 'audit after the refusal');
  equal(pool.stats().waiters, 0, 'waiters after the refusal');

  first.release();
  const again = pool.tryAcquire();
  check(again !== undefined, 'a frame that was released cannot be had');
  held[0] = again;
  for (const frame of held) frame.release();
  allHome(pool);
  pool.close();
}

async function servedByAWorker(start) {
  // No caches: else a waiter has no claim while more than `frames` are held, as they are here.
  const pool = FramePool.create({ frameSizeBytes: 64, frames: 4, threadsMax: 2, cacheFrames: 0 });
  const worker = start('holder');
  await worker.play('attach', pool.ref);
  const held = [];
  for (let frame = pool.tryAcquire(); frame; frame = pool.tryAcquire()) held.push(frame);
  const messages = held.splice(0, 2).map((frame) => frame.transfer());
  const released = worker.play('hold', messages, 500);
  await worker.at('holding');

  let served = 0;
  const wishes = [1, 2].map(async () => {
    const frame = await pool.acquire(8, { timeoutMs: 10_000 });
    served += 1;
    return frame;
  });
  await pause(100);
  equal(served, 0, 'promises that were served while every frame was held');
  held.push(...(await Promise.all(wishes)));
  equal(await released, 2, 'frames that the worker released');

  await worker.play('close');
  for (const frame of held) frame.release();
  allHome(pool);
  pool.close();
}

export const laws = {
  'frames go to blocking workers and back to the page, checksums hold, every slot comes home': () =>
    withCrew(thereAndBack),
  'a page that must not block is refused, and nothing is lost': neverBlocks,
  "a promise of the page is served by a worker's release": () => withCrew(servedByAWorker),
};
