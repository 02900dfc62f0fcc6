/** Halves the volume of each frame that comes, in place. */
import { workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';

const pool = FramePool.attach(workerData);
const halved = pool.channel('halved');
for await (const frame of pool.channel('raw')) {
  const samples = frame.view(Int16Array); // the frame's own bytes; nobody else has them now
  for (let k = 0; k < samples.length; k++) samples[k] >>= 1;
  await halved.send(frame);
}
pool.close();
