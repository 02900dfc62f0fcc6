/**
 * One sender, several receivers: every frame to all of them. A frame carries its number; each
 * receiver adds the numbers up, and a wrong sum fails the run.
 */
import { FramePool } from 'frameslab';
import { nanoseconds } from '../lib/clock.mjs';

export const roles = {
  sender: ({ way, ref, sizeBytes, done, ports, window }) => {
    const pool = FramePool.attach(ref);
    const channel = pool.channel('all');
    const counters = new Int32Array(done);
    return async ({ count }, passGate, members) => {
      counters.fill(0);
      passGate();
      const start = nanoseconds();
      if (way === 'broadcast') broadcast(pool, channel, sizeBytes, count);
      else {
        const payload = way === 'copy' ? new Int32Array(sizeBytes / 4) : undefined;
        await post(payload, ports, counters, window, count, members - 1);
      }
      return (nanoseconds() - start) / count;
    };
  },

  receiver: ({ way, ref, done, port }, index) => {
    const pool = FramePool.attach(ref);
    const channel = pool.channel('all');
    const counters = new Int32Array(done);
    return async ({ count }, passGate) => {
      if (way === 'broadcast') channel.subscribe();
      passGate();
      const take = way === 'broadcast' ? takeFrames(channel, count) : undefined;
      const sum = take ?? (await takeMessages(port, counters, index, count));
      if (way === 'broadcast') channel.unsubscribe();
      const right = (count * (count - 1)) / 2;
      if (sum !== right) throw new Error(`${way}: receiver ${index} found ${sum}, not ${right}`);
    };
  },
};

function broadcast(pool, channel, sizeBytes, count) {
  for (let k = 0; k < count; k++) {
    const frame = pool.acquireSync();
    frame.length = sizeBytes;
    frame.sequence = k;
    channel.sendSync(frame);
  }
}

function takeFrames(channel, count) {
  let sum = 0;
  for (let k = 0; k < count; k++) {
    const frame = channel.receiveSync();
    sum += frame.sequence;
    frame.release();
  }
  return sum;
}

async function post(payload, ports, counters, window, count, receivers) {
  const slowest = () => {
    let least = count;
    for (let k = 1; k <= receivers; k++) least = Math.min(least, Atomics.load(counters, k * 16));
    return least;
  };
  for (let k = 0; k < count; k++) {
    while (k - slowest() >= window) await new Promise((resolve) => setImmediate(resolve));
    if (payload !== undefined) payload[0] = k;
    for (let j = 0; j < receivers; j++) ports[j].postMessage(payload ?? k);
  }
}

function takeMessages(port, counters, index, count) {
  return new Promise((resolve) => {
    let k = 0;
    let sum = 0;
    port.on('message', (message) => {
      sum += typeof message === 'number' ? message : message[0];
      k += 1;
      Atomics.store(counters, index * 16, k);
      if (k < count) return;
      port.removeAllListeners('message');
      resolve(sum);
    });
  });
}
