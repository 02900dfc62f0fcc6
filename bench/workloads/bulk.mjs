/** Several frames in one call. */
import { timesYardstick } from '../lib/goals.mjs';
import { mutex, roomy, standard, treiber } from './kit.mjs';

const BULK = 32;
const PARTS = 8;

export const bulks = [
  {
    name: 'frameslab acquireMany + releaseMany',
    per: BULK,
    goals: [timesYardstick(0.5)],
    make: () => bulk(standard),
  },
  {
    name: 'frameslab in bulk, cacheFrames: 128',
    per: BULK,
    goals: [timesYardstick(0.3)],
    make: () => bulk(roomy[128]),
  },
  {
    name: `frameslab in bulk, ${PARTS} bulks held at a time`,
    per: BULK * PARTS,
    goals: [timesYardstick(0.5)],
    make() {
      const { slots } = standard();
      const parts = Array.from({ length: PARTS }, () => new Int32Array(BULK));
      return (count) => {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < PARTS; j++) slots.acquireMany(parts[j]);
          for (let j = 0; j < PARTS; j++) slots.releaseMany(parts[j]);
        }
      };
    },
  },
  {
    name: 'Treiber stack, one by one',
    per: BULK,
    make() {
      const stack = treiber();
      const held = new Int32Array(BULK);
      return (count) => {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < BULK; j++) held[j] = stack.acquire();
          for (let j = 0; j < BULK; j++) stack.release(held[j]);
        }
      };
    },
  },
  {
    name: 'mutex-guarded pool, one by one',
    per: BULK,
    make() {
      const pool = mutex();
      const held = new Int32Array(BULK);
      return (count) => {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < BULK; j++) held[j] = pool.acquire();
          for (let j = 0; j < BULK; j++) pool.release(held[j]);
        }
      };
    },
  },
];

function bulk(pool) {
  const { slots } = pool();
  const held = new Int32Array(BULK);
  return (count) => {
    for (let k = 0; k < count; k++) {
      slots.acquireMany(held);
      slots.releaseMany(held);
    }
  };
}
