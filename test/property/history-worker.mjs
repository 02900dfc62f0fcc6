/**
 * A thread whose calls are recorded. Rounds are short, and begin at the same moment in all threads;
 * between rounds everything goes back. A call's times are tickets of one shared counter, taken
 * before and after it: a call that returned before another began has the smaller ticket.
 *
 * Plain JavaScript, and no top-level await: it may be terminated.
 */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { randomFrom } from './fuzz-slabs.mjs';

/** Ints of the shared control words. */
const GENERATION = 0;
const ARRIVED = 16;
const CLOCK = 32;
const SHARED = 48; // a handle that all know, and how many messages of it are in flight
const READY = 64;

/** Ints per recorded call: name, argument, result, called, returned. */
const RECORD = 5;
const NAMES = ['', 'acquire', 'release', 'share', 'transfer', 'adopt', 'send', 'receive'];
const SPINS = 100_000;
const PATIENCE_MS = 30_000;

const { library, ref, threads, me, role, rounds, calls, seed, control, log, initial } = workerData;
const pool = createRequire(import.meta.url)(library).FramePool.attach(ref);
const { slots } = pool;
const random = randomFrom(seed + me * 7919);
let at = 0;

/**
 * All threads are here. Who waits sleeps: a busy machine lets sleepers that are woken at once run at
 * once, and those that spin run in turns.
 */
function barrier() {
  const generation = Atomics.load(control, GENERATION);
  if (Atomics.add(control, ARRIVED, 1) === threads - 1) {
    Atomics.store(control, ARRIVED, 0);
    Atomics.store(control, READY, 0);
    Atomics.add(control, GENERATION, 1);
    Atomics.notify(control, GENERATION);
    return;
  }
  // Again and again: a notification may be late, and be meant for the barrier before.
  while (Atomics.load(control, GENERATION) === generation) {
    if (Atomics.wait(control, GENERATION, generation, PATIENCE_MS) === 'timed-out') {
      throw new Error('another thread did not come to the barrier');
    }
  }
}

/** Whoever slept at the barrier is awake too, if the machine has a core for it soon. */
function together() {
  Atomics.add(control, READY, 1);
  for (let k = 0; k < SPINS && Atomics.load(control, READY) < threads; k++);
}

function record(name, argument, call) {
  const called = Atomics.add(control, CLOCK, 1) + 1;
  const result = call();
  const returned = Atomics.add(control, CLOCK, 1) + 1;
  log.set([NAMES.indexOf(name), argument, result, called, returned], at);
  at += RECORD;
  return result;
}

function pause() {
  for (let k = random(60); k > 0; k--) Atomics.load(control, GENERATION);
}

/** 1: the last reference anywhere; −1: refused, which no order of calls explains. */
function release(handle) {
  try {
    return slots.release(handle) ? 1 : 0;
  } catch (fault) {
    if (fault.code !== 'ERR_FRAMESLAB_STALE_HANDLE') throw fault;
    return -1;
  }
}

/** Acquires and releases; what it still holds at the end goes back unrecorded. */
function acquirer() {
  const held = [];
  together();
  for (let k = 0; k < calls; k++) {
    const handle = held.length > 0 && random(2) ? held.shift() : 0;
    if (handle !== 0) record('release', handle, () => release(handle));
    else {
      const found = record('acquire', 0, () => slots.acquire());
      if (found !== 0) held.push(found);
    }
    pause();
  }
  barrier();
  for (const handle of held) slots.release(handle);
}

/** Passes references of one frame around, which thread 0 has made. */
function messenger() {
  if (me === 0) {
    const handle = slots.acquire();
    const flights = random(3);
    for (let k = 0; k < flights; k++) slots.share(handle);
    control[SHARED] = handle;
    initial[(at / RECORD / calls) * 2] = handle;
    initial[(at / RECORD / calls) * 2 + 1] = flights;
  }
  barrier();
  const handle = control[SHARED];
  let own = me === 0 ? 1 : 0;
  together();
  for (let k = 0; k < calls; k++) {
    const verb = own === 0 ? 'adopt' : ['adopt', 'release', 'share', 'transfer'][random(4)];
    const result = record(verb, handle, () => messageCall(verb, handle));
    if (verb === 'adopt') own += result;
    else if (verb !== 'share') own -= 1;
    pause();
  }
  barrier();
  for (; own > 0; own--) slots.release(handle);
  barrier();
  if (me === 0) while (slots.revoke(handle));
}

function messageCall(verb, handle) {
  if (verb === 'release') return release(handle);
  if (verb !== 'adopt') return slots[verb](handle) === handle ? 1 : 0;
  try {
    return slots.adopt(handle) === handle ? 1 : 0;
  } catch (fault) {
    if (fault.code !== 'ERR_FRAMESLAB_STALE_HANDLE') throw fault;
    return 0;
  }
}

/** Sends frames that it has acquired before. */
function producer() {
  const channel = pool.channel('line');
  const frames = Array.from({ length: calls }, () => slots.acquire());
  if (frames.includes(0)) throw new Error('a frame was missing: the last round did not end well');
  barrier();
  together();
  const left = [...frames];
  for (let k = 0; k < calls; k++) {
    const handle = left[0];
    if (record('send', handle, () => (channel.trySendHandle(handle) ? 1 : 0))) left.shift();
    pause();
  }
  barrier();
  for (const handle of left) slots.release(handle);
  barrier();
}

/** Receives, and after the round drains what is left. */
function consumer() {
  const channel = pool.channel('line');
  barrier();
  together();
  const held = [];
  for (let k = 0; k < calls; k++) {
    const handle = record('receive', 0, () => channel.tryReceiveHandle());
    if (handle !== 0) held.push(handle);
    pause();
  }
  barrier();
  for (;;) {
    const handle = channel.tryReceiveHandle();
    if (handle === 0) break;
    held.push(handle);
  }
  for (const handle of held) slots.release(handle);
  barrier();
}

const ROLES = { acquirer, messenger, producer, consumer };

for (let round = 0; round < rounds; round++) {
  barrier();
  ROLES[role]();
}
pool.close();
parentPort.postMessage('done');
