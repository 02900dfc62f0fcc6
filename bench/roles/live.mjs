/**
 * A live pipeline of two threads for some seconds: the producer fills frames when they are due (or
 * as fast as it can), the consumer looks at each as soon as it has it. For each way of handing over
 * there is one function on either side.
 *
 * The same work in all of them: a picture is copied into the frame (by `set`: V8's `fill` goes byte
 * by byte in shared memory), and the first four bytes hold its number; the consumer reads these and
 * one byte in `stride`, and a wrong one fails the run. Times are taken into arrays that exist
 * before, so that the measuring makes no garbage.
 */
import { FramePool } from 'frameslab';
import { nanoseconds } from '../lib/clock.mjs';
import { watchPauses } from '../lib/pauses.mjs';

/**
 * The consumer of integers looks so often whether a frame has come: there is no integer that waits.
 */
const NAP_MS = 0.2;
const TIMES_MAX = 1_000_000;
const END = -1;

/** Milliseconds on the clock that all threads share; makes no garbage. */
const offset = nanoseconds() / 1e6 - performance.now();
const now = () => performance.now() + offset;

const napping = new Int32Array(new SharedArrayBuffer(4));
const nap = () => Atomics.wait(napping, 0, 0, NAP_MS);
const turn = () => new Promise((resolve) => setImmediate(resolve));

export const roles = {
  producer: (setup) => async (_, passGate) => {
    const produce = producers[setup.way](setup);
    const pauses = watchPauses();
    passGate();
    const clock = new Float64Array(setup.clock);
    const start = now() + 20;
    clock[0] = start;
    const { frames, swollen } = await run(setup, start, produce);
    const ms = now() - start;
    return { frames, ms, swollen, pauses: await pauses.end(measuredFrom(setup, start)) };
  },

  consumer: (setup) => async (_, passGate) => {
    const { clock, intervalMs } = setup;
    const times = new Float64Array(TIMES_MAX);
    let count = 0;
    const seen = (bytes) => {
      check(bytes, count, setup.stride);
      // Paced: how long after it was due. Else: when; the gaps are made of it later.
      const due = intervalMs > 0 ? new Float64Array(clock)[0] + dueAfterStart(count, setup) : 0;
      times[count] = now() - due;
      count += 1;
    };
    const pauses = watchPauses();
    passGate();
    await consumers[setup.way](setup, seen);
    const since = measuredFrom(setup, new Float64Array(clock)[0]);
    return { times: times.slice(0, count), pauses: await pauses.end(since) };
  },
};

/** When frame k is due after the start: all streams are at the same time. */
const dueAfterStart = (k, { streams, intervalMs }) => Math.floor(k / streams) * intervalMs;

/** The first tenth warms up. */
const measuredFrom = ({ ms }, start) => start - offset + ms / 10;

/** Until the time is up, or the process has grown beyond what this machine can bear: `swollen`. */
async function run({ ms, intervalMs, streams, rssBytesMax }, start, produce) {
  let k = 0;
  let swollen = false;
  const turns = intervalMs > 0 ? Math.floor(ms / intervalMs) : Number.POSITIVE_INFINITY;
  for (let t = 0; t < turns && k < TIMES_MAX; t++) {
    swollen = t % 8 === 0 && process.memoryUsage.rss() > rssBytesMax;
    if (swollen) break;
    const wait = start + t * intervalMs - now();
    if (intervalMs > 0 && wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    else if (intervalMs === 0 && now() - start > ms) break;
    for (let stream = 0; stream < streams; stream++) {
      const waiting = produce.frame(k);
      if (waiting !== undefined) await waiting;
      k += 1;
    }
  }
  produce.end();
  return { frames: k, swollen };
}

/** Two pictures by turns, so that a frame that was not written anew is noticed. */
function artist(sizeBytes) {
  const pictures = [1, 2].map((shade) => new Uint8Array(sizeBytes).fill(shade));
  return (bytes, k) => {
    bytes.set(pictures[k & 1]);
    bytes[0] = k;
    bytes[1] = k >> 8;
    bytes[2] = k >> 16;
    bytes[3] = k >> 24;
  };
}

function check(bytes, k, stride) {
  const number = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24);
  const shade = 1 + (k & 1);
  let wrong = 0;
  for (let at = stride; at < bytes.length; at += stride) wrong += bytes[at] === shade ? 0 : 1;
  if (number !== k || wrong > 0) throw new Error(`frame ${k}: number ${number}, ${wrong} wrong`);
}

// ------------------------------------------------------------------------------------------------
// Producers: `frame(k)` makes and sends frame k, and answers a promise only if it has to wait.

const producers = {
  integers({ ref, sizeBytes }) {
    const paint = artist(sizeBytes);
    const pool = FramePool.attach(ref);
    const { slots } = pool;
    const channel = pool.channel('live');
    return {
      frame(k) {
        let handle = slots.acquire();
        for (; handle === 0; handle = slots.acquire()) nap();
        slots.setLength(handle, sizeBytes);
        paint(slots.storage(handle), k);
        while (!channel.trySendHandle(handle)) nap();
      },
      end: () => channel.close(),
    };
  },

  frames({ ref, sizeBytes }) {
    const paint = artist(sizeBytes);
    const pool = FramePool.attach(ref);
    const channel = pool.channel('live');
    return {
      frame(k) {
        const frame = pool.acquireSync(sizeBytes);
        paint(frame.storage, k);
        channel.sendSync(frame);
      },
      end: () => channel.close(),
    };
  },

  copy({ port, done, window, sizeBytes }) {
    const paint = artist(sizeBytes);
    const bytes = new Uint8Array(sizeBytes);
    return posting({ port, done, window }, (k) => {
      paint(bytes, k);
      port.postMessage(bytes);
    });
  },

  fresh({ port, done, window, sizeBytes }) {
    const paint = artist(sizeBytes);
    return posting({ port, done, window }, (k) => {
      const buffer = new SharedArrayBuffer(sizeBytes);
      paint(new Uint8Array(buffer), k);
      port.postMessage(buffer);
    });
  },

  /** The buffers come back through the same port, transferred as well. */
  transfer({ port, window, sizeBytes }) {
    const paint = artist(sizeBytes);
    const free = Array.from({ length: window }, () => new ArrayBuffer(sizeBytes));
    port.on('message', (buffer) => free.push(buffer));
    const send = (k) => {
      const buffer = free.pop();
      paint(new Uint8Array(buffer), k);
      port.postMessage(buffer, [buffer]);
    };
    const wait = async (k) => {
      while (free.length === 0) await turn();
      send(k);
    };
    return {
      frame: (k) => (free.length === 0 ? wait(k) : send(k)),
      end: () => port.postMessage(END),
    };
  },
};

/** Posts while fewer than `window` frames are under way. */
function posting({ port, done, window }, send) {
  const seen = new Int32Array(done);
  const full = (k) => k - Atomics.load(seen, 0) >= window;
  const wait = async (k) => {
    while (full(k)) await turn();
    send(k);
  };
  return { frame: (k) => (full(k) ? wait(k) : send(k)), end: () => port.postMessage(END) };
}

// ------------------------------------------------------------------------------------------------
// Consumers: `seen(bytes)` looks at the next frame.

const consumers = {
  integers({ ref }, seen) {
    const pool = FramePool.attach(ref);
    const { slots } = pool;
    const channel = pool.channel('live');
    for (;;) {
      const closed = channel.closed; // before looking: what was sent before the end is not missed
      const handle = channel.tryReceiveHandle();
      if (handle !== 0) {
        seen(slots.bytes(handle));
        slots.release(handle);
      } else if (closed) return;
      else nap();
    }
  },

  frames({ ref }, seen) {
    const channel = FramePool.attach(ref).channel('live');
    for (let frame = channel.receiveSync(); frame !== undefined; frame = channel.receiveSync()) {
      seen(frame.bytes);
      frame.release();
    }
  },

  copy: ({ port, done }, seen) => {
    const count = new Int32Array(done);
    return onMessages(port, (bytes) => {
      seen(bytes);
      Atomics.add(count, 0, 1);
    });
  },

  fresh: ({ port, done }, seen) => {
    const count = new Int32Array(done);
    return onMessages(port, (buffer) => {
      seen(new Uint8Array(buffer));
      Atomics.add(count, 0, 1);
    });
  },

  transfer: ({ port }, seen) =>
    onMessages(port, (buffer) => {
      seen(new Uint8Array(buffer));
      port.postMessage(buffer, [buffer]);
    }),
};

function onMessages(port, take) {
  return new Promise((resolve, reject) => {
    port.on('message', (message) => {
      if (message === END) return resolve();
      try {
        take(message);
      } catch (fault) {
        reject(fault);
      }
    });
  });
}
