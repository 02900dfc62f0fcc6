/** Says how a trace of this runtime looks. */
import { parentPort } from 'node:worker_threads';
import { FramePool } from 'frameslab';

const pool = FramePool.create({ frames: 1, trace: true });
pool.tryAcquire();
parentPort.postMessage(pool.inspect()[0].stack);
