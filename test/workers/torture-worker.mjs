/**
 * One thread of the kill torture: does random things with frames until it is told to stop, or dies.
 *
 * A frame's 16 ints say who wrote them (an identity that is never used again), its sequence number,
 * and a chain of sums over both. Whoever gets a frame checks them; while a thread holds a reference
 * to a frame that it did not write again itself, not one of them may change.
 */
import { parentPort, workerData } from 'node:worker_threads';
import {
  FramePool,
  InvalidOptionError,
  PoolExhaustedError,
  StaleHandleError,
  TimeoutError,
} from 'frameslab';

const { ref, me, seed, cell, control, board, addressed } = workerData;
const INTS = 16;
const HELD_MAX = 14;
const WAIT_MS = 6;
/** Numbers that may wait for one seat. */
const PLACES = 4;
/** Ints of the control block, see torture.ts. */
const PAUSE = 0;
const STOP = 1;
const CELLS_AT = 16;
const CELL = { paused: 0, seat: 1, operation: 2, working: 3, size: 16 };

let state = seed | 1;
/** An integer below `limit`; xorshift, so that a seed tells the whole life of this thread. */
function random(limit) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

const own = CELLS_AT + cell * CELL.size;
let pool;
let slots;
let channels;
let sequence = 0;
let operation = 'start';
/** One entry per reference that this thread holds. */
const held = [];
/** What the frames that it holds must say. */
const known = new Map();
const views = [];

function attach() {
  pool = FramePool.attach(ref);
  slots = pool.slots;
  channels = {
    work: pool.channel('work'),
    lossy: pool.channel('lossy'),
    news: pool.channel('news'),
    ticker: pool.channel('ticker'),
  };
  Atomics.store(control, own + CELL.seat, pool.seat + 1);
}

function fail(what) {
  throw new Error(`TORTURE: ${what} (identity ${me}, seed ${seed}, during ${operation})`);
}

function view(handle) {
  const index = slots.index(handle);
  views[index] ??= new Int32Array(ref.buffer, slots.byteOffset(handle), INTS);
  return views[index];
}

const next = (sum, k) => (Math.imul(sum ^ k, 0x01000193) + 0x9e37) | 0;

/** Writes into a frame that this thread has alone. */
function scribble(handle) {
  slots.storage(handle);
  slots.setLength(handle, INTS * 4);
  const ints = view(handle);
  sequence += 1;
  ints[0] = me;
  ints[1] = sequence;
  let sum = next(me, sequence);
  for (let k = 2; k < INTS; k++) {
    ints[k] = sum;
    sum = next(sum, k);
  }
  known.set(handle, { writer: me, sequence });
}

/** Checks a frame's bytes, and that they are what they were when this thread looked last. */
function verify(handle) {
  const ints = view(handle);
  const [writer, number] = ints;
  let sum = next(writer, number);
  for (let k = 2; k < INTS; k++) {
    if (ints[k] !== sum) fail(`int ${k} of handle ${handle} is torn: [${ints.join()}]`);
    sum = next(sum, k);
  }
  const before = known.get(handle);
  if (before === undefined) known.set(handle, { writer, sequence: number });
  else if (before.writer !== writer || before.sequence !== number) {
    fail(
      `handle ${handle} said writer ${before.writer}, sequence ${before.sequence} while held, ` +
        `and says ${writer}, ${number} now`,
    );
  }
}

/** A frame arrived: checks it; if it is this thread's alone it may be written again. */
function arrived(handle) {
  if (!held.includes(handle)) known.delete(handle);
  held.push(handle);
  verify(handle);
  if (random(3) === 0 && slots.exclusive(handle)) scribble(handle);
}

/** A frame was acquired: nobody else can have it. */
function acquired(handle) {
  if (held.includes(handle)) fail(`handle ${handle} was acquired while held`);
  known.delete(handle);
  held.push(handle);
  if (slots.refCount(handle) !== 1) fail(`a fresh frame has ${slots.refCount(handle)} references`);
  scribble(handle);
}

/** Picks a held reference, checks it, and takes it out of the list; 0 if there is none. */
function pick() {
  if (held.length === 0) return 0;
  const at = random(held.length);
  const handle = held[at];
  verify(handle);
  held[at] = held[held.length - 1];
  held.pop();
  return handle;
}

function putBack(handle) {
  held.push(handle);
}

function drop(handle) {
  slots.release(handle);
}

/** Room for one more reference. */
function makeRoom() {
  while (held.length >= HELD_MAX) drop(pick());
}

/** Runs what may end in such a fault; answers undefined then. */
function tolerating(expected, action) {
  try {
    return action();
  } catch (fault) {
    if (fault instanceof expected) return undefined;
    throw fault;
  }
}

/** Leaves a message's number for anybody; a number that lay there is adopted, or revoked. */
function post(message) {
  const old = Atomics.exchange(board, random(board.length), message);
  if (old !== 0) take(old);
}

/** A place for a number that is for one seat alone; −1 if all are full. */
function placeFor(to) {
  if (to < 0) return -1;
  const place = to * PLACES + random(PLACES);
  return Atomics.load(addressed, place) === 0 ? place : -1;
}

/** Leaves a message's number for its addressee; ends it if somebody else was faster. */
function postTo(place, message) {
  if (Atomics.compareExchange(addressed, place, 0, message) === 0) return;
  tolerating(StaleHandleError, () => pool.revoke(message));
}

function take(message) {
  if (random(8) === 0) {
    tolerating(StaleHandleError, () => pool.revoke(message));
    return;
  }
  makeRoom();
  const handle = tolerating(StaleHandleError, () => slots.adopt(message));
  if (handle !== undefined) arrived(handle);
}

/** The seat of a random thread, as its cell says; it may have left. */
function someSeat() {
  const cells = (control.length - CELLS_AT) / CELL.size;
  return Atomics.load(control, CELLS_AT + random(cells) * CELL.size + CELL.seat) - 1;
}

/**
 * The same reference as a frame object. Undefined if somebody adopted it on the way: a number that
 * was sent to a thread which died is good for any other message of the same frame.
 */
function framed(handle) {
  const message = slots.transfer(handle);
  // On the way it is nobody's: others may have it for a moment, alone, and write to it.
  if (!held.includes(handle)) known.delete(handle);
  return tolerating(StaleHandleError, () => pool.adopt(message));
}

function receiveNow(channel) {
  makeRoom();
  const handle = channel.tryReceiveHandle();
  if (handle !== 0) arrived(handle);
}

function sendNow(channel) {
  const handle = pick();
  if (handle !== 0 && !channel.trySendHandle(handle)) putBack(handle);
}

const operations = {
  acquire() {
    makeRoom();
    const handle = slots.acquire();
    if (handle !== 0) acquired(handle);
  },
  release() {
    const handle = pick();
    if (handle !== 0) drop(handle);
  },
  scribble() {
    const handle = pick();
    if (handle === 0) return;
    if (slots.exclusive(handle)) scribble(handle);
    putBack(handle);
  },
  retain() {
    const handle = pick();
    if (handle === 0) return;
    putBack(handle);
    if (held.length >= HELD_MAX) return;
    slots.retain(handle);
    held.push(handle);
  },
  shareToAnybody() {
    const handle = pick();
    if (handle === 0) return;
    putBack(handle);
    post(slots.share(handle));
  },
  transferToAnybody() {
    const handle = pick();
    if (handle !== 0) post(slots.transfer(handle));
  },
  shareToSeat() {
    const to = someSeat();
    const place = placeFor(to);
    const handle = place < 0 ? 0 : pick();
    if (handle === 0) return;
    putBack(handle);
    const message = tolerating(InvalidOptionError, () => slots.share(handle, { to }));
    if (message !== undefined) postTo(place, message);
  },
  transferToSeat() {
    const to = someSeat();
    const place = placeFor(to);
    const handle = place < 0 ? 0 : pick();
    if (handle === 0) return;
    const message = tolerating(InvalidOptionError, () => slots.transfer(handle, { to }));
    if (message === undefined) putBack(handle);
    else postTo(place, message);
  },
  adopt() {
    const message = Atomics.exchange(board, random(board.length), 0);
    if (message !== 0) take(message);
  },
  adoptMail() {
    const place = pool.seat * PLACES + random(PLACES);
    const message = Atomics.exchange(addressed, place, 0);
    if (message !== 0) take(message);
  },
  send: () => sendNow(channels.work),
  sendLossy: () => sendNow(channels.lossy),
  sendNews: () => sendNow(channels.news),
  sendTicker: () => sendNow(channels.ticker),
  receive: () => receiveNow(channels.work),
  receiveLossy: () => receiveNow(channels.lossy),
  receiveNews() {
    channels.news.subscribe();
    receiveNow(channels.news);
  },
  receiveTicker() {
    channels.ticker.subscribe();
    receiveNow(channels.ticker);
  },
  unsubscribe() {
    if (random(8) === 0) channels.news.unsubscribe();
    if (random(8) === 0) channels.ticker.unsubscribe();
  },
  sendBatch() {
    const batch = new Int32Array(4);
    let count = 0;
    for (let k = 0; k < batch.length; k++) {
      const handle = pick();
      if (handle !== 0) batch[count++] = handle;
    }
    const sent = channels.work.trySendMany(batch, count);
    for (let k = sent; k < count; k++) putBack(batch[k]);
  },
  receiveBatch() {
    const batch = new Int32Array(4);
    const count = channels.work.tryReceiveMany(batch);
    for (let k = 0; k < count; k++) {
      makeRoom();
      arrived(batch[k]);
    }
  },
  /** More than a cache holds, at once: refills, and spills at the release. */
  acquireMany() {
    const batch = new Int32Array(4 + random(10));
    if (!slots.acquireMany(batch)) return;
    for (const handle of batch) {
      if (held.includes(handle)) fail(`handle ${handle} was acquired while held`);
      known.delete(handle);
      scribble(handle);
    }
    for (const handle of batch) verify(handle);
    slots.releaseMany(batch);
  },
  unshare() {
    const handle = pick();
    if (handle === 0) return;
    const frame = framed(handle);
    if (frame === undefined) return;
    const copy = tolerating(PoolExhaustedError, () => frame.unshare());
    if (copy === undefined) {
      putBack(handle);
      return;
    }
    const { handle: fresh } = copy;
    if (fresh !== handle) known.delete(fresh);
    held.push(fresh);
    verify(fresh);
    scribble(fresh);
  },
  acquireSync() {
    makeRoom();
    const frame = tolerating(TimeoutError, () => pool.acquireSync(0, random(WAIT_MS)));
    if (frame !== undefined) acquired(frame.handle);
  },
  receiveSync() {
    makeRoom();
    const frame = tolerating(TimeoutError, () => channels.work.receiveSync(random(WAIT_MS)));
    if (frame !== undefined) arrived(frame.handle);
  },
  receiveNewsSync() {
    makeRoom();
    channels.news.subscribe();
    const frame = tolerating(TimeoutError, () => channels.news.receiveSync(random(WAIT_MS)));
    if (frame !== undefined) arrived(frame.handle);
  },
  sendSync: () => sendWaiting(channels.work),
  sendNewsSync: () => sendWaiting(channels.news),
  async acquireLater() {
    makeRoom();
    const frame = await later(pool.acquire(0, { timeoutMs: random(WAIT_MS) }));
    if (frame !== undefined) acquired(frame.handle);
  },
  async receiveLater() {
    makeRoom();
    const frame = await later(channels.work.receive({ timeoutMs: random(WAIT_MS) }));
    if (frame !== undefined) arrived(frame.handle);
  },
  async sendLater() {
    const handle = pick();
    if (handle === 0) return;
    const frame = framed(handle);
    if (frame === undefined) return;
    await later(channels.work.send(frame, { timeoutMs: random(WAIT_MS) }));
    if (!frame.released) putBack(handle);
  },
  /** Several wishes at once, one of them aborted. */
  async manyLater() {
    const abort = new AbortController();
    const wishes = [
      later(pool.acquire(0, { timeoutMs: WAIT_MS })),
      later(pool.acquire(0, { timeoutMs: WAIT_MS, signal: abort.signal })),
      later(channels.work.receive({ timeoutMs: random(WAIT_MS) })),
    ];
    abort.abort('aborted');
    const [first, second, third] = await Promise.all(wishes);
    if (first !== undefined) acquired(first.handle);
    if (second !== undefined) acquired(second.handle);
    if (third !== undefined) arrived(third.handle);
  },
  /** Leaves with nothing, and comes again: another stay, perhaps another seat. */
  rejoin() {
    if (random(30) !== 0) return;
    releaseAll();
    pool.close();
    Atomics.store(control, own + CELL.seat, 0);
    views.length = 0;
    attach();
  },
};

function sendWaiting(channel) {
  const handle = pick();
  if (handle === 0) return;
  const frame = framed(handle);
  if (frame === undefined) return;
  tolerating(TimeoutError, () => channel.sendSync(frame, random(WAIT_MS)));
  if (!frame.released) putBack(handle);
}

async function later(promise) {
  try {
    return await promise;
  } catch (fault) {
    if (fault === 'aborted') return undefined;
    if (fault instanceof TimeoutError) return undefined;
    throw fault;
  }
}

function releaseAll() {
  while (held.length > 0) drop(pick());
}

/** Rests while the main thread looks. */
function rest() {
  Atomics.store(control, own + CELL.paused, 1);
  Atomics.wait(control, PAUSE, 1);
  Atomics.store(control, own + CELL.paused, 0);
}

const names = Object.keys(operations);
const waits = names.filter((name) => /Sync|Later/.test(name));
const quick = names.filter((name) => !waits.includes(name));
// A wait takes a thousand times as long as anything else: most deaths would come in a wait.
const patience = [0, 400, 40][random(3)];
work();

/**
 * The life of the thread. Not at the top level of the module: V8 aborts the process if a thread is
 * terminated while a module that has a top-level `await` is evaluated (seen on Node 20).
 */
async function work() {
  attach();
  parentPort.postMessage({ seat: pool.seat, names });
  // Known to work, then looks whether it may: the main thread does it the other way round.
  Atomics.store(control, own + CELL.working, 1);
  while (Atomics.load(control, STOP) === 0) {
    if (Atomics.load(control, PAUSE) !== 0) rest();
    const some = patience > 0 && random(patience) === 0 ? waits : quick;
    operation = some[random(some.length)];
    Atomics.store(control, own + CELL.operation, names.indexOf(operation));
    const doing = operations[operation]();
    if (doing !== undefined) await doing;
  }
  operation = 'leaving';
  releaseAll();
  pool.close();
  Atomics.store(control, own + CELL.seat, 0);
}
