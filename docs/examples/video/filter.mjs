/** Inverts each picture where it lies, and sends it on without ever waiting for the screen. */
import { workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { invert } from './picture.mjs';

const pool = FramePool.attach(workerData);
const screen = pool.channel('screen');
for await (const frame of pool.channel('film')) {
  invert(frame.bytes);
  await screen.send(frame);
}
screen.close();
pool.close();
