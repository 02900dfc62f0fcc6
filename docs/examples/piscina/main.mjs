/**
 * A piscina farm whose workers share one pool. One of them hangs in the middle of a job and is
 * killed; no job is lost, none counts twice, and every frame comes home.
 *
 * - The job is a message of a few bytes: the frame is shared with the worker, and main keeps a
 *   reference of its own until the job is done. So it can be given to another worker.
 * - The result is a frame that the worker sends into a channel. What was sent before a death stays
 *   deliverable, so a job that is done again may be answered twice: `sequence` tells.
 * - What the dead worker held comes back by `pool.watch`.
 */
import assert from 'node:assert/strict';
import { FramePool } from 'frameslab';
import { install } from '../install.mjs';

install('piscina', { piscina: '5.3.2' });
const { openFarm } = await import('./farm.mjs'); // it imports piscina

const JOBS = 200;
const JOBS_AT_ONCE = 6;
const HANGS = 60; // the job that never ends, when it is tried first

const pool = FramePool.open('farm', {
  frameSizeBytes: 32_768,
  frames: 24, // more than 6 jobs and their results, so that nobody waits for a frame forever
  channels: { results: { capacity: 4 } },
});
const results = pool.channel('results');
const { farm, end } = openFarm(pool, new URL('./job.mjs', import.meta.url).href);
const kill = new AbortController(); // piscina ends the worker whose task is aborted
farm.once('message', (what) => {
  console.log(`a worker hangs (${what}): it is killed`);
  kill.abort();
});

let next = 0;
let redone = 0;
let twice = 0;
const answered = new Set();
await Promise.all([...Array.from({ length: JOBS_AT_ONCE }, giveJobs), collectResults()]);
const workers = await end();
for (let left = results.tryReceive(); left; left = results.tryReceive()) {
  twice += 1; // the answer to a job that was answered before
  left.release();
}

console.log(`${answered.size} of ${JOBS} jobs answered, ${redone} done again, ${twice} twice`);
assert.equal(answered.size, JOBS);
assert.equal(redone, 1);
assert.equal(workers, 3, 'two workers, and the one in place of the dead');
const { ok, held, inFlight } = pool.audit({ repair: true });
assert.deepEqual({ ok, held, inFlight }, { ok: true, held: 0, inFlight: 0 });
console.log(`${pool.stats().reclaimed} frames came back from the dead, all are home`);
pool.close();

async function giveJobs() {
  while (next < JOBS) {
    const sequence = next++;
    const frame = await pool.acquire();
    frame.storage.fill(sequence);
    frame.length = frame.capacity;
    frame.sequence = sequence;
    while (!(await giveJob(frame))) redone += 1;
    frame.release();
  }
}

/** Has a job done; false if its worker died. */
async function giveJob(frame) {
  const hangs = frame.sequence === HANGS && !kill.signal.aborted;
  const message = frame.share();
  try {
    await farm.run({ message, hangs }, hangs ? { signal: kill.signal } : {});
    return true;
  } catch (error) {
    pool.revoke(message); // in case the worker died before it took the frame
    if (redone > 0) throw error; // one death is meant to happen here, two are not
    return false;
  }
}

async function collectResults() {
  while (answered.size < JOBS) {
    const result = await results.receive();
    const wrong = result.bytes.findIndex((byte, k) => byte !== ((result.sequence + k) & 255));
    assert.equal(wrong, -1, `job ${result.sequence} has a wrong result at byte ${wrong}`);
    if (answered.has(result.sequence)) twice += 1;
    answered.add(result.sequence);
    result.release();
  }
}
