/**
 * Bytes of JavaScript heap per operation. The process runs with a young generation so large that no
 * collection happens while it counts; `heapUsed` then only grows, by exactly what was allocated.
 */
import { FramePool } from 'frameslab';

const OPERATIONS = 100_000;
const ROUNDS = 25;

export const title = 'Heap bytes per operation';

export const passes = () => 1;

export function cannotRun() {
  if (process.versions.bun === undefined) return undefined;
  return 'it needs V8: a collector on demand, and a young generation of fixed size';
}

export function groups() {
  const rows = workloads().map(({ name, most }) => ({
    name,
    goals: most === undefined ? [] : [{ text: `≤ ${most} B`, most, value: (row) => row.bytes }],
  }));
  return [{ title, rows }];
}

export function run({ wanted }) {
  return wanted.map(([group, row]) => {
    const bytes = bytesPerOperation(workloads()[row].make());
    return { group, row, bytes, text: `${bytes} B` };
  });
}

/** The least of many rounds (others allocate as well: the compiler), less what counting takes. */
function bytesPerOperation(work) {
  for (let k = 0; k < 20; k++) work(OPERATIONS / 10); // V8 compiles first: that allocates as well
  const least = (count) => {
    let bytes = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      gc();
      const before = process.memoryUsage().heapUsed;
      work(count);
      bytes = Math.min(bytes, process.memoryUsage().heapUsed - before);
    }
    return bytes;
  };
  const bytes = (least(OPERATIONS) - least(0)) / OPERATIONS;
  return Math.max(0, Math.round(bytes * 10) / 10);
}

function workloads() {
  return [
    {
      name: 'slots.acquire + release',
      most: 0,
      make() {
        const { slots } = poolWithLine();
        return (count) => {
          for (let k = 0; k < count; k++) slots.release(slots.acquire());
        };
      },
    },
    {
      name: 'slots, 64 held at a time',
      most: 0,
      make() {
        const { slots } = poolWithLine();
        const held = new Int32Array(64);
        return (count) => {
          for (let k = 0; k < count / held.length; k++) {
            for (let j = 0; j < held.length; j++) held[j] = slots.acquire();
            for (let j = 0; j < held.length; j++) slots.release(held[j]);
          }
        };
      },
    },
    {
      name: 'slots.acquireMany + releaseMany of 64, per slot',
      most: 0,
      make() {
        const { slots } = poolWithLine();
        const held = new Int32Array(64);
        return (count) => {
          for (let k = 0; k < count / held.length; k++) {
            slots.acquireMany(held);
            slots.releaseMany(held);
          }
        };
      },
    },
    {
      name: 'slots.retain + release, shared',
      most: 0,
      make() {
        const { slots } = poolWithLine();
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
      name: 'slots.share + adopt + release',
      most: 0,
      make() {
        const { slots } = poolWithLine();
        const shared = sharedHandle(slots);
        return (count) => {
          for (let k = 0; k < count; k++) slots.release(slots.adopt(slots.share(shared)));
        };
      },
    },
    {
      name: 'acquire, trySendHandle, tryReceiveHandle, release',
      most: 0,
      make() {
        const pool = poolWithLine();
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
    {
      name: 'slots.bytes of an unchanged length',
      most: 0,
      make() {
        const { slots } = poolWithLine();
        const shared = sharedHandle(slots);
        return (count) => {
          for (let k = 0; k < count; k++) slots.bytes(shared);
        };
      },
    },
    {
      name: 'tryAcquire + frame.release: one small object',
      make() {
        const pool = poolWithLine();
        return (count) => {
          for (let k = 0; k < count; k++) pool.tryAcquire().release();
        };
      },
    },
    {
      name: 'Buffer.allocUnsafe(4096): without its 4,096 bytes',
      make: () => (count) => {
        for (let k = 0; k < count / 10; k++) Buffer.allocUnsafe(4096);
      },
    },
  ];
}

function poolWithLine() {
  const channels = { line: { capacity: 64 } };
  return FramePool.create({ frames: 1024, threadsMax: 4, channels });
}

function sharedHandle(slots) {
  const handle = slots.acquire();
  slots.adopt(slots.share(handle));
  return handle;
}
