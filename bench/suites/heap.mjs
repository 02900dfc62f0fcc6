/**
 * Bytes of JavaScript heap per operation. The process runs with a young generation so large that no
 * collection happens while it counts; `heapUsed` then only grows, by exactly what was allocated.
 */
import { FramePool } from 'frameslab';

const OPERATIONS = 100_000;
const ROUNDS = 5;

export const title = 'Heap bytes per operation';

export function run() {
  if (typeof gc !== 'function') {
    return [{ title, note: 'needs --expose-gc and a fixed young generation: Node only', rows: [] }];
  }
  const rows = workloads().map(({ name, run: work, target }) => {
    const bytes = bytesPerOperation(work);
    return { name, text: `${bytes} B${verdict(bytes, target)}`, bytes, targetBytes: target };
  });
  return [{ title, rows }];
}

function verdict(bytes, target) {
  if (target === undefined) return '';
  return `   goal ${target} B: ${bytes <= target ? 'met' : 'MISSED'}`;
}

/** The least of several rounds, less what the counting itself takes. */
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
  const channels = { line: { capacity: 64 } };
  const pool = FramePool.create({ frames: 1024, threadsMax: 4, channels });
  const { slots } = pool;
  const line = pool.channel('line');
  const shared = slots.acquire();
  slots.adopt(slots.share(shared));
  const held = new Int32Array(64);
  return [
    {
      name: 'slots.acquire + release',
      target: 0,
      run(count) {
        for (let k = 0; k < count; k++) slots.release(slots.acquire());
      },
    },
    {
      name: 'slots, 64 held at a time',
      target: 0,
      run(count) {
        for (let k = 0; k < count / held.length; k++) {
          for (let j = 0; j < held.length; j++) held[j] = slots.acquire();
          for (let j = 0; j < held.length; j++) slots.release(held[j]);
        }
      },
    },
    {
      name: 'slots.acquireMany + releaseMany of 64, per slot',
      target: 0,
      run(count) {
        for (let k = 0; k < count / held.length; k++) {
          slots.acquireMany(held);
          slots.releaseMany(held);
        }
      },
    },
    {
      name: 'slots.retain + release, shared',
      target: 0,
      run(count) {
        for (let k = 0; k < count; k++) {
          slots.retain(shared);
          slots.release(shared);
        }
      },
    },
    {
      name: 'slots.share + adopt + release',
      target: 0,
      run(count) {
        for (let k = 0; k < count; k++) slots.release(slots.adopt(slots.share(shared)));
      },
    },
    {
      name: 'acquire, trySendHandle, tryReceiveHandle, release',
      target: 0,
      run(count) {
        for (let k = 0; k < count; k++) {
          line.trySendHandle(slots.acquire());
          slots.release(line.tryReceiveHandle());
        }
      },
    },
    {
      name: 'slots.bytes of an unchanged length',
      target: 0,
      run(count) {
        for (let k = 0; k < count; k++) slots.bytes(shared);
      },
    },
    {
      name: 'tryAcquire + frame.release: one small object',
      run(count) {
        for (let k = 0; k < count; k++) pool.tryAcquire().release();
      },
    },
    {
      name: 'Buffer.allocUnsafe(4096): without its 4,096 bytes',
      run(count) {
        for (let k = 0; k < count / 10; k++) Buffer.allocUnsafe(4096);
      },
    },
  ];
}
