/** Hashes the pieces in the order of the file, and hands each on as it is. */
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';

const pool = FramePool.attach(workerData);
const hashed = pool.channel('hashed');
const hash = createHash('sha256');
for await (const frame of pool.channel('pieces')) {
  hash.update(frame.bytes);
  await hashed.send(frame);
}
hashed.close();
parentPort.postMessage(hash.digest('hex'));
pool.close();
