/** One thread of the demo in Node. */
import { parentPort, workerData } from 'node:worker_threads';
import { FramePool } from '../../dist/node.js';
import { Control } from './control.mjs';
import { work } from './roles.mjs';

const { ref, control, thread } = workerData;
const pool = FramePool.attach(ref);
parentPort.postMessage({ seat: pool.seat });
work(pool, new Control(control), thread);
