// A thread in bad surroundings: changes its own Atomics, or loads another copy of the library, first.
import { parentPort, workerData } from 'node:worker_threads';

const { how, library = 'frameslab', ref } = workerData;
const real = Atomics;
const copied = () =>
  Object.fromEntries(Object.getOwnPropertyNames(real).map((name) => [name, real[name]]));
const without = (name) => {
  const rest = copied();
  delete rest[name];
  return rest;
};
const changes = {
  untouched: () => real,
  frozen: () => Object.freeze(real),
  proxied: () => new Proxy(real, {}),
  copied,
  'without waitAsync': () => without('waitAsync'),
  'without compareExchange': () => without('compareExchange'),
  'without notify': () => without('notify'),
  missing: () => undefined,
};

/** Gets one frame by blocking, one as a promise, and sends both back. */
async function share(pool) {
  parentPort.postMessage({ ready: pool.stats().asyncWaiting });
  const results = pool.channel('results');
  const blocked = pool.acquireSync(8, 20_000);
  blocked.write(Uint8Array.of(1));
  results.sendSync(blocked, 20_000);
  const promised = await pool.acquire(8, { timeoutMs: 20_000 });
  promised.write(Uint8Array.of(2));
  await results.send(promised, { timeoutMs: 20_000 });
  pool.close();
}

async function begin() {
  globalThis.Atomics = changes[how]();
  const { FramePool } = await import(library);
  if (ref === undefined) return FramePool.create({ frames: 2, frameSizeBytes: 64 }).close();
  return share(FramePool.attach(ref));
}

begin().then(
  () => parentPort.postMessage({ done: true }),
  ({ name, code, message }) => parentPort.postMessage({ fault: { name, code, message } }),
);
