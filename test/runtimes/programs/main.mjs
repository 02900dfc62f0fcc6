/**
 * A program as a user writes one, in both module formats at once, resolved by the package's own name.
 * It prints a line of JSON, leaves a pool open, and ends by itself.
 */
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { FramePool } from 'frameslab';

const require = createRequire(import.meta.url);
const commonJs = require('frameslab');

const pool = FramePool.open('program', {
  frameSizeBytes: 64,
  frames: 4,
  threadsMax: 3,
  channels: { work: { capacity: 4 } },
});
const twin = commonJs.FramePool.open('program');

/** What a worker of this file says; it ends by itself as well, and does not close the pool. */
function answerOf(file) {
  const worker = new Worker(new URL(file, import.meta.url));
  pool.watch(worker);
  return new Promise((resolve, reject) => {
    let said;
    worker.once('message', (message) => {
      said = message;
    });
    worker.once('error', reject);
    worker.once('exit', (code) => resolve({ ...said, code }));
  });
}

const frame = pool.tryAcquire();
frame.write(Uint8Array.of(1, 2, 3));
await pool.channel('work').send(frame);
const answers = [await answerOf('./worker.mjs'), await answerOf('./worker.cjs')];

console.log(
  JSON.stringify({
    seats: [pool.seat, twin.seat],
    sameMemory: pool.buffer === twin.buffer,
    answers,
    threadsAfter: pool.stats().threads.length,
    held: pool.audit().held,
  }),
);
