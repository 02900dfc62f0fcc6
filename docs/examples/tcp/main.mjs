/**
 * A TCP server reads its sockets into frames; a worker works on them in place; the answers go out
 * straight from the frames. Two clients send 8 MiB each through 16 frames of 16 KiB; one of them
 * fetches no answer before the other has all of its own.
 *
 *   client > socket > server: frame > worker: inverts the bytes > server > socket > client: frame
 *
 * Where bytes are copied: Node reads an accepted socket into memory of its own, so the server copies
 * once, into the frame. A socket that one opens oneself reads straight into frames, as the clients'
 * do (client.mjs). Sending copies nothing.
 *
 * Nobody can fill the memory: who has no free frame does not read, so TCP makes the other side wait.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { byteAt, QUESTION_BYTES } from './question.mjs';
import { serve } from './server.mjs';

const pool = FramePool.create({
  frameSizeBytes: 16_384,
  frames: 16, // a client that fetches nothing can hold 10: two channels, and one in each hand
  channels: { questions: { capacity: 4 }, answers: { capacity: 4 } },
});
const worker = start('./worker.mjs', pool, pool.ref);
const workerEnd = once(worker, 'exit');
const { server, replies } = serve(pool);
await once(server, 'listening');

const { port } = server.address();
const paused = once(server, 'pause', { signal: AbortSignal.timeout(10_000) }).then(
  () => console.log('the server has stopped reading a client that does not fetch its answers'),
  (error) => {
    if (error.name !== 'AbortError') throw error;
    console.log('the system buffers all that the lazy client does not fetch');
  },
);
const busy = checkAnswers('busy');
const lazy = checkAnswers('lazy', Promise.all([paused, busy]));
await Promise.all([busy, lazy]);
server.close();
await once(server, 'close');
pool.channel('questions').close(); // the worker drains it, and ends
await Promise.all([workerEnd, replies]);
checkAllHome(pool);
console.log(`all of it went through ${pool.frames} frames of ${pool.frameSizeBytes} bytes`);
pool.close();

/** Lets a client ask, and compares each byte of what comes back with what it must be. */
async function checkAnswers(name, until) {
  const received = FramePool.create({
    frameSizeBytes: 16_384,
    frames: 6,
    channels: { received: { capacity: 2 } },
  });
  const client = start('./client.mjs', received, { port, ref: received.ref });
  const end = once(client, 'exit');
  await until; // nobody takes its frames so long, so the client stops reading its socket
  let position = 0;
  for await (const frame of received.channel('received')) {
    for (const byte of frame.bytes) {
      if (byte !== 255 - byteAt(position)) assert.fail(`${name}: byte ${position} is wrong`);
      position += 1;
    }
    frame.release();
  }
  await end;
  assert.equal(position, QUESTION_BYTES, `${name}: bytes that came back`);
  checkAllHome(received);
  received.close();
  console.log(`${name} client: ${position} bytes came back in order, each of them inverted`);
}

function checkAllHome(slab) {
  const { ok, held, inFlight, inLanes } = slab.audit();
  assert.deepEqual({ ok, held, inFlight, inLanes }, { ok: true, held: 0, inFlight: 0, inLanes: 0 });
}

function start(file, slab, workerData) {
  return slab.watch(new Worker(new URL(file, import.meta.url), { workerData }));
}
