/** What workers do with a pool, without channels. Each loop ends by count, or when main says stop. */
import { fill, randomFrom, verify } from './payload.mjs';
import { COUNT, OWN, STOP, stopped, waitForGo } from './signals.mjs';

/** Fills its own cache, and keeps it full until main says stop. */
export function fillCache(pool, { count }, signals) {
  waitForGo(signals);
  const handles = [];
  for (let k = 0; k < count; k++) {
    const handle = pool.slots.acquire();
    if (handle === 0) break;
    handles.push(handle);
  }
  for (const handle of handles) pool.slots.release(handle);
  Atomics.add(signals, COUNT, 1);
  Atomics.notify(signals, COUNT);
  Atomics.wait(signals, STOP, 0);
  return handles.length;
}

/** Acquires and releases at random, never more than `most` at once, until main says stop. */
export function churn(pool, { seed, most }, signals) {
  const random = randomFrom(seed);
  const held = [];
  waitForGo(signals);
  let acquired = 0;
  while (!stopped(signals)) {
    if (held.length < most && random(2) === 0) {
      const frame = pool.tryAcquire();
      if (frame !== undefined) {
        fill(frame, pool.seat, acquired++);
        held.push(frame);
      }
    } else if (held.length > 0) {
      const [frame] = held.splice(random(held.length), 1);
      verify(frame);
      frame.release();
    }
  }
  for (const frame of held) frame.release();
  return acquired;
}

/**
 * Acquires, writes, shares, transfers, adopts and releases `count` times. The messages go through a
 * row of ints: whoever exchanges a number out of it has the message.
 */
export function trade(pool, { seed, count, posts }, signals) {
  const random = randomFrom(seed);
  const held = [];
  const done = { acquired: 0, shared: 0, transferred: 0, adopted: 0 };
  /** Puts a message (0: none) into the row, and adopts the one that was there. */
  const post = (message) => {
    const other = Atomics.exchange(signals, OWN + random(posts), message);
    if (other === 0) return;
    const frame = pool.adopt(other);
    verify(frame);
    done.adopted += 1;
    held.push(frame);
  };
  waitForGo(signals);
  for (let k = 0; k < count; k++) {
    const turn = random(6);
    if (turn < 2 || held.length === 0) {
      const frame = pool.tryAcquire();
      if (frame !== undefined) {
        fill(frame, pool.seat, done.acquired++);
        held.push(frame);
      } else post(0);
    } else {
      const at = random(held.length);
      const frame = held[at];
      verify(frame);
      if (turn === 2) {
        post(frame.share());
        done.shared += 1;
      } else if (turn === 3) {
        held.splice(at, 1);
        post(frame.transfer());
        done.transferred += 1;
      } else if (turn === 4 && pool.slots.refCount(frame.handle) < 100) {
        frame.retain().release();
      } else {
        held.splice(at, 1);
        frame.release();
      }
    }
    while (held.length > 6) held.pop().release();
  }
  for (const frame of held) frame.release();
  return done;
}

/** Adopts one shared frame a round, retains and releases at random; counts its "last release"s. */
export function retainAndRelease(pool, { seed, rounds, threads, me }, signals) {
  const random = randomFrom(seed);
  const last = [];
  waitForGo(signals);
  for (let round = 1; round <= rounds; round++) {
    // Main has put a message for each thread of this round.
    const at = OWN + me;
    for (;;) {
      const message = Atomics.load(signals, at);
      if (message !== 0) break;
      Atomics.wait(signals, at, 0);
    }
    const frame = pool.adopt(Atomics.exchange(signals, at, 0));
    let references = 1;
    for (let k = 0; k < 20; k++) {
      if (random(2) === 0 || references === 1) {
        frame.retain();
        references += 1;
      } else {
        if (frame.release()) throw new Error('a release was the last with references left');
        references -= 1;
      }
    }
    let lasts = 0;
    while (references-- > 0) if (frame.release()) lasts += 1;
    if (lasts > 0) last.push(round);
    if (Atomics.add(signals, COUNT, 1) + 1 === round * threads) Atomics.notify(signals, COUNT);
  }
  return last;
}

/** Acquires and releases `count` times; between the two, what it holds is nobody else's. */
export function relay(pool, { count, form, tight }, signals) {
  const owners = OWN + 64;
  const mine = pool.seat + 1;
  waitForGo(signals);
  let handed = 0;
  for (let k = 0; k < count; k++) {
    let frame;
    if (form === 'sync') frame = pool.acquireSync();
    else {
      frame = pool.tryAcquire();
      if (frame === undefined) continue;
    }
    const at = owners + frame.slot;
    if (Atomics.exchange(signals, at, mine) !== 0) throw new Error('two threads hold one slot');
    handed += 1;
    if (Atomics.exchange(signals, at, 0) !== mine) throw new Error('two threads hold one slot');
    frame.release();
    if (tight && stopped(signals)) break;
  }
  return handed;
}

/** The same with promises. */
export async function relayAsync(pool, { count }, signals) {
  const owners = OWN + 64;
  const mine = pool.seat + 1;
  waitForGo(signals);
  for (let k = 0; k < count; k++) {
    const frame = await pool.acquire();
    const at = owners + frame.slot;
    if (Atomics.exchange(signals, at, mine) !== 0) throw new Error('two threads hold one slot');
    if (Atomics.exchange(signals, at, 0) !== mine) throw new Error('two threads hold one slot');
    frame.release();
  }
  return count;
}

/** Acquires with tiny timeouts; what timed out must be nobody's. */
export function acquireWithTimeouts(pool, { count, timeoutMs }, signals) {
  waitForGo(signals);
  const done = { got: 0, timedOut: 0, other: '' };
  for (let k = 0; k < count; k++) {
    try {
      pool.acquireSync(undefined, timeoutMs).release();
      done.got += 1;
    } catch (fault) {
      if (fault.code !== 'ERR_FRAMESLAB_TIMEOUT') done.other = String(fault);
      done.timedOut += 1;
    }
  }
  return done;
}

/** Takes a frame, says so, and releases it when main says stop. */
export function holdUntilStop(pool, { count = 1 }, signals) {
  const frames = [];
  for (let k = 0; k < count; k++) frames.push(pool.acquireSync());
  waitForGo(signals);
  Atomics.add(signals, COUNT, 1);
  Atomics.notify(signals, COUNT);
  Atomics.wait(signals, STOP, 0);
  for (const frame of frames) frame.release();
  return frames.length;
}

/** Releases and takes again in a tight loop until main says stop. */
export function hog(pool, _data, signals) {
  let frame = pool.acquireSync();
  waitForGo(signals);
  let rounds = 0;
  for (; !stopped(signals) && rounds < 1e9; rounds++) {
    frame.release();
    frame = pool.tryAcquire() ?? pool.acquireSync();
  }
  frame.release();
  return rounds;
}

/** One acquire that waits; main is told when it begins. */
export function acquireOnce(pool, _data, signals) {
  waitForGo(signals);
  Atomics.add(signals, COUNT, 1);
  const frame = pool.acquireSync();
  const { slot } = frame;
  frame.release();
  return slot;
}

/** Waits for a frame; says that it has one; releases it when main says stop. */
export function holdOneThenRelease(pool, _data, signals) {
  waitForGo(signals);
  const frame = pool.acquireSync();
  Atomics.store(signals, COUNT, 1);
  Atomics.notify(signals, COUNT);
  Atomics.wait(signals, STOP, 0);
  frame.release();
  return pool.seat;
}

/** Waits, takes and releases for ever; for threads that are to be killed in the middle of it. */
export async function acquireForEver(pool, { form }, signals) {
  waitForGo(signals);
  for (let round = 0; !stopped(signals) && round < 1e9; round++) {
    const frame = form === 'promise' ? await pool.acquire() : pool.acquireSync();
    fill(frame, pool.seat, round);
    verify(frame);
    frame.release();
  }
  return 0;
}
