/** The probes of `claims.mjs` that only Node can answer: its own modules. All of them take shared memory. */
import crypto from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer, get } from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { sharedClaims } from './claims.mjs';

/** Runs with a file of its own. */
async function withFile(action) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'frameslab-claims-'));
  try {
    return await action(join(folder, 'file'));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs with a server on loopback; closes it whatever happens. */
async function withServer(server, action) {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    return await action(server.address().port);
  } finally {
    server.closeAllConnections?.();
    server.close();
  }
}

async function collected(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const nodeOnly = [
  ['Buffer#toString', (u8) => Buffer.from(u8.buffer, u8.byteOffset, u8.byteLength).toString()],
  ['crypto.randomFillSync', (u8) => crypto.randomFillSync(u8).length],
  ['createHash().update', (u8) => crypto.createHash('sha256').update(u8).digest('hex')],
  [
    'fs.writeSync, fs.readSync',
    (u8) =>
      withFile((path) => {
        const file = fs.openSync(path, 'w+');
        fs.writeSync(file, u8);
        u8.fill(0);
        fs.readSync(file, u8, 0, u8.length, 0);
        fs.closeSync(file);
        return [...u8];
      }),
  ],
  [
    'fs.promises.writeFile, FileHandle#read',
    (u8) =>
      withFile(async (path) => {
        await fs.promises.writeFile(path, u8);
        const file = await fs.promises.open(path);
        await file.read(u8, 0, 8, 8);
        await file.close();
        return [...u8];
      }),
  ],
  [
    'fs.createWriteStream',
    (u8) =>
      withFile(async (path) => {
        const stream = fs.createWriteStream(path);
        stream.end(u8);
        await once(stream, 'close');
        return fs.readFileSync(path, 'utf8');
      }),
  ],
  [
    'net.Socket#write',
    (u8) => {
      const server = net.createServer({ allowHalfOpen: true }, (peer) => peer.pipe(peer));
      return withServer(server, (port) => collected(net.connect(port, '127.0.0.1').end(u8)));
    },
  ],
  [
    'net.connect, onread.buffer',
    (u8) => {
      const server = net.createServer((peer) => peer.end('from the network'));
      return withServer(server, async (port) => {
        const onread = { buffer: u8, callback: () => true };
        const socket = net.connect({ port, host: '127.0.0.1', onread });
        await once(socket, 'close');
        return [...u8];
      });
    },
  ],
  [
    'dgram.Socket#send',
    async (u8) => {
      const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
      await once(socket, 'listening');
      socket.send(u8, socket.address().port, '127.0.0.1');
      const [message] = await once(socket, 'message');
      socket.close();
      return message.toString();
    },
  ],
  [
    'http, response.end',
    (u8) => {
      const server = createServer((_, response) => response.end(u8));
      return withServer(server, async (port) => {
        const [response] = await once(get({ port, host: '127.0.0.1', agent: false }), 'response');
        return collected(response);
      });
    },
  ],
  ['zlib.deflateSync', (u8) => zlib.deflateSync(u8).toString('hex')],
  ['zlib.gzip', async (u8) => (await promisify(zlib.gzip)(u8)).toString('hex')],
];

const fetchBody = (u8) => {
  const server = createServer((request, response) => request.pipe(response));
  return withServer(server, async (port) => {
    const answer = await fetch(`http://127.0.0.1:${port}`, {
      method: 'POST',
      body: u8,
      headers: { connection: 'close' },
    });
    return answer.text();
  });
};

/** What is asked of Node: name, what Node 20 does, probe. */
export const nodeClaims = [
  ...sharedClaims,
  ['fetch, body', 'refuses', fetchBody],
  ...nodeOnly.map(([api, probe]) => [api, 'takes', probe]),
];
