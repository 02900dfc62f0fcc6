/**
 * The pool in one thread, beside what one would take instead.
 *
 * Each workload is a loop of its own, written out, as a user would write it: one loop for all of them
 * that calls a function per operation would measure the call.
 */
import { MemPool } from '@thi.ng/malloc';
import { FramePool } from 'frameslab';
import { measureInThread } from '../lib/in-thread.mjs';
import { MutexPool } from '../rivals/mutex-pool.mjs';
import { TreiberPool } from '../rivals/treiber.mjs';

const SIZE = 4096;
const MANY = 1000;
const BULK = 32;

const pool = FramePool.create({ frameSizeBytes: SIZE, frames: 2048, threadsMax: 4 });
const { slots } = pool;
/** With caches that hold what is held at a time, as one would choose for such a use. */
const { slots: roomy } = FramePool.create({
  frameSizeBytes: SIZE,
  frames: 2048,
  threadsMax: 4,
  cacheFrames: 128,
});
const treiber = TreiberPool.create(2048);
const mutex = MutexPool.create(2048);
const heap = new MemPool({ size: (MANY + 50) * (SIZE + 64) });
const word = new Int32Array(new SharedArrayBuffer(64));
const held = new Int32Array(MANY);
const bulk = new Int32Array(BULK);
const objects = new Array(MANY).fill(undefined);
/** What the loops compute goes here, so that nobody can leave them out. */
export let sink = 0;

export const title = 'The pool in one thread';

export function run({ effort }) {
  return groups().map(({ title: name, workloads }) => ({
    title: name,
    yardstick: 'Atomics.add',
    rows: measureInThread([...yardsticks(), ...workloads], effort.inThread),
  }));
}

function yardsticks() {
  return [
    {
      name: 'yardstick: empty loop',
      run(count) {
        let sum = 0;
        for (let k = 0; k < count; k++) sum = (sum + k) | 0;
        sink ^= sum;
      },
    },
    {
      name: 'yardstick: one Atomics.add',
      yardstick: true,
      run(count) {
        for (let k = 0; k < count; k++) Atomics.add(word, 0, 1);
      },
    },
  ];
}

function groups() {
  return [
    { title: 'acquire + release, one at a time', workloads: one() },
    { title: '64 held at a time, per acquire + release', workloads: several(64, 0.9, 2.5) },
    { title: '1,000 held, released in order, per acquire + release', workloads: many() },
    { title: 'bulk of 32, per slot', workloads: bulks() },
    { title: 'retain + release', workloads: counting() },
  ];
}

function one() {
  return [
    {
      name: 'frameslab slots.acquire + release',
      target: 0.6,
      run(count) {
        for (let k = 0; k < count; k++) slots.release(slots.acquire());
      },
    },
    {
      name: 'frameslab tryAcquire + frame.release',
      target: 1.5,
      run(count) {
        for (let k = 0; k < count; k++) pool.tryAcquire().release();
      },
    },
    {
      name: 'Treiber stack, index + tag',
      run(count) {
        for (let k = 0; k < count; k++) treiber.release(treiber.acquire());
      },
    },
    {
      name: 'mutex-guarded pool',
      run(count) {
        for (let k = 0; k < count; k++) mutex.release(mutex.acquire());
      },
    },
    {
      name: '@thi.ng/malloc malloc + free, 4 KiB',
      run(count) {
        for (let k = 0; k < count; k++) heap.free(heap.malloc(SIZE));
      },
    },
    {
      name: 'Buffer.allocUnsafe(4096), left to the GC',
      run(count) {
        for (let k = 0; k < count; k++) sink ^= Buffer.allocUnsafe(SIZE).length;
      },
    },
    {
      name: 'new SharedArrayBuffer(4096), left to the GC',
      run(count) {
        for (let k = 0; k < count; k++) sink ^= new SharedArrayBuffer(SIZE).byteLength;
      },
    },
  ];
}

function several(most, slotsTarget, frameTarget) {
  return [
    {
      name: 'frameslab slots',
      per: most,
      target: slotsTarget,
      run(count) {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < most; j++) held[j] = slots.acquire();
          for (let j = 0; j < most; j++) slots.release(held[j]);
        }
      },
    },
    {
      name: 'frameslab Frame',
      per: most,
      target: frameTarget,
      run(count) {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < most; j++) objects[j] = pool.tryAcquire();
          for (let j = 0; j < most; j++) objects[j].release();
        }
      },
    },
    {
      name: 'frameslab slots, cacheFrames: 128 given explicitly',
      per: most,
      target: slotsTarget,
      run(count) {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < most; j++) held[j] = roomy.acquire();
          for (let j = 0; j < most; j++) roomy.release(held[j]);
        }
      },
    },
    ...rivalsHolding(most),
  ];
}

function rivalsHolding(most) {
  return [
    {
      name: 'Treiber stack, index + tag',
      per: most,
      run(count) {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < most; j++) held[j] = treiber.acquire();
          for (let j = 0; j < most; j++) treiber.release(held[j]);
        }
      },
    },
    {
      name: 'mutex-guarded pool',
      per: most,
      run(count) {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < most; j++) held[j] = mutex.acquire();
          for (let j = 0; j < most; j++) mutex.release(held[j]);
        }
      },
    },
    {
      name: '@thi.ng/malloc, 4 KiB',
      per: most,
      run(count) {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < most; j++) held[j] = heap.malloc(SIZE);
          for (let j = 0; j < most; j++) heap.free(held[j]);
        }
      },
    },
    {
      name: 'Buffer.allocUnsafe(4096), left to the GC',
      per: most,
      run(count) {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < most; j++) objects[j] = Buffer.allocUnsafe(SIZE);
        }
      },
    },
    {
      name: 'new SharedArrayBuffer(4096), left to the GC',
      per: most,
      run(count) {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < most; j++) objects[j] = new SharedArrayBuffer(SIZE);
        }
      },
    },
  ];
}

function many() {
  return [
    {
      name: 'frameslab slots',
      per: MANY,
      target: 2,
      run(count) {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < MANY; j++) held[j] = slots.acquire();
          for (let j = 0; j < MANY; j++) slots.release(held[j]);
        }
      },
    },
    {
      name: 'frameslab Frame',
      per: MANY,
      run(count) {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < MANY; j++) objects[j] = pool.tryAcquire();
          for (let j = 0; j < MANY; j++) objects[j].release();
        }
      },
    },
    ...rivalsHolding(MANY),
  ];
}

function bulks() {
  const parts = Array.from({ length: 8 }, () => new Int32Array(BULK));
  return [
    {
      name: 'frameslab acquireMany + releaseMany',
      per: BULK,
      target: 0.5,
      run(count) {
        for (let k = 0; k < count; k++) {
          slots.acquireMany(bulk);
          slots.releaseMany(bulk);
        }
      },
    },
    {
      name: 'frameslab the same, cacheFrames: 128: the cache serves it',
      per: BULK,
      target: 0.3,
      run(count) {
        for (let k = 0; k < count; k++) {
          roomy.acquireMany(bulk);
          roomy.releaseMany(bulk);
        }
      },
    },
    {
      name: 'frameslab the same, 8 bulks held at a time',
      per: BULK * parts.length,
      target: 0.5,
      run(count) {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < parts.length; j++) slots.acquireMany(parts[j]);
          for (let j = 0; j < parts.length; j++) slots.releaseMany(parts[j]);
        }
      },
    },
    {
      name: 'Treiber stack, one by one',
      per: BULK,
      run(count) {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < BULK; j++) bulk[j] = treiber.acquire();
          for (let j = 0; j < BULK; j++) treiber.release(bulk[j]);
        }
      },
    },
  ];
}

function counting() {
  const own = slots.acquire();
  const shared = slots.acquire();
  slots.adopt(slots.share(shared)); // counted by the slot's word from now on
  const frame = pool.tryAcquire();
  const rival = treiber.acquire();
  return [
    {
      name: 'frameslab slots, exclusive',
      target: 0.4,
      run(count) {
        for (let k = 0; k < count; k++) {
          slots.retain(own);
          slots.release(own);
        }
      },
    },
    {
      name: 'frameslab slots, shared (two atomics)',
      target: 2.6,
      run(count) {
        for (let k = 0; k < count; k++) {
          slots.retain(shared);
          slots.release(shared);
        }
      },
    },
    {
      name: 'frameslab Frame, exclusive',
      run(count) {
        for (let k = 0; k < count; k++) frame.retain().release();
      },
    },
    {
      name: 'Treiber stack (two atomics)',
      run(count) {
        for (let k = 0; k < count; k++) {
          treiber.retain(rival);
          treiber.release(rival);
        }
      },
    },
  ];
}
