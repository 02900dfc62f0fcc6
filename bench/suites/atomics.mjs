/**
 * How many atomics an operation makes: on V8 each is a call of its own, so this is what an operation
 * costs to first order, and it does not depend on the machine. The library calls `Atomics.x` through
 * the global, so a counting stand-in sees all of them.
 */
const counts = {};
const real = globalThis.Atomics;
globalThis.Atomics = Object.fromEntries(
  Object.getOwnPropertyNames(real).map((name) => [
    name,
    (...args) => {
      counts[name] = (counts[name] ?? 0) + 1;
      return real[name](...args);
    },
  ]),
);
const { FramePool } = await import('frameslab');

const OPERATIONS = 64_000;
const BULK = 32;
const MANY = 1000;

export const title = 'Atomics per operation';

export function run() {
  const rows = workloads().map(({ name, run: work }) => {
    work(OPERATIONS / 2);
    for (const key of Object.keys(counts)) delete counts[key];
    work(OPERATIONS);
    const each = Object.entries(counts).map(([key, count]) => [key, count / OPERATIONS]);
    const total = each.reduce((sum, [, count]) => sum + count, 0);
    const parts = each.map(([key, count]) => `${key} ${count.toFixed(3)}`).join(', ');
    return { name, text: `${total.toFixed(3)}   ${parts}`, atomics: total };
  });
  return [{ title, rows }];
}

function workloads() {
  const pool = FramePool.create({
    frames: 2048,
    threadsMax: 4,
    channels: { line: { capacity: 64 } },
  });
  const { slots } = pool;
  const line = pool.channel('line');
  const shared = slots.acquire();
  slots.adopt(slots.share(shared));
  const held = new Int32Array(MANY);
  const bulk = new Int32Array(BULK);
  const holding = (most) => (count) => {
    for (let k = 0; k < count; k += most) {
      for (let j = 0; j < most; j++) held[j] = slots.acquire();
      for (let j = 0; j < most; j++) slots.release(held[j]);
    }
  };
  return [
    { name: 'slots.acquire + release', run: holding(1) },
    { name: '64 held at a time', run: holding(64) },
    { name: '1,000 held, released in order', run: holding(MANY) },
    {
      name: 'bulk of 32, per slot',
      run(count) {
        for (let k = 0; k < count; k += BULK) {
          slots.acquireMany(bulk);
          slots.releaseMany(bulk);
        }
      },
    },
    {
      name: 'retain + release, shared',
      run(count) {
        for (let k = 0; k < count; k++) {
          slots.retain(shared);
          slots.release(shared);
        }
      },
    },
    {
      name: 'share + adopt + release',
      run(count) {
        for (let k = 0; k < count; k++) slots.release(slots.adopt(slots.share(shared)));
      },
    },
    {
      name: 'acquire, send, receive, release by integer twins',
      run(count) {
        for (let k = 0; k < count; k++) {
          line.trySendHandle(slots.acquire());
          slots.release(line.tryReceiveHandle());
        }
      },
    },
  ];
}
