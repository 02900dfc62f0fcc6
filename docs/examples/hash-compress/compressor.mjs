/** Compresses each piece, and puts the result into the frame that the piece came in. */
import { workerData } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { FramePool } from 'frameslab';

const pool = FramePool.attach(workerData);
const packed = pool.channel('packed');
for await (const frame of pool.channel('hashed')) {
  frame.write(gzipSync(frame.bytes));
  await packed.send(frame);
}
pool.close();
