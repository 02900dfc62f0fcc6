/** A worker of the tests: plays one role of `roles/*.mjs` on the pool, leaves it, reports. */
import { parentPort, workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import * as channelRoles from './channel-roles.mjs';
import * as poolRoles from './pool-roles.mjs';

const roles = { ...poolRoles, ...channelRoles };
const { role, ref, signals, data } = workerData;
const pool = FramePool.attach(ref);
// Whoever started this thread waits for its first words, so that all start together.
parentPort.postMessage({ ready: true, seat: pool.seat });
const result = await roles[role](pool, data, new Int32Array(signals));
pool.close();
parentPort.postMessage({ result });
