/** Bulk calls at the edges: a full cache, a batch longer than it, a handle that is named twice. */
import { FramePool, StaleHandleError } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { Slab } from '../../src/slab/slab.js';
import { alone, expectAllHome, GUARDS, refusedInVain, smallPool } from './kit.js';

const cachedBy = (pool: FramePool): number => {
  const thread = pool.stats().threads.find(({ seat }) => seat === pool.seat);
  return thread?.cached ?? -1;
};

/** So many frames in use. */
function held(pool: FramePool, count: number): Int32Array {
  const handles = new Int32Array(count);
  expect(pool.slots.acquireMany(handles)).toBe(true);
  return handles;
}

/** The pool's cache full, and a batch of so many frames in use beside it. */
function crowded(pool: FramePool, count: number, room: number): Int32Array {
  const batch = held(pool, count);
  for (const handle of held(pool, room)) pool.slots.release(handle);
  expect(cachedBy(pool)).toBe(room);
  return batch;
}

describe('a full cache makes room for a batch', () => {
  for (const guard of GUARDS) {
    test.each([1, 2, 3, 7, 8, 9, 20])(`of %s, guard ${guard}`, (count) => {
      const pool = smallPool({ frames: 40, threadsMax: 2, cacheFrames: 8, guard });
      for (let round = 0; round < 3; round++) {
        const batch = crowded(pool, count, 8);
        expect(pool.slots.releaseMany(batch)).toBe(count);
        expect(cachedBy(pool)).toBeGreaterThan(0);
        expect(cachedBy(pool)).toBeLessThanOrEqual(8);
      }
      expectAllHome(pool);
    });
  }

  test('also for frames that another thread has sent', () => {
    const sender = smallPool({ frames: 8, threadsMax: 2, cacheFrames: 4 });
    const pool = alone(() => FramePool.attach(sender.ref));
    for (let round = 0; round < 5; round++) {
      const batch = held(sender, 4).map((handle) =>
        pool.slots.adopt(sender.slots.transfer(handle)),
      );
      for (const handle of held(pool, 3)) pool.slots.release(handle);
      expect(pool.slots.releaseMany(batch)).toBe(4);
      expect(cachedBy(pool)).toBeLessThanOrEqual(4);
      expect(pool.audit()).toMatchObject({ ok: true, held: 0 });
    }
    pool.close();
    expectAllHome(sender);
  });

  test('and who waits for a frame gets one of them', async () => {
    const first = smallPool({ frames: 4, threadsMax: 2, cacheFrames: 2 });
    const pool = alone(() => FramePool.attach(first.ref));
    const theirs = held(first, 4);
    const batch = held(pool, 2);
    const more = held(pool, 1);
    expect(held(first, 1).length).toBe(1); // the last one
    pool.slots.releaseMany(more);
    const waiting = first.acquire(8);
    await new Promise((resolve) => setImmediate(resolve));
    expect(pool.slots.releaseMany(batch)).toBe(2);
    const frame = await waiting;
    expect(frame.release()).toBe(true);
    first.slots.releaseMany(theirs);
  });

  test('but not for one that frees nothing: then the cache stays as it is', () => {
    const pool = smallPool({ frames: 20, threadsMax: 1, cacheFrames: 8 });
    const batch = crowded(pool, 12, 8);
    for (const handle of batch) pool.slots.retain(handle);
    expect(pool.slots.releaseMany(batch)).toBe(0);
    expect(cachedBy(pool)).toBe(8);
    expect(pool.slots.releaseMany(batch)).toBe(12);
    expectAllHome(pool);
  });

  test('nor for one that is refused: then the cache stays as it is', () => {
    const pool = smallPool({ frames: 20, threadsMax: 1, cacheFrames: 8 });
    const batch = crowded(pool, 8, 8);
    const { i32 } = Slab.attach(pool.buffer, 0);
    const words = i32.slice();
    for (const [place, bad] of [
      [7, 12345],
      [7, batch[0] as number],
      [0, 0],
    ] as const) {
      const stale = batch.slice();
      stale[place] = bad;
      refusedInVain(pool, () => pool.slots.releaseMany(stale), StaleHandleError);
      expect(i32.slice()).toEqual(words);
    }
    expect(pool.slots.releaseMany(batch)).toBe(8);
    expectAllHome(pool);
  });
});

test.each([1, 2, 3, 4, 5, 9, 16])(
  'acquireMany of %s leaves no more in a cache than it may',
  (count) => {
    const pool = smallPool({ frames: 16, threadsMax: 2, cacheFrames: 4 });
    const other = alone(() => FramePool.attach(pool.ref));
    for (let round = 0; round < 4; round++) {
      const batch = held(pool, count);
      expect(cachedBy(pool)).toBeLessThanOrEqual(4);
      // What is promised to the other thread is there, whatever lies in the cache of this one.
      other.slots.releaseMany(held(other, 16 - count));
      pool.slots.releaseMany(batch);
    }
    other.close();
    expectAllHome(pool);
  },
);

describe('a long batch through a lane', () => {
  const lanes = (capacity: number): FramePool =>
    smallPool({ frames: 120, cacheFrames: 8, channels: { line: { capacity } } });

  test.each([1, 7, 8, 9, 31, 32, 33, 100])('keeps its order; capacity %s', (capacity) => {
    const pool = lanes(capacity);
    const channel = pool.channel('line');
    const handles = held(pool, 100);
    const got: number[] = [];
    const into = new Int32Array(100);
    for (let sent = 0; sent < 100; ) {
      const now = channel.trySendMany(handles.subarray(sent));
      expect(now).toBe(Math.min(capacity, 100 - sent));
      expect(channel.trySendMany(handles.subarray(sent + now))).toBe(0);
      sent += now;
      got.push(...into.subarray(0, channel.tryReceiveMany(into)));
    }
    expect(got).toEqual([...handles]);
    expect(pool.slots.releaseMany(handles)).toBe(100);
    expectAllHome(pool);
  });

  test.each([1, 5, 20, 39])('ends before a handle that it has already (place %s)', (place) => {
    const pool = lanes(100);
    const { slots } = pool;
    const channel = pool.channel('line');
    channel.trySendHandle(slots.acquire());
    const handles = held(pool, 40);
    const spare = handles[place] as number;
    handles[place] = handles[0] as number;
    expect(channel.trySendMany(handles)).toBe(place);
    refusedInVain(pool, () => channel.trySendMany(handles.subarray(place)), StaleHandleError);
    expect(channel.depth).toBe(place + 1);
    handles[place] = spare;
    expect(channel.trySendMany(handles.subarray(place))).toBe(40 - place);
    const into = new Int32Array(41);
    expect(channel.tryReceiveMany(into)).toBe(41);
    expect(slots.releaseMany(into)).toBe(41);
    expectAllHome(pool);
  });

  test('sends a handle as often as it is held', () => {
    const pool = lanes(100);
    const { slots } = pool;
    const channel = pool.channel('line');
    channel.trySendHandle(slots.acquire());
    const handles = held(pool, 40);
    slots.retain(handles[0] as number);
    const twice = Int32Array.of(...handles, handles[0] as number);
    expect(channel.trySendMany(twice)).toBe(41);
    const into = new Int32Array(50);
    expect(channel.tryReceiveMany(into)).toBe(42);
    expect([...into.subarray(1, 42)]).toEqual([...twice]);
    expect(slots.releaseMany(into, 42)).toBe(41);
    expectAllHome(pool);
  });
});
