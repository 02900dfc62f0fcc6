/**
 * The same six threads in a Node process, and their pool told to every page that asks: this is all
 * that a program needs to show its pool.
 */
import { Worker } from 'node:worker_threads';
import { FramePool } from '../../dist/node.js';
import { Control } from './control.mjs';
import { CREW, poolOptions, TOPOLOGY } from './roles.mjs';

const SLOTS = 96;
const RATE = 8;
const LOOK_EVERY_MS = 50;

/** Starts the threads. `events(response)` answers a request with one look after the other. */
export async function startDemo() {
  const pool = FramePool.create(poolOptions(SLOTS));
  const control = new Control(CREW.length);
  control.rate = RATE;
  const workers = [];
  for (let thread = 0; thread < CREW.length; thread++) {
    const worker = new Worker(new URL('./node-worker.mjs', import.meta.url), {
      name: CREW[thread].name,
      workerData: { ref: pool.ref, control: control.buffer, thread },
    });
    pool.watch(worker);
    workers.push(worker);
    await new Promise((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
    });
  }
  const streams = new Set();
  return {
    events: (response) => stream(pool, response, streams),
    close: () => end(pool, workers, streams),
  };
}

function stream(pool, response, streams) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const timer = setInterval(() => {
    if (response.writableNeedDrain) return; // a slow page gets fewer looks, never old ones
    const stats = named(pool.stats());
    const look = { slots: pool.inspect({ cached: true }), stats, topology: TOPOLOGY };
    response.write(`data: ${JSON.stringify(look)}\n\n`);
  }, LOOK_EVERY_MS);
  const stop = () => {
    clearInterval(timer);
    streams.delete(stop);
    response.end();
  };
  streams.add(stop);
  response.on('close', stop);
}

/** Before Node 24 a thread cannot know its own name; main, which gave it, does. */
function named(stats) {
  const threads = stats.threads.map((thread) => {
    const name = CREW[thread.seat - 1]?.name ?? thread.name;
    return { ...thread, name };
  });
  return { ...stats, threads };
}

async function end(pool, workers, streams) {
  for (const stop of streams) stop();
  await Promise.all(workers.map((worker) => worker.terminate()));
  pool.close();
}
