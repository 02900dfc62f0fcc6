/** Inverts every byte, in place, and sends the frame back. */
import { workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';

const pool = FramePool.attach(workerData);
const answers = pool.channel('answers');
for await (const frame of pool.channel('questions')) {
  const { bytes } = frame;
  for (let k = 0; k < bytes.length; k++) bytes[k] = ~bytes[k];
  await answers.send(frame);
}
answers.close();
pool.close();
