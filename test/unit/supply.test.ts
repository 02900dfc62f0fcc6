/** The three tiers: resident, cached, and denied; and the numbers that `stats` says about them. */
import { FramePool, type FramePoolOptions, PoolExhaustedError, TimeoutError } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { Slab } from '../../src/slab/slab.js';
import { Seats } from '../../src/threads/seats.js';
import { expectAllHome, expectFault, GUARDS, randomOf, refusedInVain, smallPool } from './kit.js';

const MIB = 1 << 20;

/** No number of the stats can be impossible. */
function expectPossible(pool: FramePool): void {
  const stats = pool.stats();
  for (const [name, value] of Object.entries(stats)) {
    if (typeof value !== 'number') continue;
    expect([name, Number.isFinite(value) && value >= 0]).toEqual([name, true]);
  }
  const { slots } = stats;
  expect(stats.framesFree + stats.framesInUse).toBe(slots);
  expect(stats.framesCached).toBeLessThanOrEqual(stats.framesFree);
  expect(stats.framesInFlight).toBeLessThanOrEqual(stats.framesInUse);
  expect(stats.framesInUsePeak).toBeGreaterThanOrEqual(stats.framesInUse);
  expect(stats.framesInUsePeak).toBeLessThanOrEqual(slots);
  expect(stats.preallocatedFree).toBeLessThanOrEqual(stats.preallocatedMax);
  expect(stats.preallocatedMax).toBeLessThanOrEqual(stats.frames);
  expect(stats.hits + stats.misses).toBe(stats.acquires);
  expect(stats.releases).toBe(stats.acquires - stats.framesInUse);
  expect(stats.hitRatePercent).toBeLessThanOrEqual(100);
  expect(JSON.parse(JSON.stringify(stats))).toEqual(stats);
}

describe('slots are frames plus what caches may keep', () => {
  test.each([
    [{}, 100 + 16 * 32],
    [{ frameSizeBytes: 1 }, 100 + 16 * 32],
    [{ frameSizeBytes: 8192 }, 100 + 16 * 16],
    [{ frameSizeBytes: 128 * 1024 }, 100 + 16 * 1],
    [{ frameSizeBytes: 128 * 1024 + 1 }, 100],
    [{ frameSizeBytes: 4 * MIB, frames: 2 }, 2],
    [{ cacheFrames: 0 }, 100],
    [{ cacheFrames: 3, threadsMax: 2, frames: 5 }, 11],
  ] as [FramePoolOptions, number][])('%o', (options, slots) => {
    const pool = FramePool.create(options);
    expect(pool.stats()).toMatchObject({
      slots,
      framesFree: slots,
      frames: options.frames ?? 100,
      frameSizeBytes: options.frameSizeBytes ?? 4096,
    });
    expect([pool.frames, pool.threadsMax]).toEqual([
      options.frames ?? 100,
      options.threadsMax ?? 16,
    ]);
    expectPossible(pool);
    if (slots < 1000 && (options.frameSizeBytes ?? 0) < MIB) expectAllHome(pool);
  });
});

describe('beyond frames only the reserve, beyond the slots nothing', () => {
  test.each([0, 1, 2, 3, 7, 32])('with caches of %s, alone', (cacheFrames) => {
    const pool = smallPool({ frames: 8, threadsMax: 3, cacheFrames });
    const slots = 8 + 3 * cacheFrames;
    const frames = Array.from({ length: slots }, () => {
      const frame = pool.tryAcquire();
      expectPossible(pool);
      return frame;
    });
    expect(frames.every((frame) => frame !== undefined)).toBe(true);
    for (let k = 0; k < 3; k++) expect(pool.tryAcquire()).toBeUndefined();
    expect(pool.slots.acquire()).toBe(0);
    expect(pool.stats()).toMatchObject({ denied: 4, framesFree: 0, framesInUsePeak: slots });
    frames.pop()?.release();
    expect(pool.tryAcquire()?.release()).toBe(true);
    for (const frame of frames) frame?.release();
    expectPossible(pool);
    expectAllHome(pool);
  });

  test.each(['off', 'poison', 'verify'] as const)('a pool of one slot, guard %s', (guard) => {
    const pool = smallPool({ frames: 1, threadsMax: 1, guard });
    for (let k = 0; k < 100; k++) {
      const frame = pool.acquireSync(64);
      frame.storage.fill(k);
      expect([frame.slot, pool.tryAcquire()]).toEqual([0, undefined]);
      expect(frame.release()).toBe(true);
    }
    expectPossible(pool);
    expectAllHome(pool);
  });

  test('frames of one byte', () => {
    const pool = FramePool.create({ frameSizeBytes: 1, frames: 3, threadsMax: 1, cacheFrames: 0 });
    const frames = pool.acquireMany(3, 1) ?? [];
    frames.forEach((frame, k) => {
      frame.write(Uint8Array.of(k + 1));
    });
    expect(frames.map((frame) => [...frame.bytes])).toEqual([[1], [2], [3]]);
    for (const frame of frames) frame.release();
    expectAllHome(pool);
  });

  test('waiting in vain is a timeout that says so, and nothing is lost', async () => {
    const pool = smallPool({ frames: 1 });
    const frame = pool.acquireSync();
    refusedInVain(pool, () => pool.acquireSync(0, 5), TimeoutError, 'within 5 ms');
    expectFault(
      await pool.acquire(0, { timeoutMs: 5 }).catch((fault) => fault),
      TimeoutError,
      '5 ms',
    );
    expect(pool.stats()).toMatchObject({ waits: 2, waiters: 0 });
    frame.release();
    expectPossible(pool);
    expectAllHome(pool);
  });

  test('an exhausted pool of unshared copies says which error', () => {
    const pool = smallPool({ frames: 1 });
    const frame = pool.acquireSync(1).retain();
    refusedInVain(pool, () => frame.unshare(), PoolExhaustedError);
    frame[Symbol.dispose]();
    expectAllHome(pool);
  });
});

describe('hits, misses and denials are counted one by one', () => {
  const numbers = (pool: FramePool): number[] => {
    const { acquires, hits, misses, denied, releases, hitRatePercent } = pool.stats();
    return [acquires, hits, misses, denied, releases, hitRatePercent];
  };

  test('nobody has acquired: the rate is 100', () => {
    expect(numbers(smallPool({ cacheFrames: 4 }))).toEqual([0, 0, 0, 0, 0, 100]);
  });

  test('without caches every acquire is a miss', () => {
    const pool = smallPool({ frames: 2 });
    for (let k = 0; k < 5; k++) pool.acquireSync().release();
    expect(numbers(pool)).toEqual([5, 0, 5, 0, 5, 0]);
  });

  test.each([1, 2, 3, 4, 32])(
    'a frame that is released comes from a cache of %s next',
    (cacheFrames) => {
      const pool = smallPool({ frames: 2, cacheFrames });
      const first = pool.acquireSync();
      expect(numbers(pool)).toEqual([1, 0, 1, 0, 0, 0]);
      first.release();
      for (let k = 0; k < 9; k++) pool.acquireSync().release();
      expect(numbers(pool)).toEqual([10, 9, 1, 0, 10, 90]);
      expect(pool.stats().framesCached).toBeGreaterThan(0);
    },
  );

  test.each([
    [1, [1, 1, 1, 1]],
    [2, [1, 1, 1, 1]],
    [3, [1, 1, 1, 1]],
    [4, [1, 0, 1, 0]],
    [8, [1, 0, 0, 0]],
  ])('a cache of %s refills by half', (cacheFrames, misses) => {
    const pool = smallPool({ frames: 4, threadsMax: 1, cacheFrames });
    const frames = misses.map((miss) => {
      const before = pool.stats().misses;
      const frame = pool.acquireSync();
      expect(pool.stats().misses - before).toBe(miss);
      return frame;
    });
    for (const frame of frames) frame.release();
    expectPossible(pool);
    expectAllHome(pool);
  });

  test.each([1, 2, 3, 4, 5])('a cache of %s never holds more', (cacheFrames) => {
    const pool = smallPool({ frames: 20, threadsMax: 2, cacheFrames });
    const frames = pool.acquireMany(20) ?? [];
    for (const frame of frames) {
      frame.release();
      expect(pool.stats().framesCached).toBeLessThanOrEqual(cacheFrames);
      expect(pool.stats().threads[0]?.cached).toBeLessThanOrEqual(cacheFrames);
      expectPossible(pool);
    }
    expectAllHome(pool);
  });

  test('a denial is neither hit nor miss', () => {
    const pool = smallPool({ frames: 1 });
    const frame = pool.acquireSync();
    expect([pool.tryAcquire(), pool.slots.acquire()]).toEqual([undefined, 0]);
    expect(numbers(pool)).toEqual([1, 0, 1, 2, 0, 0]);
    frame.release();
    expect(numbers(pool)).toEqual([1, 0, 1, 2, 1, 0]);
  });

  test('held, cached and acquires of a thread are its own', () => {
    const pool = smallPool({ cacheFrames: 4 });
    const frames = [pool.acquireSync(), pool.acquireSync()];
    frames[0]?.retain();
    expect(pool.stats().threads).toMatchObject([{ seat: 0, held: 2, acquires: 2 }]);
    const message = frames[1]?.transfer() ?? 0;
    expect(pool.stats()).toMatchObject({ framesInFlight: 1, framesInUse: 2 });
    expect(pool.stats().threads[0]?.held).toBe(1);
    pool.revoke(message);
    frames[0]?.[Symbol.dispose]();
    expectPossible(pool);
    expectAllHome(pool);
  });

  test('a random life shows no impossible number', () => {
    for (const cacheFrames of [0, 1, 2, 3, 8]) {
      const pool = smallPool({ frames: 10, threadsMax: 2, cacheFrames });
      const random = randomOf(7 + cacheFrames);
      const held: number[] = [];
      let most = 0;
      for (let k = 0; k < 150; k++) {
        if (random() % 2 === 0) {
          const handle = pool.slots.acquire();
          if (handle !== 0) held.push(handle);
        } else if (held.length > 0) {
          const [handle] = held.splice(random() % held.length, 1);
          pool.slots.release(handle as number);
        }
        most = Math.max(most, held.length);
        expectPossible(pool);
        expect(pool.stats().framesInUse).toBe(held.length);
        expect(pool.stats().framesInUsePeak).toBeGreaterThanOrEqual(most);
      }
      for (const handle of held) pool.slots.release(handle);
      expectAllHome(pool);
    }
  });
});

describe('the peak is an upper bound', () => {
  test('it is what was held without caches, and stays when all is released', () => {
    const pool = smallPool({ frames: 10 });
    const frames = pool.acquireMany(7) ?? [];
    expect(pool.stats().framesInUsePeak).toBe(7);
    for (const frame of frames) frame.release();
    expect(pool.stats()).toMatchObject({ framesInUsePeak: 7, framesInUse: 0 });
    pool.acquireSync().release();
    expect(pool.stats().framesInUsePeak).toBe(7);
  });

  test('also when seats of dead threads were reclaimed before', () => {
    const pool = smallPool({ frames: 10 });
    const seats = new Seats(Slab.attach(pool.buffer, 0));
    for (let k = 0; k < 5; k++) {
      const seat = seats.claim(1000 + k, 'gone');
      expect(pool.reclaim(seat, { ended: true })).toMatchObject({ vacated: true, freed: 0 });
    }
    const frames = pool.acquireMany(10) ?? [];
    for (const frame of frames) frame.release();
    expect(pool.stats().framesInUsePeak).toBeGreaterThanOrEqual(10);
  });
});

describe('the resident tier is clamped', () => {
  test.each([
    [{ frameSizeBytes: 4096, frames: 1000 }, 256],
    [{ frameSizeBytes: 4096, frames: 100 }, 100],
    [{ frameSizeBytes: 4096, frames: 100, preallocateBytes: 0 }, 1],
    [{ frameSizeBytes: 4096, frames: 100, preallocateBytes: 0, preallocateFramesMin: 0 }, 0],
    [{ frameSizeBytes: 4096, frames: 100, preallocateBytes: 4095, preallocateFramesMin: 0 }, 0],
    [{ frameSizeBytes: 4096, frames: 100, preallocateBytes: 8192, preallocateFramesMin: 5 }, 5],
    [{ frameSizeBytes: 4096, frames: 100, preallocateBytes: 2 ** 50 }, 100],
    [{ frameSizeBytes: 2 * MIB, frames: 3, cacheFrames: 0 }, 1],
    [{ frameSizeBytes: 64, frames: 3, preallocateFramesMin: 3, preallocateBytes: 0 }, 3],
  ] as [FramePoolOptions, number][])('%o', (options, resident) => {
    const pool = FramePool.create({ threadsMax: 1, ...options });
    const before = pool.stats();
    expect([before.preallocatedMax, before.preallocatedFree]).toEqual([resident, resident]);
    expectPossible(pool);
  });

  test('the resident slots go first', () => {
    const pool = smallPool({ frames: 100, preallocateBytes: 0, preallocateFramesMin: 40 });
    const frames = pool.acquireMany(40) ?? [];
    expect(pool.stats().preallocatedFree).toBe(0);
    expect(Math.max(...frames.map((frame) => frame.slot))).toBe(39);
    for (const frame of frames) frame.release();
    expect(pool.stats().preallocatedFree).toBe(40);
    expectAllHome(pool);
  });
});

describe('a million slots', () => {
  test('are made at once, found to the last, and end at the exact number', () => {
    const frames = 1_000_000;
    const pool = FramePool.create({ frameSizeBytes: 64, frames, threadsMax: 1, cacheFrames: 0 });
    const { slots } = pool;
    const handles = new Int32Array(frames);
    expect(slots.acquireMany(handles)).toBe(true);
    expect(slots.acquire()).toBe(0);
    expect(pool.tryAcquire()).toBeUndefined();
    const seen = new Uint8Array(frames);
    for (const handle of handles) seen[slots.index(handle)] = 1;
    expect(seen.indexOf(0)).toBe(-1);
    const last = handles.find((handle) => slots.index(handle) === frames - 1) ?? 0;
    slots.storage(last).fill(7);
    expect(slots.byteOffset(last) + 64).toBe(pool.buffer.byteLength);
    expect(slots.release(last)).toBe(true);
    const again = slots.acquire();
    expect([slots.index(again), slots.acquire()]).toEqual([frames - 1, 0]);
    expect(again).not.toBe(last);
    handles[handles.indexOf(last)] = again;
    expect(slots.releaseMany(handles)).toBe(frames);
    expect(pool.stats()).toMatchObject({ framesFree: frames, framesInUse: 0, denied: 3 });
  });

  test.each(GUARDS.slice(0, 1))('the most that a handle can name, guard %s', (guard) => {
    const frames = 1 << 20;
    const pool = FramePool.create({
      frameSizeBytes: 1,
      frames,
      threadsMax: 1,
      cacheFrames: 0,
      guard,
    });
    const handles = new Int32Array(frames);
    expect(pool.slots.acquireMany(handles)).toBe(true);
    expect(pool.slots.acquire()).toBe(0);
    expect(handles.includes(0)).toBe(false);
    expect(pool.slots.releaseMany(handles)).toBe(frames);
  });
});
