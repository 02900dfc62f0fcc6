/** One sender, several receivers: every frame to all of them. */
import { FramePool } from 'frameslab';
import { nanoseconds } from '../lib/crew.mjs';

export const roles = {
  sender: ({ ref, sizeBytes, done, ports, window }) => {
    const pool = FramePool.attach(ref);
    const channel = pool.channel('all');
    const counters = new Int32Array(done);
    const payload = new Uint8Array(sizeBytes);
    return async ({ way, count }, passGate, members) => {
      counters.fill(0);
      passGate();
      const start = nanoseconds();
      if (way === 'broadcast') broadcast(pool, channel, sizeBytes, count);
      else await post(way === 'copy' ? payload : 1, ports, counters, window, count, members - 1);
      return (nanoseconds() - start) / count;
    };
  },

  receiver: ({ ref, done, port }, index) => {
    const pool = FramePool.attach(ref);
    const channel = pool.channel('all');
    const counters = new Int32Array(done);
    return ({ way, count }, passGate) => {
      if (way === 'broadcast') channel.subscribe();
      passGate();
      if (way !== 'broadcast') return takeMessages(port, counters, index, count);
      for (let k = 0; k < count; k++) channel.receiveSync().release();
      channel.unsubscribe();
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

async function post(payload, ports, counters, window, count, receivers) {
  const slowest = () => {
    let least = count;
    for (let k = 1; k <= receivers; k++) least = Math.min(least, Atomics.load(counters, k * 16));
    return least;
  };
  for (let k = 0; k < count; k++) {
    while (k - slowest() >= window) await new Promise((resolve) => setImmediate(resolve));
    for (let j = 0; j < receivers; j++) ports[j].postMessage(payload);
  }
}

function takeMessages(port, counters, index, count) {
  return new Promise((resolve) => {
    let k = 0;
    port.on('message', () => {
      k += 1;
      Atomics.store(counters, index * 16, k);
      if (k < count) return;
      port.removeAllListeners('message');
      resolve();
    });
  });
}
