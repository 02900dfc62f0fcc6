/** A slow screen: looks at each picture it gets, byte by byte, and takes its time. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { draw, invert, PICTURE_BYTES } from './picture.mjs';

const pool = FramePool.attach(workerData);
const pictures = pool.channel('screen').subscribe();
parentPort.postMessage('subscribed');

const shown = [];
const expected = Buffer.alloc(PICTURE_BYTES);
for await (const frame of pictures) {
  draw(frame.sequence, expected);
  invert(expected);
  assert.ok(frame.buffer().equals(expected), `picture ${frame.sequence} is not whole`);
  shown.push(frame.sequence);
  await pause(150); // holding the frame all this time
  frame.release();
}
parentPort.postMessage(shown);
pool.close();
