/**
 * The process on the other side: it reads messages into frames of its own slab and hands them to
 * its threads; what they have finished it acknowledges, and only then it leaves the stream.
 *
 * Invariants
 * 1. It never asks for more messages than it has frames for: `asked + held <= frames`. So a message
 *    always finds a free frame, and a slow thread slows the reader, the stream and the publisher.
 * 2. After a lost connection the consumer is made anew: delivery begins with the oldest message
 *    that is not acknowledged, in order. What was handed on before is recognised by its number.
 * 3. A number is missing, or comes too early: this process ends with an error. Nothing hides a gap.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { NatsConnection } from './connection.mjs';

const CONNECT_TRIES = 400;
const CONNECT_STEP_MS = 50;
const SETTLE_TRIES = 200;
const THREADS = 2;
const NANOSECONDS_PER_SECOND = 1e9;

/** Reads one stream, in order, and acknowledges what has been worked on. */
class Reader {
  counts = { received: 0, repeated: 0, acknowledged: 0, connections: 0, inPlace: 0, copied: 0 };
  /** The highest number that was handed on. */
  last = 0;
  paused = false;

  #pool;
  #forward;
  #stream;
  #connection;
  #inbox;
  #asked = 0;
  #pulls = new Map(); // pull -> how many of its messages are still to come
  #lastPull = 0;
  #held = new Map(); // number -> where to acknowledge it; '' if that connection is gone
  #arriving;

  /** @param forward takes a frame that is filled. */
  constructor(pool, stream, forward) {
    this.#pool = pool;
    this.#stream = stream;
    this.#forward = forward;
  }

  async stayConnected(port, signal) {
    for (let tries = 0; !signal.aborted; tries++) {
      if (tries > CONNECT_TRIES) throw new Error(`no broker on port ${port}`);
      const connection = await NatsConnection.open(port, 'reader').catch(() => undefined);
      if (connection !== undefined && (await this.#begin(connection))) {
        tries = 0;
        const stop = () => connection.close();
        signal.addEventListener('abort', stop, { once: true });
        await connection.closed;
        signal.removeEventListener('abort', stop);
        this.#lost(connection);
      }
      connection?.close();
      await sleep(CONNECT_STEP_MS);
    }
  }

  /** A thread has finished this frame. */
  finished(frame) {
    const { sequence } = frame;
    frame.release();
    const acknowledgement = this.#held.get(sequence);
    this.#held.delete(sequence);
    // On a new connection it is delivered again, recognised and acknowledged then.
    if (acknowledgement !== '') this.#acknowledge(acknowledgement);
    this.ask();
  }

  /** Resolves when the stream knows that nothing is left to be acknowledged. */
  async settled() {
    for (let tries = 0; tries < SETTLE_TRIES; tries++) {
      const subject = `$JS.API.CONSUMER.INFO.${this.#stream}.reader`;
      const info = await this.#connection?.request(subject).catch(() => undefined);
      if (info?.num_pending === 0 && info.num_ack_pending === 0) return;
      await sleep(CONNECT_STEP_MS);
    }
    throw new Error('the stream still waits for acknowledgements');
  }

  /** Asks for as many messages as there are frames for, but not for one at a time. */
  ask() {
    if (this.#connection === undefined || this.paused) return;
    const { frames } = this.#pool;
    const room = frames - this.#asked - this.#held.size;
    if (room < Math.max(1, frames >> 2)) return;
    const pull = `${++this.#lastPull}`;
    this.#pulls.set(pull, room);
    this.#asked += room;
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.#stream}.reader`;
    const body = Buffer.from(JSON.stringify({ batch: room }));
    this.#connection.publish(subject, body, { reply: `${this.#inbox}.${pull}` });
  }

  async #begin(connection) {
    const api = '$JS.API.CONSUMER';
    const config = {
      durable_name: 'reader',
      deliver_policy: 'all',
      ack_policy: 'explicit',
      ack_wait: 60 * NANOSECONDS_PER_SECOND, // a thread that dies ends this process, not a message
      max_ack_pending: this.#pool.frames,
    };
    try {
      await connection.request(`${api}.DELETE.${this.#stream}.reader`);
      const made = await connection.request(`${api}.DURABLE.CREATE.${this.#stream}.reader`, {
        stream_name: this.#stream,
        config,
      });
      if (made.error !== undefined) throw new Error(made.error.description);
    } catch {
      return false; // the stream is not there yet: tried again
    }
    this.counts.connections += 1;
    this.#connection = connection;
    this.#inbox = `_INBOX.reader.${this.counts.connections}`;
    connection.subscribe(`${this.#inbox}.*`, {
      place: (message) => this.#place(message),
      arrived: (message) => this.#arrived(message),
    });
    this.ask();
    return true;
  }

  /** The connection has ended: half a frame is none, and old acknowledgements lead nowhere. */
  #lost(connection) {
    this.counts.inPlace += connection.bytesInPlace;
    this.counts.copied += connection.bytesCopied;
    this.#connection = undefined;
    this.#arriving?.release();
    this.#arriving = undefined;
    this.#asked = 0;
    this.#pulls.clear();
    for (const number of this.#held.keys()) this.#held.set(number, '');
  }

  /** Where a message's payload shall go: a frame, unless it came before. */
  #place(message) {
    if (message.status !== 0 || Number(message.headers.get('Sequence')) <= this.last) {
      return undefined;
    }
    this.#arriving = this.#pool.tryAcquire(message.payloadBytes);
    if (this.#arriving === undefined) throw new Error('a message without a frame: invariant 1');
    return this.#arriving.storage.subarray(0, message.payloadBytes);
  }

  #arrived(message) {
    const pull = message.subject.slice(message.subject.lastIndexOf('.') + 1);
    const left = this.#pulls.get(pull) ?? 0;
    if (message.status !== 0) {
      // The server gives the rest of this pull up.
      this.#asked -= left;
      this.#pulls.delete(pull);
      this.ask();
      return;
    }
    this.#asked -= 1;
    if (left > 1) this.#pulls.set(pull, left - 1);
    else this.#pulls.delete(pull);
    const sequence = Number(message.headers.get('Sequence'));
    if (this.#arriving !== undefined) this.#handOn(sequence, message);
    else this.#again(sequence, message.reply);
  }

  #handOn(sequence, { headers, reply }) {
    const frame = this.#arriving;
    this.#arriving = undefined;
    if (sequence !== this.last + 1) {
      const fault = new Error(`frame ${this.last + 1} is missing: ${sequence} came`);
      setImmediate(() => {
        throw fault; // outside the connection, which would only break off
      });
    }
    this.last = sequence;
    this.counts.received += 1;
    frame.sequence = sequence;
    frame.timestamp = Number(headers.get('Timestamp'));
    frame.tag = Number(headers.get('Tag'));
    this.#held.set(sequence, reply);
    this.#forward(frame);
  }

  /** It came before: either a thread still has it, or only its acknowledgement was lost. */
  #again(sequence, reply) {
    this.counts.repeated += 1;
    if (this.#held.has(sequence)) this.#held.set(sequence, reply);
    else this.#acknowledge(reply);
    this.ask();
  }

  #acknowledge(reply) {
    this.counts.acknowledged += 1;
    this.#connection?.publish(reply, Buffer.from('+ACK'));
  }
}

/** Runs this process: two threads that work on frames, and the reader here. */
async function main({ port, stream, total, bytes, frames }) {
  const pool = FramePool.create({
    frameSizeBytes: bytes,
    frames,
    threadsMax: 1 + THREADS,
    cacheFrames: 0,
    channels: { in: { capacity: frames }, done: { capacity: frames } },
  });
  const input = pool.channel('in');
  const reader = new Reader(pool, stream, (frame) => {
    if (!input.trySend(frame)) throw new Error('a channel as large as the pool was full');
  });
  const workers = Array.from({ length: THREADS }, () => {
    const url = new URL('./consumer.mjs', import.meta.url);
    return pool.watch(new Worker(url, { workerData: { ref: pool.ref, input: 'in' } }));
  });
  const verdicts = workers.map(
    (worker) =>
      new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)),
  );
  process.on('message', ({ pause }) => {
    if (pause === undefined) return;
    reader.paused = pause;
    reader.ask();
  });
  const ending = new AbortController();
  const connected = reader.stayConnected(port, ending.signal);

  const seen = new Uint8Array(total + 1); // how often each number was worked on
  let finished = 0;
  for await (const frame of pool.channel('done')) {
    seen[frame.sequence] += 1;
    reader.finished(frame);
    finished += 1;
    if (finished % Math.ceil(total / 100) === 0) process.send({ finished });
    if (finished >= total) break;
  }
  input.close();
  const damaged = (await Promise.all(verdicts)).reduce((sum, verdict) => sum + verdict.damaged, 0);
  await reader.settled();
  ending.abort();
  await connected;
  const home = pool.stats().framesInUse === 0 && pool.audit().ok;
  pool.close();
  const lost = seen.subarray(1).filter((times) => times === 0).length;
  const doubled = seen.subarray(1).filter((times) => times > 1).length;
  process.send({ ended: { ...reader.counts, lost, doubled, damaged, home } });
  process.disconnect();
}

process.once('message', main);
