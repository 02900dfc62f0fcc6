/**
 * The job: adds to each byte its position, from the frame it is given into a frame of its own. (The
 * given one is shared with main, so it is only read.) No top-level await: this worker may be killed.
 */
import { parentPort } from 'node:worker_threads';
import { FramePool } from 'frameslab';

const pool = FramePool.open('farm'); // the main thread made it
const results = pool.channel('results');

export default async function job({ message, hangs }) {
  const given = pool.adopt(message);
  const result = await pool.acquire();
  const { bytes } = given;
  const { storage } = result;
  for (let k = 0; k < bytes.length; k++) storage[k] = bytes[k] + k;
  result.length = bytes.length;
  result.sequence = given.sequence;
  if (hangs) hang(`job ${given.sequence}`);
  given.release();
  await results.send(result);
}

/** Never returns, with both frames in its hands. */
function hang(what) {
  parentPort.postMessage(what);
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
