/** One more reference and one less, to a frame that stays held. */
import { timesYardstick } from '../lib/goals.mjs';
import { mutex, standard, treiber } from './kit.mjs';

export const counting = [
  {
    name: 'frameslab slots, exclusive',
    goals: [timesYardstick(0.4)],
    make: () => counted(standard().slots, standard().slots.acquire()),
  },
  {
    name: 'frameslab slots, shared',
    goals: [timesYardstick(2.6)],
    make: () => counted(standard().slots, sharedHandle(standard().slots)),
  },
  {
    name: 'frameslab Frame, exclusive',
    make: () => object(standard().tryAcquire()),
  },
  {
    name: 'frameslab Frame, shared',
    make() {
      const pool = standard();
      return object(pool.adopt(sharedMessage(pool)));
    },
  },
  {
    name: 'Treiber stack, shared, unchecked',
    make() {
      const stack = treiber();
      const slot = stack.acquire();
      return (count) => {
        for (let k = 0; k < count; k++) {
          stack.retain(slot);
          stack.release(slot);
        }
      };
    },
  },
  {
    name: 'mutex-guarded pool, shared, unchecked',
    make() {
      const pool = mutex();
      const slot = pool.acquire();
      return (count) => {
        for (let k = 0; k < count; k++) {
          pool.retain(slot);
          pool.release(slot);
        }
      };
    },
  },
];

function counted(slots, handle) {
  return (count) => {
    for (let k = 0; k < count; k++) {
      slots.retain(handle);
      slots.release(handle);
    }
  };
}

function object(frame) {
  return (count) => {
    for (let k = 0; k < count; k++) frame.retain().release();
  };
}

/** Counted by the slot's word from now on. */
function sharedHandle(slots) {
  const handle = slots.acquire();
  slots.adopt(slots.share(handle));
  return handle;
}

function sharedMessage(pool) {
  const frame = pool.tryAcquire();
  shared.push(frame);
  return frame.share();
}

/** Held to the end: a frame object that nobody refers to is reported as a leak. */
const shared = [];
