/**
 * A client, in a thread of its own: the operating system writes what it receives into a frame.
 *
 * `onread` takes shared memory, and asks for the next buffer after each read, even when the callback
 * pauses the socket. So there is always a frame to read into: a spare one is taken beforehand.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { byteAt, QUESTION_BYTES } from './question.mjs';

const pool = FramePool.attach(workerData.ref);
const received = pool.channel('received');
let filling = pool.acquireSync();
let spare = pool.acquireSync();
let handingOver = Promise.resolve();

const socket = connect({
  port: workerData.port,
  host: '127.0.0.1',
  onread: {
    buffer: () => filling.storage,
    callback(bytes) {
      filling.length = bytes;
      handingOver = handOver(filling);
      filling = spare;
      return false; // do not read on: `handOver` does, as soon as there is a spare frame again
    },
  },
});

async function handOver(frame) {
  await received.send(frame); // waits while main is behind
  spare = await pool.acquire();
  socket.resume();
}

const end = once(socket, 'end');
const block = Buffer.alloc(65_536);
for (let position = 0; position < QUESTION_BYTES; position += block.length) {
  for (let k = 0; k < block.length; k++) block[k] = byteAt(position + k);
  await new Promise((resolve, reject) => {
    socket.write(block, (error) => (error ? reject(error) : resolve()));
  });
}
socket.end();
await end;
await handingOver;
received.close();
filling.release();
spare.release();
pool.close();
