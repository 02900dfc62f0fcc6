/**
 * One connection to a NATS server, spoken in its text protocol, without a copy of a payload.
 *
 * The official client collects what it publishes and packs it into a buffer of its own in a later
 * turn, and it hands out what arrives in buffers of its own. Both are one copy per frame, and the
 * first reads the frame when its owner may have released it. Here
 *
 * 1. `publish` gives header, payload and end to the socket as they are: `writev` takes the payload
 *    from the slab. The caller keeps the frame until its message is acknowledged; by then the
 *    kernel has long taken it.
 * 2. `onread` lets the kernel write into the place that the subscriber names: a frame of its pool.
 *    Only what arrives together with a message's header is copied, at most `CHUNK_BYTES`.
 *
 * It knows what frames need and no more: no TLS, no authentication, no cluster. One thread.
 */
import { connect } from 'node:net';

/** How much is read at a time while a header is awaited: what can be copied per frame. */
const CHUNK_BYTES = 1024;
/** The longest line or block of headers that is understood. */
const HEADER_BYTES_MAX = 16_384;
const REQUEST_MS = 2000;
const CRLF = '\r\n';

/** A message: what stands before its payload. */
class Message {
  /** The headers' first line after `NATS/1.0`, a number for the server's own answers, else 0. */
  status = 0;
  headers = new Map();
  constructor(subject, sid, reply, headerBytes, payloadBytes) {
    Object.assign(this, { subject, sid, reply, headerBytes, payloadBytes });
  }

  /** Reads `NATS/1.0 [status]` and the `Name: value` lines after it. */
  readHeaders(text) {
    const [first, ...lines] = text.split(CRLF);
    this.status = Number.parseInt(first.slice('NATS/1.0'.length), 10) || 0;
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon > 0) this.headers.set(line.slice(0, colon), line.slice(colon + 1).trim());
    }
  }
}

export class NatsConnection {
  /** Resolves, never rejects, when the connection has ended. */
  closed;
  /** Payload bytes that the kernel wrote into place, and those that were copied there. */
  bytesInPlace = 0;
  bytesCopied = 0;

  #socket;
  #subscriptions = new Map();
  #lastSid = 0;
  #inbox = `_INBOX.${crypto.randomUUID().replaceAll('-', '')}`;
  #requests = new Map();
  #ready = Promise.withResolvers?.() ?? resolvers();

  // What has been read and not been understood yet lies in #chunk from #begin to #end.
  #chunk = Buffer.allocUnsafe(HEADER_BYTES_MAX + CHUNK_BYTES);
  #begin = 0;
  #end = 0;
  #message;
  #place;
  #filled = 0;
  #skipped = Buffer.allocUnsafe(65_536);

  /** Connects and introduces itself; rejects if that does not succeed within two seconds. */
  static async open(port, name) {
    const connection = new NatsConnection(port);
    const timer = setTimeout(() => connection.close(), REQUEST_MS);
    try {
      await connection.#ready.promise;
    } finally {
      clearTimeout(timer);
    }
    // no_responders: a message that nobody takes is answered with status 503 instead of silence.
    const options = { verbose: false, pedantic: false, lang: 'js', version: '0', protocol: 1 };
    const features = { headers: true, no_responders: true, name };
    connection.#socket.write(`CONNECT ${JSON.stringify({ ...options, ...features })}${CRLF}`);
    connection.subscribe(`${connection.#inbox}.*`, { arrived: (m, p) => connection.#answer(m, p) });
    return connection;
  }

  constructor(port) {
    const onread = {
      buffer: () => this.#whereToRead(),
      callback: (count) => this.#hasRead(count),
    };
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket.on('error', () => undefined); // 'close' follows
    this.closed = new Promise((resolve) => {
      this.#socket.once('close', () => {
        this.#ready.reject(new Error(`no NATS server on port ${port}`));
        for (const { reject } of this.#requests.values()) reject(new Error('connection lost'));
        resolve();
      });
    });
  }

  get open() {
    return !this.#socket.destroyed;
  }

  close() {
    this.#socket.destroy();
  }

  /**
   * Sends a message. `payload` must not change until the kernel has taken it: until the message is
   * acknowledged, or `onTaken` is called. No copy is made of it.
   */
  publish(subject, payload, { reply = '', headers, onTaken } = {}) {
    const to = reply === '' ? subject : `${subject} ${reply}`;
    let head = `PUB ${to} ${payload.byteLength}${CRLF}`;
    if (headers !== undefined) {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}${CRLF}`);
      const block = `NATS/1.0${CRLF}${lines.join('')}${CRLF}`;
      const bytes = Buffer.byteLength(block);
      head = `HPUB ${to} ${bytes} ${bytes + payload.byteLength}${CRLF}${block}`;
    }
    this.#socket.cork(); // three pieces, one system call
    this.#socket.write(head);
    if (payload.byteLength > 0) this.#socket.write(payload);
    this.#socket.write(CRLF, onTaken);
    this.#socket.uncork();
  }

  /**
   * Subscribes. Of the handler, `place(message)` answers where the payload shall go, or `undefined`
   * to skip it; without `place` it goes to a new buffer. `arrived(message, place)` follows.
   */
  subscribe(subject, handler) {
    const sid = `${++this.#lastSid}`;
    this.#subscriptions.set(sid, handler);
    this.#socket.write(`SUB ${subject} ${sid}${CRLF}`);
  }

  /** Asks, and resolves to the JSON of the answer. Rejects after two seconds. */
  async request(subject, body = '') {
    const reply = `${this.#inbox}.${++this.#lastSid}`;
    const { promise, resolve, reject } = resolvers();
    const late = () => reject(new Error(`no answer to ${subject} within ${REQUEST_MS} ms`));
    const timer = setTimeout(late, REQUEST_MS);
    this.#requests.set(reply, { resolve, reject });
    try {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      this.publish(subject, Buffer.from(text), { reply });
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#requests.delete(reply);
    }
  }

  #answer(message, payload) {
    const request = this.#requests.get(message.subject);
    if (message.status !== 0) request?.reject(new Error(`status ${message.status}`));
    else request?.resolve(JSON.parse(payload.toString()));
  }

  // -----------------------------------------------------------------------------------------------
  // Reading

  /** Where the kernel shall write next: the rest of the payload's place, else the chunk. */
  #whereToRead() {
    if (this.#place !== undefined) return this.#rest();
    this.#chunk.copy(this.#chunk, 0, this.#begin, this.#end);
    this.#end -= this.#begin;
    this.#begin = 0;
    return this.#chunk.subarray(this.#end, this.#end + CHUNK_BYTES);
  }

  /** The part of the payload's place that is still empty; what is skipped is read over itself. */
  #rest() {
    const left = this.#message.payloadBytes - this.#filled;
    if (this.#place === this.#skipped) return this.#skipped.subarray(0, left);
    return this.#place.subarray(this.#filled, this.#filled + left);
  }

  #hasRead(count) {
    try {
      if (this.#place === undefined) this.#end += count;
      else {
        this.#filled += count;
        this.bytesInPlace += count;
      }
      while (this.#understandOne());
    } catch (fault) {
      this.#socket.destroy(fault);
    }
    return true;
  }

  /** Takes one line, one block of headers or one payload; false: more has to be read first. */
  #understandOne() {
    if (this.#place !== undefined) return this.#takePayload();
    if (this.#message !== undefined) return this.#takeHeaders();
    const end = this.#chunk.subarray(0, this.#end).indexOf(CRLF, this.#begin);
    if (end < 0) {
      if (this.#end - this.#begin > HEADER_BYTES_MAX - CHUNK_BYTES) throw new Error('long line');
      return false;
    }
    const line = this.#chunk.toString('latin1', this.#begin, end);
    this.#begin = end + CRLF.length;
    this.#obey(line);
    return true;
  }

  #obey(line) {
    const [verb, ...words] = line.split(' ');
    if (verb === 'MSG') {
      const [subject, sid] = words;
      const reply = words.length > 3 ? words[2] : '';
      this.#message = new Message(subject, sid, reply, 0, Number(words.at(-1)));
    } else if (verb === 'HMSG') {
      const [subject, sid] = words;
      const reply = words.length > 4 ? words[2] : '';
      const [headers, all] = words.slice(-2).map(Number);
      this.#message = new Message(subject, sid, reply, headers, all - headers);
    } else if (verb === 'PING') this.#socket.write(`PONG${CRLF}`);
    else if (verb === 'INFO') this.#ready.resolve();
    else if (verb === '-ERR') throw new Error(`the server said ${line}`);
  }

  #takeHeaders() {
    const message = this.#message;
    if (message.headerBytes > HEADER_BYTES_MAX - CHUNK_BYTES) throw new Error('long headers');
    const end = this.#begin + message.headerBytes;
    if (this.#end < end) return false;
    if (message.headerBytes > 0) {
      message.readHeaders(this.#chunk.toString('utf8', this.#begin, end));
      this.#begin = end;
    }
    const handler = this.#subscriptions.get(message.sid);
    const place = handler?.place ?? (() => Buffer.allocUnsafe(message.payloadBytes));
    this.#place = place(message) ?? this.#skipped;
    this.#filled = 0;
    return true;
  }

  #takePayload() {
    const { payloadBytes } = this.#message;
    while (this.#filled < payloadBytes && this.#begin < this.#end) {
      const rest = this.#rest();
      const count = Math.min(rest.length, this.#end - this.#begin);
      rest.set(this.#chunk.subarray(this.#begin, this.#begin + count));
      this.#begin += count;
      this.#filled += count;
      this.bytesCopied += count;
    }
    if (this.#filled < payloadBytes) return false;
    const message = this.#message;
    const place = this.#place === this.#skipped ? undefined : this.#place;
    this.#message = undefined;
    this.#place = undefined;
    this.#subscriptions.get(message.sid)?.arrived(message, place);
    return true; // the CRLF that ends the payload is understood as an empty line
  }
}

function resolvers() {
  let resolve;
  let reject;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined); // whoever awaits it hears of it
  return { promise, resolve, reject };
}
