/**
 * The scenes that workers of `actors.ts` play: each is a short life of one thread, said step by step.
 */
import { EventEmitter } from 'node:events';
import process from 'node:process';
import { parentPort, Worker, workerData } from 'node:worker_threads';
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

/** A frame with one byte in it. */
function frameOf(pool, byte) {
  return pool.tryAcquire().write(Uint8Array.of(byte));
}

const scenes = {
  /** Holds two frames, has sent a third and put a fourth in flight, and comes to its end. */
  hold() {
    const pool = attach();
    const mine = [frameOf(pool, 1).retain(), frameOf(pool, 2)];
    pool.channel('work').trySend(frameOf(pool, 3));
    if (given.end.startsWith('send')) pool.channel('full').trySend(frameOf(pool, 5));
    say('message', frameOf(pool, 4).transfer());
    say('holds', mine.length);
    pause();
    say('ends');
    return ends[given.end](pool);
  },

  /** Holds a frame that a function with a name has acquired. */
  holdFromAFunction() {
    const pool = attach();
    // Not a plain return: a tail call leaves no trace in Bun's engine.
    function acquireForTheCamera() {
      const frame = pool.tryAcquire();
      frame.tag = 1;
      return frame;
    }
    say('holds', acquireForTheCamera().retain().handle);
    restInPeace();
  },

  /** Holds one frame in each of several pools. */
  holdInMany() {
    const seats = given.refs.map((one) => {
      const pool = FramePool.attach(one);
      frameOf(pool, 1);
      return pool.seat;
    });
    say('holds', seats);
    restInPeace();
  },

  /** Attaches and is gone. */
  attachAndExit() {
    attach();
    process.exit(0);
  },

  /** Starts a thread of its own, watches it, and ends it. */
  async watchOwnChild() {
    const pool = attach();
    const child = new Worker(new URL(import.meta.url), {
      workerData: { ...workerData, scene: 'hold', given: { end: 'sit' } },
    });
    pool.watch(child);
    const held = await new Promise((resolve) => {
      child.on('message', ({ word, value }) => word === 'holds' && resolve(value));
    });
    say('child holds', held);
    await child.terminate();
    say('after', pool.stats().threads.length);
    pool.close();
    say('closed');
  },

  /** Has something of everything that a reclaim gives back, and rests. */
  haveEverything() {
    const pool = attach();
    pool.channel('news').subscribe();
    const [first] = [frameOf(pool, 1), frameOf(pool, 2)];
    first.retain();
    frameOf(pool, 3).release(); // it stays in the cache
    pool.adopt(given.message).retain();
    say('ready');
    restInPeace();
  },

  /** Reclaims a seat at the moment when another thread does. */
  reclaimTogether() {
    const pool = attach();
    pause();
    if (stop !== undefined) stopInside(stop);
    say('report', pool.reclaim(given.seat, { ended: true }));
    pause();
    pool.close();
    say('closed');
  },

  /** Adopts what it is told to. */
  adoptLater() {
    const pool = attach();
    pause();
    try {
      pool.slots.adopt(given.message ?? Atomics.load(given.messages, 0));
      say('adopted', true);
    } catch (fault) {
      say('adopted', fault.code);
    }
    restInPeace();
  },

  /** Publishes frames on every channel, and rests. */
  publish() {
    const pool = attach();
    for (const name of ['work', 'news']) {
      for (let k = 1; k <= 3; k++) pool.channel(name).trySend(frameOf(pool, k));
    }
    say('published');
    restInPeace();
  },

  /** Subscribes, and never receives. */
  subscribe() {
    const pool = attach();
    pool.channel('news').subscribe();
    say('subscribed');
    restInPeace();
  },

  /** Sends until it has to wait. */
  sendNews() {
    const pool = attach();
    const news = pool.channel('news');
    while (news.trySend(frameOf(pool, 7)));
    say('full');
    news.sendSync(pool.adopt(given.message));
    say('sent');
    pause();
    for (const row of pool.stats().threads) if (row.seat === pool.seat) say('holding', row.held);
    restInPeace();
  },

  /** Waits for a frame, releases it, and leaves. */
  waitAndLeave() {
    const pool = attach();
    pool.acquireSync().release();
    say('acquired');
    pool.close();
    say('closed');
  },

  /** Works and comes and goes until it is told to stop. */
  churn() {
    for (let round = 0; Atomics.load(given.stop, 0) === 0; round++) {
      const pool = FramePool.attach(ref);
      const work = pool.channel('work');
      for (let k = 0; k < 50; k++) {
        const frame = pool.tryAcquire();
        if (frame !== undefined) {
          frame.write(Uint8Array.of(k));
          const message = frame.share();
          pool.adopt(message).release();
          if (!work.trySend(frame)) frame.release();
        }
        work.tryReceive()?.release();
      }
      pool.close();
      if (round === 0) say('works');
    }
    say('stopped');
  },

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

/** How a thread ends, or what it is in when it is ended. */
const ends = {
  sit: () => restInPeace(),
  exit: () => process.exit(3),
  throw() {
    throw new Error('uncaught, on purpose');
  },
  memory() {
    const hoard = [];
    for (;;) hoard.push(new Array(10_000).fill(hoard.length));
  },
  acquireSync: (pool) => pool.acquireSync(),
  receiveSync: (pool) => pool.channel('empty').receiveSync(),
  sendSync: (pool) => pool.channel('full').sendSync(pool.adopt(given.message)),
  acquire: (pool) => pool.acquire(),
  receive: (pool) => pool.channel('empty').receive(),
  send: (pool) => pool.channel('full').send(pool.adopt(given.message)),
};

// No top-level `await`: V8 aborts the process if a thread is terminated in such a module.
playScene();

async function playScene() {
  await scenes[scene]();
}
