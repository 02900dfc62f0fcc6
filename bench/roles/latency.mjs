/**
 * Ping and pong: two threads that answer each other, in several ways. Each function takes the
 * number of round trips; the pinging side answers how long each one took, in nanoseconds.
 */
import { FramePool } from 'frameslab';
import { nanoseconds } from '../lib/clock.mjs';

const THERE = 0;
const BACK = 16;
const WAKE = 32;
/** Longer than any spinning before sleep: whoever waits so long is asleep. */
const PAUSE_NS = 150_000;
/** So many wake-ups may be on their way. */
const TIMES = 1024;

class Court {
  constructor({ ref, words, port }) {
    this.pool = FramePool.attach(ref);
    this.slots = this.pool.slots;
    this.there = this.pool.channel('there');
    this.back = this.pool.channel('back');
    this.words = new Int32Array(words);
    this.times = new Float64Array(words, 256);
    this.port = port;
    /** Wake-ups so far, on either side. */
    this.wakes = 0;
  }
}

export const roles = {
  ping: (setup) => side(setup, pings),
  pong: (setup) => side(setup, pongs),
};

function side(setup, ways) {
  const court = new Court(setup);
  const play = ways[setup.way];
  return async ({ count }, passGate) => {
    passGate();
    return play(court, count);
  };
}

/** Times `count` turns of a function. */
function timed(count, turn) {
  const times = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    const start = performance.now();
    turn(k);
    times[k] = (performance.now() - start) * 1e6;
  }
  return times;
}

const pings = {
  bareSpin({ words }, count) {
    const base = Atomics.load(words, BACK);
    return timed(count, (k) => {
      Atomics.store(words, THERE, (base + k + 1) | 0);
      while (Atomics.load(words, BACK) !== ((base + k + 1) | 0));
    });
  },

  spin({ slots, there, back }, count) {
    let handle = slots.acquire();
    const times = timed(count, () => {
      there.trySendHandle(handle);
      do handle = back.tryReceiveHandle();
      while (handle === 0);
    });
    slots.release(handle);
    return times;
  },

  bareSleep({ words }, count) {
    const base = Atomics.load(words, BACK);
    return timed(count, (k) => {
      Atomics.store(words, THERE, (base + k + 1) | 0);
      Atomics.notify(words, THERE);
      Atomics.wait(words, BACK, (base + k) | 0);
    });
  },

  sleep({ pool, there, back }, count) {
    let frame = pool.acquireSync();
    const times = timed(count, () => {
      there.sendSync(frame);
      frame = back.receiveSync();
    });
    frame.release();
    return times;
  },

  async promise({ pool, there, back }, count) {
    let frame = await pool.acquire();
    const times = new Float64Array(count);
    for (let k = 0; k < count; k++) {
      const start = performance.now();
      await there.send(frame);
      frame = await back.receive();
      times[k] = (performance.now() - start) * 1e6;
    }
    frame.release();
    return times;
  },

  async message({ port }, count) {
    const times = new Float64Array(count);
    let wake = () => undefined;
    port.on('message', () => wake());
    for (let k = 0; k < count; k++) {
      const start = performance.now();
      await new Promise((resolve) => {
        wake = resolve;
        port.postMessage(k);
      });
      times[k] = (performance.now() - start) * 1e6;
    }
    port.removeAllListeners('message');
    return times;
  },

  /** One way, from the call that wakes to the first thing that the woken thread does. */
  bareWake(court, count) {
    const { words, times } = court;
    for (let k = 0; k < count; k++) {
      pause();
      court.wakes += 1;
      times[court.wakes % TIMES] = nanoseconds();
      Atomics.store(words, WAKE, court.wakes);
      Atomics.notify(words, WAKE);
    }
    return new Float64Array(0);
  },

  wake({ pool, there }, count) {
    for (let k = 0; k < count; k++) {
      const frame = pool.acquireSync();
      pause();
      frame.timestamp = nanoseconds();
      there.sendSync(frame);
    }
    return new Float64Array(0);
  },
};

const pongs = {
  bareSpin({ words }, count) {
    const base = Atomics.load(words, BACK);
    for (let k = 1; k <= count; k++) {
      while (Atomics.load(words, THERE) !== ((base + k) | 0));
      Atomics.store(words, BACK, (base + k) | 0);
    }
  },

  spin({ there, back }, count) {
    for (let k = 0; k < count; k++) {
      let handle = 0;
      do handle = there.tryReceiveHandle();
      while (handle === 0);
      back.trySendHandle(handle);
    }
  },

  bareSleep({ words }, count) {
    const base = Atomics.load(words, BACK);
    for (let k = 1; k <= count; k++) {
      Atomics.wait(words, THERE, (base + k - 1) | 0);
      Atomics.store(words, BACK, (base + k) | 0);
      Atomics.notify(words, BACK);
    }
  },

  sleep({ there, back }, count) {
    for (let k = 0; k < count; k++) back.sendSync(there.receiveSync());
  },

  async promise({ there, back }, count) {
    for (let k = 0; k < count; k++) await back.send(await there.receive());
  },

  message({ port }, count) {
    return new Promise((resolve) => {
      let k = 0;
      port.on('message', (message) => {
        port.postMessage(message);
        k += 1;
        if (k < count) return;
        port.removeAllListeners('message');
        resolve();
      });
    });
  },

  bareWake(court, count) {
    const { words, times } = court;
    const latencies = new Float64Array(count);
    for (let k = 0; k < count; k++) {
      // Each wake-up has its own time: one that came while the last was still being slept off was
      // late as well.
      Atomics.wait(words, WAKE, court.wakes);
      court.wakes += 1;
      latencies[k] = nanoseconds() - times[court.wakes % TIMES];
    }
    return latencies;
  },

  wake({ there }, count) {
    const latencies = new Float64Array(count);
    for (let k = 0; k < count; k++) {
      const frame = there.receiveSync();
      latencies[k] = nanoseconds() - frame.timestamp;
      frame.release();
    }
    return latencies;
  },
};

function pause() {
  const end = nanoseconds() + PAUSE_NS;
  while (nanoseconds() < end);
}
