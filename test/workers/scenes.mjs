/**
 * The scenes that workers of `crew.ts` play: each is a short life of one thread, said step by step.
 */
import { EventEmitter } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';

const { scene, control, ref, stop, given } = workerData;

/** Tells the test. */
function say(word, value) {
  parentPort.postMessage({ word, value });
}

let passed = 0;

/** Blocks until the test has said "go on" once more than before. */
function pause() {
  passed += 1;
  for (let seen = Atomics.load(control, 0); seen < passed; seen = Atomics.load(control, 0)) {
    Atomics.wait(control, 0, seen);
  }
}

/**
 * Stops this thread inside the library, before or after the first call of `Atomics[method]` on the
 * slab that matches: an index in [from, to), and where given the value written, or the outcome.
 */
function stopInside({ method, from, to, written, outcome, when }) {
  const original = Atomics[method];
  const arrive = () => {
    Atomics[method] = original;
    say('stopped');
    pause();
  };
  Atomics[method] = (array, index, ...values) => {
    const here = array.buffer === ref.buffer && index >= from && index < to;
    if (!here || (written !== undefined && values.at(-1) !== written)) {
      return original(array, index, ...values);
    }
    if (when === 'before') arrive();
    const result = original(array, index, ...values);
    if (when === 'after' && (outcome === undefined || result === outcome)) arrive();
    return result;
  };
}

function attach() {
  const pool = FramePool.attach(ref);
  say('attached', pool.seat);
  return pool;
}

/** Sleeps for ever, for whoever comes to kill. */
function restInPeace() {
  for (;;) Atomics.wait(control, 0, Atomics.load(control, 0));
}

const scenes = {
  /** Sits in its seat; leaves when told. */
  sit() {
    const pool = attach();
    pause();
    pool.close();
    say('closed');
  },

  /** Leaves the pool, and is stopped while it does. */
  close() {
    const pool = attach();
    stopInside(stop);
    pool.close();
    say('closed');
  },

  /** Acquires, and is stopped while it does. */
  acquire() {
    const pool = attach();
    stopInside(stop);
    say('acquired', pool.slots.acquire());
    restInPeace();
  },

  /** Acquires a frame, and is stopped while it gives it to somebody. */
  give() {
    const pool = attach();
    const handle = pool.slots.acquire();
    say('acquired', handle);
    if (given.shared) {
      say('shared', pool.slots.share(handle));
      pause();
    }
    stopInside(stop);
    if (given.by === 'send') pool.channel(given.channel).trySendHandle(handle);
    else say('message', pool.slots.transfer(handle, { to: given.to }));
    pool.close();
    say('closed');
  },

  /** Adopts a message and keeps it. */
  adopt() {
    const pool = attach();
    pool.slots.adopt(given.message);
    say('adopted');
    pause();
    pool.slots.release(given.message);
    pool.close();
    say('closed');
  },

  /** Receives or adopts, is stopped before it has the frame, and comes too late. */
  comeTooLate() {
    const pool = attach();
    stopInside(stop);
    let handle = 0;
    if (given.message === undefined) handle = pool.channel(given.channel).tryReceiveHandle();
    else {
      try {
        handle = pool.slots.adopt(given.message);
      } catch (fault) {
        say('refused', fault.code);
      }
    }
    say('received', handle);
    if (handle !== 0) pool.slots.release(handle);
    pool.close();
    say('closed');
  },

  /** Releases a frame, and is stopped while it hands it over. */
  handOver() {
    const pool = attach();
    const handles = new Int32Array(given.count);
    say('holds', pool.slots.acquireMany(handles));
    pause();
    stopInside(stop);
    pool.slots.release(handles[0]);
    Atomics.store(given.done, 0, 1);
    Atomics.notify(given.done, 0);
    pool.slots.releaseMany(handles.subarray(1));
    pool.close();
    say('closed');
  },

  /** Waits for a frame for ever. */
  acquireSync() {
    const pool = attach();
    say('waits');
    pool.acquireSync();
    say('acquired');
    restInPeace();
  },

  /** Watches a thread that it knows by its number alone, and hears of its end when told. */
  watchByNumber() {
    const pool = attach();
    const thread = Object.assign(new EventEmitter(), { threadId: given.threadId });
    pool.watch(thread);
    say('watches');
    pause();
    if (stop !== undefined) stopInside(stop);
    thread.emit('exit', 0);
    say('heard');
    pause();
    pool.close();
    say('closed');
  },

  /** Repairs, and is stopped while it does. */
  repair() {
    const pool = attach();
    stopInside(stop);
    say('repaired', pool.audit({ repair: true }).repaired);
    pause();
    pool.close();
    say('closed');
  },
};

await scenes[scene]();
