/** A Web Worker of the browser tests. Each message asks for a scene. */
import './surroundings.mjs';
import { ChannelClosedError, FramePool } from '../../dist/index.js';
import { fill, verify } from '../workers/threads/payload.mjs';

let pool;

function say(word, value) {
  postMessage({ word, value });
}

const scenes = {
  attach(ref) {
    pool = FramePool.attach(ref);
    return pool.seat;
  },

  idle() {},

  /** Attaches, and answers when its lock had time to be granted. */
  async settle(ref) {
    pool = FramePool.attach(ref);
    pool.tryAcquire();
    await navigator.locks.query();
    await new Promise((resolve) => setTimeout(resolve, 20));
  },

  /** How promises wait in this thread. */
  waiting: () => pool.stats().asyncWaiting,

  /** Takes one frame as a promise, and gives it back. */
  async take() {
    const frame = await pool.acquire(8, { timeoutMs: 10_000 });
    frame.release();
  },

  close() {
    pool.close();
  },

  /** Blocks for each job, marks it as its own, and sends it on, until there are no more. */
  relay(mark) {
    const jobs = pool.channel('jobs');
    const results = pool.channel('results');
    say('ready');
    let count = 0;
    for (;;) {
      const frame = jobs.receiveSync(20_000);
      if (frame === undefined) return count;
      verify(frame);
      fill(frame, mark, frame.sequence);
      results.sendSync(frame, 20_000);
      count += 1;
    }
  },

  /** Takes over messages, and holds them for a while. */
  hold(messages, ms) {
    const frames = messages.map((message) => pool.adopt(message));
    say('holding');
    return new Promise((resolve) => {
      setTimeout(() => {
        for (const frame of frames) frame.release();
        resolve(frames.length);
      }, ms);
    });
  },

  /** Works until the channel is closed: a frame at a time, with turns of the event loop between. */
  async stream() {
    const work = pool.channel('work');
    for (let sequence = 0; ; sequence++) {
      const frame = await pool.acquire();
      fill(frame, pool.seat, sequence);
      try {
        await work.send(frame);
      } catch (fault) {
        frame.release();
        if (fault instanceof ChannelClosedError) return sequence;
        throw fault;
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  },

  /** Blocks for one frame, however long that takes; answers its sequence. */
  sleep() {
    say('asleep');
    const frame = pool.channel('wake').receiveSync();
    const { sequence } = frame;
    frame.release();
    return sequence;
  },

  /** Takes hold of all that a thread can have, and then does what it will die of. */
  perish(ref, messages, ending) {
    pool = FramePool.attach(ref);
    pool.channel('news').subscribe();
    for (const message of messages) pool.adopt(message);
    const own = [0, 1, 2, 3, 4, 5].map(() => pool.tryAcquire(8));
    own[0].retain();
    const messageOnItsWay = own[1].transfer({ to: 0 });
    for (const frame of own.slice(4)) frame.release(); // into its cache
    say('ready', { seat: pool.seat, messageOnItsWay });
    if (ending === 'asleep') pool.channel('never').receiveSync();
    for (;;) {
      const frame = pool.tryAcquire(8);
      frame?.retain();
      frame?.release();
      frame?.release();
    }
  },
};

addEventListener('message', async ({ data: { scene, given } }) => {
  try {
    say('done', await scenes[scene](...given));
  } catch (fault) {
    // Out of the promise, so that the page hears of it as an error of this worker.
    setTimeout(() => {
      throw fault;
    });
  }
});
