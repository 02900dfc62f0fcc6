/**
 * Acquire and release, one frame at a time; and the bare loops that tell what the machine is like.
 */
import { timesYardstick } from '../lib/goals.mjs';
import { heap, keep, mutex, SIZE, standard, treiber } from './kit.mjs';

export const yardsticks = [
  {
    name: 'empty loop',
    make: () => (count) => {
      let sum = 0;
      for (let k = 0; k < count; k++) sum = (sum + k) | 0;
      keep(sum);
    },
  },
  {
    name: 'Atomics.load',
    make() {
      const word = new Int32Array(new SharedArrayBuffer(64));
      return (count) => {
        let sum = 0;
        for (let k = 0; k < count; k++) sum = (sum + Atomics.load(word, 0)) | 0;
        keep(sum);
      };
    },
  },
  {
    name: 'Atomics.compareExchange',
    make() {
      const word = new Int32Array(new SharedArrayBuffer(64));
      return (count) => {
        for (let k = 0; k < count; k++) Atomics.compareExchange(word, 0, k, k + 1);
        Atomics.store(word, 0, 0);
      };
    },
  },
];

export const one = [
  {
    name: 'frameslab slots.acquire + release',
    goals: [timesYardstick(0.6)],
    make() {
      const { slots } = standard();
      return (count) => {
        for (let k = 0; k < count; k++) slots.release(slots.acquire());
      };
    },
  },
  {
    name: 'frameslab tryAcquire + frame.release',
    goals: [timesYardstick(1.5)],
    make() {
      const pool = standard();
      return (count) => {
        for (let k = 0; k < count; k++) pool.tryAcquire().release();
      };
    },
  },
  {
    name: 'Treiber stack, index + tag',
    make() {
      const stack = treiber();
      return (count) => {
        for (let k = 0; k < count; k++) stack.release(stack.acquire());
      };
    },
  },
  {
    name: 'mutex-guarded pool',
    make() {
      const pool = mutex();
      return (count) => {
        for (let k = 0; k < count; k++) pool.release(pool.acquire());
      };
    },
  },
  {
    name: '@thi.ng/malloc, one thread only',
    make() {
      const memory = heap();
      return (count) => {
        for (let k = 0; k < count; k++) memory.free(memory.malloc(SIZE));
      };
    },
  },
  {
    name: 'Buffer.allocUnsafe(4096), left to the GC',
    make: () => (count) => {
      for (let k = 0; k < count; k++) keep(Buffer.allocUnsafe(SIZE).length);
    },
  },
  {
    name: 'new SharedArrayBuffer(4096), left to the GC',
    make: () => (count) => {
      for (let k = 0; k < count; k++) keep(new SharedArrayBuffer(SIZE).byteLength);
    },
  },
];
