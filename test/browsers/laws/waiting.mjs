/** How promises wait: by `Atomics.waitAsync`, or by looking again where an engine has none. */
import { FramePool } from '../../../dist/index.js';
import { allHome, check, equal, pause } from '../check.mjs';
import { withCrew } from '../crew.mjs';
import { without } from '../surroundings.mjs';

/** The form that this engine allows: what the test took away is not there. */
const wanted = typeof Atomics.waitAsync === 'function' ? 'waitAsync' : 'polling';

/** Counts the calls of a function of `owner` until the answer is called. */
function counted(owner, name) {
  const original = owner[name];
  let calls = 0;
  owner[name] = (...given) => {
    calls += 1;
    return original.apply(owner, given);
  };
  return () => {
    owner[name] = original;
    return calls;
  };
}

async function said(start) {
  check(without === null || wanted === 'polling', `Atomics.${without} was not taken away`);
  const pool = FramePool.create({ frameSizeBytes: 64, frames: 2, threadsMax: 2 });
  const worker = start('peer');
  await worker.play('attach', pool.ref);
  equal(pool.stats().asyncWaiting, wanted, 'how promises of the page wait');
  equal(await worker.play('waiting'), wanted, 'how promises of the worker wait');
  await worker.play('close');
  pool.close();
}

async function used(start) {
  const pool = FramePool.create({ frameSizeBytes: 64, frames: 2, threadsMax: 2, cacheFrames: 0 });
  const worker = start('holder');
  await worker.play('attach', pool.ref);
  const held = [pool.tryAcquire(), pool.tryAcquire()];
  const released = worker.play('hold', [held.pop().transfer()], 300);
  await worker.at('holding');
  const waits = wanted === 'waitAsync' ? counted(Atomics, 'waitAsync') : () => 0;
  const timers = counted(globalThis, 'setTimeout');
  held.push(await pool.acquire(8));
  const [asked, looks] = [waits(), timers()];
  equal(await released, 1, 'frames that the worker released');
  if (wanted === 'waitAsync') check(asked > 0, 'Atomics.waitAsync was not called');
  else check(looks > 1, `the page looked ${looks} times, and did not look again`);
  await worker.play('close');
  for (const frame of held) frame.release();
  allHome(pool);
  pool.close();
}

async function servedInAWorker(start) {
  const pool = FramePool.create({ frameSizeBytes: 64, frames: 2, threadsMax: 2, cacheFrames: 0 });
  const worker = start('waiter');
  await worker.play('attach', pool.ref);
  const held = [pool.tryAcquire(), pool.tryAcquire()];
  let served = false;
  const taken = worker.play('take').then(() => {
    served = true;
  });
  await pause(200);
  equal(served, false, 'a promise of the worker was served while the page held all');
  for (const frame of held) frame.release();
  await taken;
  await worker.play('close');
  allHome(pool);
  pool.close();
}

export const laws = {
  'stats() says which form of waiting was chosen, on the page and in a worker': () =>
    withCrew(said),
  'the form that stats() says is the one that is used': () => withCrew(used),
  "a promise of a worker is served by the page's release": () => withCrew(servedInAWorker),
};
