/** Threads that work on one pool at once, each for the same time. */
import { FramePool } from 'frameslab';
import { nanoseconds } from '../lib/clock.mjs';
import { MutexPool } from '../rivals/mutex-pool.mjs';
import { TreiberPool } from '../rivals/treiber.mjs';

const BATCH = 256;
const HELD = 64;

export const roles = {
  member: ({ work: name, ref, treiber, mutex, slots: count, word }, index) => {
    const { slots } = FramePool.attach(ref);
    const stack = new TreiberPool(treiber, count);
    const locked = new MutexPool(mutex, count);
    const own = new Int32Array(word);
    const held = new Int32Array(HELD);
    const works = {
      yardstick() {
        const at = index * 32; // a line of its own: nobody shares it
        for (let k = 0; k < BATCH; k++) Atomics.add(own, at, 1);
      },
      one() {
        for (let k = 0; k < BATCH; k++) slots.release(slots.acquire());
      },
      held() {
        for (let k = 0; k < BATCH / HELD; k++) {
          for (let j = 0; j < HELD; j++) held[j] = slots.acquire();
          for (let j = 0; j < HELD; j++) slots.release(held[j]);
        }
      },
      treiber() {
        for (let k = 0; k < BATCH; k++) stack.release(stack.acquire());
      },
      mutex() {
        for (let k = 0; k < BATCH; k++) locked.release(locked.acquire());
      },
    };
    const work = works[name];
    return ({ ns }, passGate) => {
      passGate();
      return repeat(work, ns);
    };
  },
};

/** How many operations it did, from when to when: where threads outnumber cores, they take turns. */
function repeat(work, ns) {
  const begin = nanoseconds();
  let end = begin;
  let operations = 0;
  while (end - begin < ns) {
    for (let k = 0; k < 8; k++) work();
    operations += 8 * BATCH;
    end = nanoseconds();
  }
  return { operations, begin, end };
}
