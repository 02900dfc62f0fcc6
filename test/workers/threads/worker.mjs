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
leaveAfter(roles[role](pool, data, new Int32Array(signals)));

/**
 * Leaves and reports when the role has ended. Not by a top-level `await`: V8 aborts the process if a
 * thread is terminated while a module that has one is evaluated (seen on Node 20).
 */
async function leaveAfter(played) {
  const result = await played;
  pool.close();
  parentPort.postMessage({ result });
}
