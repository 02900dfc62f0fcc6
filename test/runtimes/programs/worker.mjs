/** Opens the pool that it inherits by name, passes the frame on, and ends with one more in its hands. */
import { parentPort } from 'node:worker_threads';
import { FramePool } from 'frameslab';

const pool = FramePool.open('program');
const work = pool.channel('work');
const frame = work.receiveSync(10_000);
const bytes = [...frame.bytes];
work.sendSync(frame);
pool.acquireSync();
parentPort.postMessage({ seat: pool.seat, bytes });
