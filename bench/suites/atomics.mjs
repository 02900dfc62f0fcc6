/**
 * How many atomics an operation makes: on V8 each is a call of its own, so this is what an
 * operation costs to first order, and it does not depend on the machine. The library calls
 * `Atomics.x` through the global, so a counting stand-in sees all of them.
 */
const { Atomics: real } = globalThis;
const counts = {};

const OPERATIONS = 64_000;
const BULK = 32;
const MANY = 1000;

export const title = 'Atomics per operation';

export function groups() {
  return [{ title, rows: workloads().map(({ name }) => ({ name })) }];
}

export async function run({ wanted }) {
  countAtomics();
  const { FramePool } = await import('frameslab');
  return wanted.map(([group, row]) => ({ group, row, ...atomicsOf(workloads()[row], FramePool) }));
}

function countAtomics() {
  globalThis.Atomics = Object.fromEntries(
    Object.getOwnPropertyNames(real).map((name) => [
      name,
      (...args) => {
        counts[name] = (counts[name] ?? 0) + 1;
        return real[name](...args);
      },
    ]),
  );
}

function atomicsOf({ make }, FramePool) {
  const work = make(
    FramePool.create({ frames: 2048, threadsMax: 4, channels: { line: { capacity: 64 } } }),
  );
  work(OPERATIONS / 2);
  for (const key of Object.keys(counts)) delete counts[key];
  work(OPERATIONS);
  const each = Object.entries(counts).map(([key, count]) => [key, count / OPERATIONS]);
  const total = each.reduce((sum, [, count]) => sum + count, 0);
  const parts = each.map(([key, count]) => `${key} ${count.toFixed(3)}`).join(', ');
  return { atomics: total, text: `${total.toFixed(3)}   ${parts}` };
}

function workloads() {
  return [
    { name: 'slots.acquire + release', make: holding(1) },
    { name: '64 held at a time', make: holding(64) },
    { name: '1,000 held, released in order', make: holding(MANY) },
    {
      name: 'bulk of 32, per slot',
      make({ slots }) {
        const bulk = new Int32Array(BULK);
        return (count) => {
          for (let k = 0; k < count; k += BULK) {
            slots.acquireMany(bulk);
            slots.releaseMany(bulk);
          }
        };
      },
    },
    {
      name: 'retain + release, shared',
      make({ slots }) {
        const shared = sharedHandle(slots);
        return (count) => {
          for (let k = 0; k < count; k++) {
            slots.retain(shared);
            slots.release(shared);
          }
        };
      },
    },
    {
      name: 'share + adopt + release',
      make({ slots }) {
        const shared = sharedHandle(slots);
        return (count) => {
          for (let k = 0; k < count; k++) slots.release(slots.adopt(slots.share(shared)));
        };
      },
    },
    {
      name: 'acquire, send, receive, release by integer twins',
      make(pool) {
        const { slots } = pool;
        const line = pool.channel('line');
        return (count) => {
          for (let k = 0; k < count; k++) {
            line.trySendHandle(slots.acquire());
            slots.release(line.tryReceiveHandle());
          }
        };
      },
    },
  ];
}

function holding(most) {
  return ({ slots }) => {
    const held = new Int32Array(most);
    return (count) => {
      for (let k = 0; k < count; k += most) {
        for (let j = 0; j < most; j++) held[j] = slots.acquire();
        for (let j = 0; j < most; j++) slots.release(held[j]);
      }
    };
  };
}

function sharedHandle(slots) {
  const handle = slots.acquire();
  slots.adopt(slots.share(handle));
  return handle;
}
