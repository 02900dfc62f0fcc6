/** The same frames between the same threads through one slab: what a hand-over costs there. */
import { Worker } from 'node:worker_threads';
import { FramePool } from 'frameslab';

const url = (name) => new URL(name, import.meta.url);

/** Hands `total` frames from a producer to two consumers; resolves to the seconds it took. */
export async function direct({ total, bytes, frames }) {
  const pool = FramePool.create({
    frameSizeBytes: bytes,
    frames,
    threadsMax: 4,
    cacheFrames: 0,
    channels: { out: { capacity: frames }, done: { capacity: frames } },
  });
  const { ref } = pool;
  const consumers = [1, 2].map(
    () => new Worker(url('./consumer.mjs'), { workerData: { ref, input: 'out' } }),
  );
  const ends = consumers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
  const producer = new Worker(url('./producer.mjs'), { workerData: { ref, total, bytes } });
  for (const worker of [producer, ...consumers]) pool.watch(worker);
  const done = pool.channel('done');
  let begun = 0; // the clock starts when the threads do
  let finished = 0;
  for await (const frame of done) {
    if (begun === 0) begun = performance.now();
    frame.release();
    finished += 1;
    if (finished === total) break;
  }
  const seconds = (performance.now() - begun) / 1000;
  await Promise.all(ends);
  pool.close();
  return seconds;
}
