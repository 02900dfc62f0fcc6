/** What the connection reads arrives whole, however TCP cuts it, and in the place that was named. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Broker, freePort } from '../../docs/examples/nats/broker.mjs';
import { NatsConnection } from '../../docs/examples/nats/connection.mjs';

/** The connection's own limit of what is copied per message: what is read along with a header. */
const CHUNK_BYTES = 1024;

/** A sequence that is the same in every run of one seed. */
function randomOf(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Serves `stream` in pieces of random sizes to the first who subscribes to something. */
async function cuttingServer(stream, pieceOf) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    socket.write('INFO {}\r\n');
    let begun = false;
    socket.on('data', async (bytes) => {
      if (begun || !bytes.includes('SUB cut')) return;
      begun = true;
      for (let at = 0; at < stream.length; ) {
        const piece = stream.subarray(at, at + pieceOf());
        await new Promise((resolve) => socket.write(piece, resolve));
        at += piece.length;
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function cutAnywhere(seed) {
  const random = randomOf(seed);
  const payloads = Array.from({ length: 60 }, (_, k) =>
    Buffer.from(Array.from({ length: k % 7 === 0 ? 0 : random(5000) }, () => random(256))),
  );
  const messages = payloads.map((payload, k) => {
    if (k % 3 === 0) return [`MSG cut 2 ${payload.length}\r\n`, payload, '\r\n'];
    const head = `NATS/1.0\r\nSequence: ${k}\r\n\r\n`;
    return [
      `HMSG cut 2 re.ply ${head.length} ${head.length + payload.length}\r\n${head}`,
      payload,
      '\r\n',
    ];
  });
  const stream = Buffer.concat(messages.flat().map((part) => Buffer.from(part)));
  const server = await cuttingServer(stream, () => 1 + random(random(2) === 0 ? 7 : 3000));
  const connection = await NatsConnection.open(server.address().port, 'cut');
  const memory = new SharedArrayBuffer(8192);
  let placed = 0;
  const got = await new Promise((resolve) => {
    const arrived = [];
    connection.subscribe('cut', {
      place: ({ payloadBytes }) => {
        placed += 1;
        return new Uint8Array(memory, 0, payloadBytes);
      },
      arrived: (message, place) => {
        arrived.push({ message, payload: Buffer.from(place) });
        if (arrived.length === payloads.length) resolve(arrived);
      },
    });
    connection.closed.then(() => resolve(arrived));
  });
  connection.close();
  server.close();
  if (got.length !== payloads.length) return `${got.length} of ${payloads.length} messages came`;
  for (const [k, { message, payload }] of got.entries()) {
    const headers = k % 3 === 0 ? undefined : `${k}`;
    if (!payload.equals(payloads[k])) return `payload ${k} is not what was sent`;
    if (message.headers.get('Sequence') !== headers) return `message ${k} has other headers`;
  }
  const { bytesCopied, bytesInPlace } = connection;
  const sum = payloads.reduce((bytes, { length }) => bytes + length, 0);
  if (bytesCopied + bytesInPlace !== sum) return 'the counters miss some bytes';
  return bytesCopied <= placed * CHUNK_BYTES || `${bytesCopied} bytes were copied`;
}

/** Our messages as the official client reads them, and its messages as we do. */
async function interoperates(client, file, folder) {
  const broker = new Broker(file, folder, await freePort());
  await broker.start();
  const official = await client.connect({ servers: `127.0.0.1:${broker.port}` });
  const ours = await NatsConnection.open(broker.port, 'interop');
  try {
    const subscription = official.subscribe('to.official', { max: 1 });
    await official.flush();
    const sent = Buffer.from(new SharedArrayBuffer(3000)).fill('frame');
    ours.publish('to.official', sent, { reply: 'back', headers: { Sequence: 7 } });
    const [message] = (await Array.fromAsync?.(subscription)) ?? [await first(subscription)];
    if (!sent.equals(message.data)) return 'the official client read another payload';
    if (message.headers.get('Sequence') !== '7' || message.reply !== 'back') return 'other headers';

    const answer = new Promise((resolve) => {
      ours.subscribe('to.us', { arrived: (m, payload) => resolve({ m, payload }) });
    });
    await roundTrip(ours);
    const headers = client.headers();
    headers.set('Sequence', '8');
    official.publish('to.us', sent, { reply: 'back', headers });
    const { m, payload } = await answer;
    if (!sent.equals(payload)) return 'we read another payload';
    return (m.headers.get('Sequence') === '8' && m.reply === 'back') || 'we read other headers';
  } finally {
    await official.close();
    ours.close();
    await broker.kill();
  }
}

async function first(subscription) {
  for await (const message of subscription) return message;
}

/** When this has come back, the server knows of every subscription made before. */
async function roundTrip(connection) {
  await connection.request('$JS.API.INFO');
}

/** The laws of this file. */
export const lawsOn = (client, file, folder, seed) => [
  ...Array.from({ length: 5 }, (_, k) => [
    `messages arrive whole, however TCP cuts them (seed ${seed + k})`,
    () => cutAnywhere(seed + k),
  ]),
  ['the official client and ours understand each other', () => interoperates(client, file, folder)],
];
