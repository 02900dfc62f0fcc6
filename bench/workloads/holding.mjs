/** Many frames held at a time: all are acquired, then all are released, in order. */
import { timesYardstick } from '../lib/goals.mjs';
import { heap, mutex, roomy, SIZE, standard, treiber } from './kit.mjs';

/** Rows for `most` held; goals and wide caches depend on it. */
export function holding(most, { slotsMost, frameMost, caches }) {
  const rows = [
    { name: 'frameslab slots', goals: goalOf(slotsMost), make: () => integers(standard, most) },
    { name: 'frameslab Frame', goals: goalOf(frameMost), make: () => objects(standard, most) },
    ...caches.map((cache) => ({
      name: `frameslab slots, cacheFrames: ${cache.toLocaleString('en-US')}`,
      goals: goalOf(slotsMost),
      make: () => integers(roomy[cache], most),
    })),
    { name: 'Treiber stack, index + tag', make: () => stacked(treiber(), most) },
    { name: 'mutex-guarded pool', make: () => locked(mutex(), most) },
    { name: '@thi.ng/malloc, one thread only', make: () => malloced(heap(), most) },
    { name: 'Buffer.allocUnsafe(4096), left to the GC', make: () => buffers(most) },
    { name: 'new SharedArrayBuffer(4096), left to the GC', make: () => sharedBuffers(most) },
  ];
  return rows.map((row) => ({ per: most, ...row }));
}

const goalOf = (most) => (most === undefined ? [] : [timesYardstick(most)]);

// Each loop is written out, as a user would write it: one loop for all of them that calls a function
// per operation would measure the call.

function integers(pool, most) {
  const { slots } = pool();
  const held = new Int32Array(most);
  return (count) => {
    for (let k = 0; k < count; k++) {
      for (let j = 0; j < most; j++) held[j] = slots.acquire();
      for (let j = 0; j < most; j++) slots.release(held[j]);
    }
  };
}

function objects(made, most) {
  const pool = made();
  const held = new Array(most).fill(undefined);
  return (count) => {
    for (let k = 0; k < count; k++) {
      for (let j = 0; j < most; j++) held[j] = pool.tryAcquire();
      for (let j = 0; j < most; j++) held[j].release();
    }
  };
}

function stacked(stack, most) {
  const held = new Int32Array(most);
  return (count) => {
    for (let k = 0; k < count; k++) {
      for (let j = 0; j < most; j++) held[j] = stack.acquire();
      for (let j = 0; j < most; j++) stack.release(held[j]);
    }
  };
}

function locked(pool, most) {
  const held = new Int32Array(most);
  return (count) => {
    for (let k = 0; k < count; k++) {
      for (let j = 0; j < most; j++) held[j] = pool.acquire();
      for (let j = 0; j < most; j++) pool.release(held[j]);
    }
  };
}

function malloced(memory, most) {
  const held = new Int32Array(most);
  return (count) => {
    for (let k = 0; k < count; k++) {
      for (let j = 0; j < most; j++) held[j] = memory.malloc(SIZE);
      for (let j = 0; j < most; j++) memory.free(held[j]);
    }
  };
}

function buffers(most) {
  const held = new Array(most).fill(undefined);
  return (count) => {
    for (let k = 0; k < count; k++) {
      for (let j = 0; j < most; j++) held[j] = Buffer.allocUnsafe(SIZE);
    }
  };
}

function sharedBuffers(most) {
  const held = new Array(most).fill(undefined);
  return (count) => {
    for (let k = 0; k < count; k++) {
      for (let j = 0; j < most; j++) held[j] = new SharedArrayBuffer(SIZE);
    }
  };
}
