/**
 * Who copies a payload on the way to the socket, and when: our connection, and the official client.
 *
 * The server here is a socket that reads nothing until it is told to. So a payload larger than what
 * the kernel buffers waits in user space, and what the server gets in the end tells where it
 * waited: in the slab, whose bytes were changed meanwhile, or in a copy.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FramePool } from 'frameslab';
import { NatsConnection } from '../../docs/examples/nats/connection.mjs';

/** More than the kernel buffers on loopback; and what the official client gathers before it sends. */
const LARGE_BYTES = 32 * 1024 * 1024;
const SMALL_BYTES = 16 * 1024;
const OLD = 1;
const NEW = 2;

/** A server that greets, and then reads only when `drain` is called; it counts what comes. */
async function deafServer(payloadBytes) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const seen = { [OLD]: 0, [NEW]: 0 };
  const count = (bytes) => {
    for (const byte of bytes) if (byte === OLD || byte === NEW) seen[byte] += 1;
  };
  let socket;
  server.on('connection', (accepted) => {
    socket = accepted;
    const info = {
      server_id: 'x',
      version: '2.9.10',
      proto: 1,
      headers: true,
      max_payload: 2 ** 26,
    };
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      socket.pause();
      count(bytes);
      socket.write('PONG\r\n');
    });
  });
  const drain = () =>
    new Promise((resolve) => {
      socket.on('data', (bytes) => {
        count(bytes);
        if (seen[OLD] + seen[NEW] >= payloadBytes) resolve(seen);
      });
      socket.resume();
    });
  const close = () => {
    socket?.destroy();
    server.close();
  };
  return { port, drain, close };
}

/** Publishes a frame, changes its bytes at once or in a moment, and then lets the server read. */
async function changedOnTheWay(connect, payloadBytes, atOnce) {
  const pool = FramePool.create({ frameSizeBytes: payloadBytes, frames: 1, threadsMax: 1 });
  const frame = pool.tryAcquire(payloadBytes);
  frame.storage.fill(OLD);
  const server = await deafServer(payloadBytes);
  try {
    const { publish, stop } = await connect(server.port);
    publish(frame.bytes);
    if (!atOnce) await sleep(200);
    frame.storage.fill(NEW);
    const seen = await server.drain();
    await stop();
    return seen;
  } finally {
    server.close();
    frame.release();
    pool.close();
  }
}

const ours = async (port) => {
  const connection = await NatsConnection.open(port, 'copies');
  return {
    publish: (bytes) => connection.publish('frames', bytes),
    stop: () => connection.close(),
  };
};

const official = (client) => async (port) => {
  const connection = await client.connect({ servers: `127.0.0.1:${port}`, reconnect: false });
  connection.closed().catch(() => undefined);
  return {
    publish: (bytes) => connection.publish('frames', bytes),
    // The server answers nothing any more: an orderly end would wait for it.
    stop: () => Promise.race([connection.close().catch(() => undefined), sleep(200)]),
  };
};

/** The laws of this file. @param client the official client's module. */
export const lawsOn = (client) => [
  [
    'what the kernel has not taken yet is read from the slab: no copy was made of it',
    async () => {
      const seen = await changedOnTheWay(ours, LARGE_BYTES, false);
      return seen[NEW] > LARGE_BYTES / 4 || `only ${seen[NEW]} bytes were read late`;
    },
  ],
  [
    'the official client copies: what it sends later is not what the slab has by then',
    async () => {
      const seen = await changedOnTheWay(official(client), LARGE_BYTES, false);
      return seen[OLD] === LARGE_BYTES || `${seen[NEW]} bytes were read from the slab`;
    },
  ],
  [
    'and of small ones after publish() has returned: a frame released at once is sent with other bytes',
    async () => {
      const seen = await changedOnTheWay(official(client), SMALL_BYTES, true);
      return seen[NEW] === SMALL_BYTES || `${seen[OLD]} bytes were copied in time`;
    },
  ],
];
