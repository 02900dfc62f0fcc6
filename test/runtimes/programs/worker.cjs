/** As worker.mjs, in CommonJS. */
const { parentPort } = require('node:worker_threads');
const { FramePool } = require('frameslab');

const pool = FramePool.open('program');
const work = pool.channel('work');
const frame = work.receiveSync(10_000);
const bytes = [...frame.bytes];
work.sendSync(frame);
pool.acquireSync();
parentPort.postMessage({ seat: pool.seat, bytes });
