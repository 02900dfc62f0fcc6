/**
 * The process whose frames leave the machine's memory: its slab is the send window.
 *
 * Invariants
 * 1. A frame is held from the moment it comes out of the channel until the stream says that it has
 *    stored it. So a frame is in the slab, in the stream, or in both: never in neither.
 * 2. Order: each message names the one before it (`Nats-Expected-Last-Msg-Id`). If one is refused,
 *    all after it are refused too, and publishing goes back to the first that is not stored. That
 *    one names none: all before it are stored, and after a restart the broker of a work queue has
 *    forgotten the numbers of what was consumed.
 * 3. What was stored already and is published again (the acknowledgement was lost) is recognised by
 *    its `Nats-Msg-Id` and stored once; what the broker has forgotten, by the reader.
 * 4. Back-pressure is nothing but the held frames: when all frames of the pool are held, whoever
 *    makes frames waits in `acquire`.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { NatsConnection } from './connection.mjs';

/** How long a refused frame waits before it is tried again. */
const RETRY_MS = 10;
/** Without any acknowledgement for so long, everything that is held is published again. */
const SILENCE_MS = 2000;
const CONNECT_TRIES = 400;
const CONNECT_STEP_MS = 50;

/** Publishes the frames of one channel to one subject of one stream, in order, each once. */
class Publisher {
  /** For the report: how often each thing happened. */
  counts = { published: 0, stored: 0, repeated: 0, refused: 0, silences: 0, connections: 0 };
  /** For the test: the next acknowledgement gets lost together with the connection. */
  losesNext = false;

  #held = []; // oldest first; #next is the first that is not published on this attempt
  #next = 0;
  #before = 0; // the number that was published before on this attempt
  #attempt = 0;
  #resting = false;
  #connection;
  #subject;
  #epoch = randomUUID().slice(0, 8); // another run numbers its frames from 1 as well
  #inbox = `_INBOX.${this.#epoch}`;
  #idle = () => undefined;

  constructor(subject) {
    this.#subject = subject;
  }

  get heldFrames() {
    return this.#held.length;
  }

  /** Takes over a frame; it is released when it is stored. */
  take(frame) {
    this.#held.push(frame);
    this.#publish();
  }

  /** Stays connected for as long as `signal` is not aborted. */
  async stayConnected(port, signal) {
    for (let tries = 0; !signal.aborted; tries++) {
      if (tries > CONNECT_TRIES) throw new Error(`no broker on port ${port}`);
      const connection = await NatsConnection.open(port, 'publisher').catch(() => undefined);
      if (connection !== undefined) {
        tries = 0;
        this.counts.connections += 1;
        await this.#serve(connection, signal);
      }
      await sleep(CONNECT_STEP_MS);
    }
  }

  /** Resolves when nothing is held. */
  async drained() {
    while (this.#held.length > 0) await new Promise((resolve) => (this.#idle = resolve));
  }

  async #serve(connection, signal) {
    this.#connection = connection;
    const arrived = (message, payload) => this.#hear(message, payload);
    connection.subscribe(`${this.#inbox}.*.*`, { arrived });
    this.#goBack();
    const stop = () => connection.close();
    signal.addEventListener('abort', stop, { once: true });
    let stored = this.counts.stored;
    const watch = setInterval(() => {
      if (this.#held.length > 0 && stored === this.counts.stored && !this.#resting) {
        this.counts.silences += 1;
        this.#goBack();
      }
      stored = this.counts.stored;
    }, SILENCE_MS);
    await connection.closed;
    clearInterval(watch);
    signal.removeEventListener('abort', stop);
    this.#connection = undefined;
  }

  /** Publishes again from the first frame that is not stored. */
  #goBack() {
    this.#attempt += 1;
    this.#next = 0;
    this.#before = 0;
    this.#resting = false;
    this.#publish();
  }

  #publish() {
    if (this.#connection === undefined || this.#resting) return;
    for (; this.#next < this.#held.length; this.#next++) {
      const frame = this.#held[this.#next];
      const { sequence } = frame;
      const headers = {
        'Nats-Msg-Id': `${this.#epoch}.${sequence}`,
        Sequence: sequence,
        Timestamp: frame.timestamp,
        Tag: frame.tag,
      };
      if (this.#before > 0) headers['Nats-Expected-Last-Msg-Id'] = `${this.#epoch}.${this.#before}`;
      this.#before = sequence;
      const reply = `${this.#inbox}.${this.#attempt}.${sequence}`;
      this.#connection.publish(this.#subject, frame.bytes, { reply, headers });
      this.counts.published += 1;
    }
  }

  #hear({ subject, status }, payload) {
    if (this.losesNext) {
      this.losesNext = false;
      this.#connection?.close();
    }
    if (this.#connection?.open !== true) return;
    const [attempt, sequence] = subject.split('.').slice(-2).map(Number);
    const answer = status === 0 ? JSON.parse(payload.toString()) : { error: { code: status } };
    if (answer.error === undefined) {
      if (answer.duplicate === true) this.counts.repeated += 1;
      this.#stored(sequence);
    } else if (attempt === this.#attempt && !this.#resting) {
      // The stream is full, or not there yet after a restart. Those behind it are refused as well.
      this.counts.refused += 1;
      this.#resting = true;
      setTimeout(() => {
        if (attempt === this.#attempt) this.#goBack();
      }, RETRY_MS);
    }
  }

  /** This frame is in the stream, and by invariant 2 so are all before it. */
  #stored(sequence) {
    while (this.#held.length > 0 && this.#held[0].sequence <= sequence) {
      this.#held.shift().release();
      this.#next = Math.max(0, this.#next - 1);
      this.counts.stored += 1;
    }
    if (this.#held.length === 0) this.#idle();
  }
}

/** Runs this process: a producer in a thread of its own, and the publisher here. */
async function main({ port, subject, total, bytes, frames }) {
  const pool = FramePool.create({
    frameSizeBytes: bytes,
    frames,
    threadsMax: 2,
    cacheFrames: 0,
    channels: { out: { capacity: frames } },
  });
  const workerData = { ref: pool.ref, total, bytes };
  // An error of the thread that nobody listens for ends this process, as it should.
  pool.watch(new Worker(new URL('./producer.mjs', import.meta.url), { workerData }));
  const publisher = new Publisher(subject);
  process.on('message', ({ ask }) => {
    if (ask === 'lose') publisher.losesNext = true;
    if (ask !== 'state') return;
    const { waiters, framesFree } = pool.stats();
    const held = publisher.heldFrames;
    process.send({ state: { held, waiters, framesFree, ...publisher.counts } });
  });
  const ending = new AbortController();
  const connected = publisher.stayConnected(port, ending.signal);
  for await (const frame of pool.channel('out')) publisher.take(frame);
  await publisher.drained();
  ending.abort();
  await connected;
  const home = pool.stats().framesInUse === 0 && pool.audit().ok;
  pool.close();
  process.send({ ended: { ...publisher.counts, home } });
  process.disconnect();
}

process.once('message', main);
