/**
 * Producer and consumer of the hand-over suite: two threads, and for each way of handing over one
 * function on either side. Every frame carries its length and its number in its first word; the
 * consumer adds the numbers up, and a wrong sum fails the run.
 */
import { FramePool } from 'frameslab';
import { RingBuffer } from 'ringbuf.js';
import { nanoseconds } from '../lib/clock.mjs';

const BATCH = 32;

/** A line for one frame size, as one side sees it: what its way does not need stays undefined. */
class Line {
  constructor({ ref, sizeBytes, indices, bytes, memory, done, port, window }) {
    const pool = ref === undefined ? undefined : FramePool.attach(ref);
    this.pool = pool;
    this.slots = pool?.slots;
    this.channel = pool?.channel('line');
    this.words = pool === undefined ? undefined : new Int32Array(pool.buffer);
    this.sizeBytes = sizeBytes;
    this.full = indices === undefined ? undefined : new RingBuffer(indices.full, Uint32Array);
    this.empty = indices === undefined ? undefined : new RingBuffer(indices.empty, Uint32Array);
    this.bytes = bytes === undefined ? undefined : new RingBuffer(bytes, Uint8Array);
    this.memory = memory === undefined ? undefined : new Int32Array(memory);
    this.done = new Int32Array(done);
    this.port = port;
    this.window = window;
    this.batch = new Int32Array(BATCH);
    this.cell = new Uint32Array(1);
    /** What a round needs and leaves behind for the next: allocating it is not part of the work. */
    this.frame = undefined;
    this.free = undefined;
  }

  /** A private frame, and its first word. */
  ownFrame() {
    this.frame ??= new Uint8Array(this.sizeBytes);
    return { frame: this.frame, number: new Int32Array(this.frame.buffer, 0, 1) };
  }
}

export const roles = {
  producer: (setup) => side(setup, producers),
  consumer: (setup) => side(setup, consumers),
};

function side({ way, lines: setup }, ways) {
  const lines = setup.map((line) => new Line(line));
  const work = ways[way];
  return async ({ line, count }, passGate) => {
    Atomics.store(lines[line].done, 0, 0); // both sides, before either passes the gate
    passGate();
    const begin = nanoseconds();
    const sum = await work(lines[line], count);
    return { ns: (nanoseconds() - begin) / count, sum };
  };
}

/** What the consumer must find. */
export function sumUpTo(count) {
  return (count * (count - 1)) / 2;
}

// ------------------------------------------------------------------------------------------------
// Producers

const producers = {
  handles({ slots, channel, words, sizeBytes }, count) {
    for (let k = 0; k < count; k++) {
      let handle = slots.acquire();
      while (handle === 0) handle = slots.acquire();
      slots.setLength(handle, sizeBytes);
      words[slots.byteOffset(handle) / 4] = k;
      while (!channel.trySendHandle(handle));
    }
  },

  frames({ pool, channel, sizeBytes }, count) {
    for (let k = 0; k < count; k++) {
      let frame = pool.tryAcquire();
      while (frame === undefined) frame = pool.tryAcquire();
      frame.length = sizeBytes;
      frame.sequence = k;
      while (!channel.trySend(frame));
    }
  },

  batches({ slots, channel, words, sizeBytes, batch }, count) {
    for (let k = 0; k < count; k += BATCH) {
      while (!slots.acquireMany(batch));
      for (let j = 0; j < BATCH; j++) {
        slots.setLength(batch[j], sizeBytes);
        words[slots.byteOffset(batch[j]) / 4] = k + j;
      }
      for (let left = BATCH; left > 0; ) {
        const sent = channel.trySendMany(batch, left);
        batch.copyWithin(0, sent, left);
        left -= sent;
      }
    }
  },

  ringbuf({ full, empty, memory, sizeBytes, cell }, count) {
    const frameInts = sizeBytes >> 2;
    for (let k = 0; k < count; k++) {
      while (empty.pop(cell) === 0);
      memory[cell[0] * frameInts] = k;
      while (full.push(cell) === 0);
    }
  },

  ringbufCopy(line, count) {
    const { bytes, sizeBytes } = line;
    const { frame, number } = line.ownFrame();
    for (let k = 0; k < count; k++) {
      number[0] = k;
      while (bytes.available_write() < sizeBytes);
      bytes.push(frame);
    }
  },

  async index({ port, memory, sizeBytes, done, window }, count) {
    const frameInts = sizeBytes >> 2;
    for (let k = 0; k < count; k++) {
      while (k - Atomics.load(done, 0) >= window) await turn();
      const slot = k % window;
      memory[slot * frameInts] = k;
      port.postMessage(slot);
    }
  },

  async copy(line, count) {
    const { port, done, window } = line;
    const { frame, number } = line.ownFrame();
    for (let k = 0; k < count; k++) {
      while (k - Atomics.load(done, 0) >= window) await turn();
      number[0] = k;
      port.postMessage(frame);
    }
  },

  /** Nothing comes back: the collector takes what both sides have let go. */
  async fresh({ port, sizeBytes, done, window }, count) {
    for (let k = 0; k < count; k++) {
      while (k - Atomics.load(done, 0) >= window) await turn();
      const buffer = new SharedArrayBuffer(sizeBytes);
      new Int32Array(buffer, 0, 1)[0] = k;
      port.postMessage(buffer);
    }
  },

  /** The buffers come back through the same port, transferred as well. */
  async transfer(line, count) {
    const { port, sizeBytes, window } = line;
    line.free ??= Array.from({ length: window }, () => new ArrayBuffer(sizeBytes));
    const { free } = line;
    let home = 0;
    let wake = () => undefined;
    port.on('message', (buffer) => {
      free.push(buffer);
      home += 1;
      wake();
    });
    for (let k = 0; k < count; k++) {
      while (free.length === 0) {
        await new Promise((resolve) => {
          wake = resolve;
        });
      }
      const buffer = free.pop();
      new Int32Array(buffer, 0, 1)[0] = k;
      port.postMessage(buffer, [buffer]);
    }
    while (home < count) {
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
    port.removeAllListeners('message');
  },
};

// ------------------------------------------------------------------------------------------------
// Consumers

const consumers = {
  handles({ slots, channel, words }, count) {
    let sum = 0;
    for (let k = 0; k < count; k++) {
      let handle = channel.tryReceiveHandle();
      while (handle === 0) handle = channel.tryReceiveHandle();
      sum += words[slots.byteOffset(handle) / 4];
      slots.release(handle);
    }
    return sum;
  },

  frames({ channel }, count) {
    let sum = 0;
    for (let k = 0; k < count; k++) {
      let frame = channel.tryReceive();
      while (frame === undefined) frame = channel.tryReceive();
      sum += frame.sequence;
      frame.release();
    }
    return sum;
  },

  batches({ slots, channel, words, batch }, count) {
    let sum = 0;
    for (let k = 0; k < count; ) {
      const got = channel.tryReceiveMany(batch);
      for (let j = 0; j < got; j++) sum += words[slots.byteOffset(batch[j]) / 4];
      slots.releaseMany(batch, got);
      k += got;
    }
    return sum;
  },

  ringbuf({ full, empty, memory, sizeBytes, cell }, count) {
    const frameInts = sizeBytes >> 2;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      while (full.pop(cell) === 0);
      sum += memory[cell[0] * frameInts];
      empty.push(cell);
    }
    return sum;
  },

  ringbufCopy(line, count) {
    const { bytes, sizeBytes } = line;
    const { frame, number } = line.ownFrame();
    let sum = 0;
    for (let k = 0; k < count; k++) {
      while (bytes.available_read() < sizeBytes);
      bytes.pop(frame);
      sum += number[0];
    }
    return sum;
  },

  index({ port, memory, sizeBytes, done }, count) {
    const frameInts = sizeBytes >> 2;
    let sum = 0;
    return onMessages(port, count, (slot, k) => {
      sum += memory[slot * frameInts];
      Atomics.store(done, 0, k + 1);
      return sum;
    });
  },

  copy({ port, done }, count) {
    let sum = 0;
    return onMessages(port, count, (frame, k) => {
      sum += new Int32Array(frame.buffer, 0, 1)[0];
      Atomics.store(done, 0, k + 1);
      return sum;
    });
  },

  fresh({ port, done }, count) {
    let sum = 0;
    return onMessages(port, count, (buffer, k) => {
      sum += new Int32Array(buffer, 0, 1)[0];
      Atomics.store(done, 0, k + 1);
      return sum;
    });
  },

  transfer({ port }, count) {
    let sum = 0;
    return onMessages(port, count, (buffer) => {
      sum += new Int32Array(buffer, 0, 1)[0];
      port.postMessage(buffer, [buffer]);
      return sum;
    });
  },
};

function onMessages(port, count, take) {
  return new Promise((resolve) => {
    let k = 0;
    port.on('message', (message) => {
      const sum = take(message, k);
      k += 1;
      if (k < count) return;
      port.removeAllListeners('message');
      resolve(sum);
    });
  });
}

function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}
