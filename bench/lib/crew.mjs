/**
 * Worker threads that do rounds together, and the gate at which they start.
 *
 * A role is a function `(setup, crew) => run`: it is called once in its worker; `run(order)` does a
 * round and answers its result. Between rounds everybody is back in the event loop.
 */
import { Worker } from 'node:worker_threads';
import { nanoseconds } from './clock.mjs';

/** Starts one worker per entry of `[module, role, setup, transfer?]`; modules are file URLs. */
export async function startCrew(entries) {
  const gate = new Int32Array(new SharedArrayBuffer(64));
  const workers = entries.map(
    ([module, role, setup, transferList = []], index) =>
      new Worker(new URL('worker.mjs', import.meta.url), {
        workerData: { module: String(module), role, setup, gate, index },
        transferList,
      }),
  );
  const answers = workers.map(() => undefined);
  workers.forEach((worker, index) => {
    worker.on('message', (message) => answers[index]?.resolve(message));
    worker.on('error', (fault) => answers[index]?.reject(fault));
  });
  const answer = (index) =>
    new Promise((resolve, reject) => {
      answers[index] = { resolve, reject };
    });
  await Promise.all(workers.map((_, index) => answer(index)));
  return {
    /** One round: `members` workers start together; answers their results. */
    async round(order, members = workers.length) {
      Atomics.store(gate, 0, 0);
      const results = workers.slice(0, members).map((_, index) => answer(index));
      for (const worker of workers.slice(0, members)) worker.postMessage({ order, members });
      return Promise.all(results);
    },
    async end() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** So long the members of a round run side by side before it begins. */
const SETTLE_NS = 8e6;
/** So often a member looks at the gate before it sleeps a millisecond. */
const SPINS_MAX = 20_000;

/**
 * Waits until all members of a round are here and up to speed. The kernel likes to wake two threads
 * on the core of the one that woke them, and needs some milliseconds to see that both are busy: so
 * they are, for a while, before the clock starts.
 */
export function passGate(gate, members) {
  meet(gate, members);
  const end = nanoseconds() + SETTLE_NS;
  while (nanoseconds() < end);
  meet(gate, 2 * members);
}

function meet(gate, arrivals) {
  Atomics.add(gate, 0, 1);
  for (let spins = 0; ; spins++) {
    const seen = Atomics.load(gate, 0);
    if (seen >= arrivals) break;
    if (spins > SPINS_MAX) Atomics.wait(gate, 0, seen, 1);
  }
  Atomics.notify(gate, 0);
}
