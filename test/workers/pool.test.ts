/** The pool under real threads: capacity, exclusion, messages, counts, and numbers read meanwhile. */
import { FramePool, type PoolStats } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { COUNT, Crew, expectAllHome, faultOf, OWN, resultsOf, seedOfRun } from './crew.js';
import { fill, randomFrom, verify } from './payload.js';

const POSTS = 8;

/** Throws for numbers that cannot be, or that do not add up. */
function checkStats(stats: PoolStats): void {
  const wrong = (what: string): never => {
    throw new Error(`${what}: ${JSON.stringify(stats)}`);
  };
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'number') {
      const least = path.endsWith('threadId') ? -1 : 0;
      if (!Number.isFinite(value) || value < least) wrong(`${path} is ${value}`);
      if (!path.endsWith('Percent') && !Number.isInteger(value)) wrong(`${path} is ${value}`);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, part] of Object.entries(value)) walk(part, `${path}.${key}`);
    }
  };
  walk(stats, 'stats');
  const { slots, framesFree, framesInUse, framesInUsePeak, framesCached, framesInFlight } = stats;
  if (framesFree > slots || framesInUse > slots || framesInUsePeak > slots) wrong('too many');
  if (framesFree + framesInUse !== slots) wrong('free + in use is not all');
  if (framesInUsePeak < framesInUse) wrong('the peak is below the present');
  if (framesCached > framesFree) wrong('more cached than free');
  if (framesInFlight > framesInUse) wrong('more in flight than in use');
  if (stats.preallocatedFree > stats.preallocatedMax) wrong('more resident than there are');
  if (stats.hits > stats.acquires || stats.hitRatePercent > 100) wrong('more hits than acquires');
  if (stats.releases > stats.acquires) wrong('more releases than acquires');
  if (stats.waiters > stats.threads.length) wrong('more waiters than threads');
  for (const thread of stats.threads) {
    if (thread.held > slots || thread.cached > slots) wrong('a thread holds too many');
  }
  for (const channel of stats.channels) {
    if (channel.received + channel.dropped > channel.sent) wrong('more out than in');
  }
}

describe('`frames` frames can always be held at once', () => {
  test('with the caches of all 16 seats full, one thread still gets `frames` frames', async () => {
    const pool = FramePool.create({
      frameSizeBytes: 64,
      frames: 40,
      threadsMax: 16,
      cacheFrames: 8,
    });
    const crew = new Crew(pool);
    const players = await crew.startAll<number>(
      'fillCache',
      Array.from({ length: 15 }, () => ({ count: 8 })),
    );
    crew.go();
    await crew.counted(15);
    // All caches together hold what they are entitled to, and no more.
    expect(pool.stats().framesCached).toBeLessThanOrEqual(15 * 8);
    for (let round = 0; round < 3; round++) {
      const frames = Array.from({ length: 40 }, () => pool.tryAcquire());
      expect(frames.every((frame) => frame !== undefined)).toBe(true);
      for (const frame of frames) frame?.release();
    }
    const many = pool.acquireMany(40);
    expect(many).toHaveLength(40);
    for (const frame of many ?? []) frame.release();
    expect(faultOf(() => pool.acquireMany(pool.stats().slots + 1))?.code).toBeDefined();
    crew.stop();
    await resultsOf(players);
    expectAllHome(pool);
    pool.close();
  });

  test('at random: whatever the others cached, held and gave back, `frames` − held can be had', async () => {
    const seed = seedOfRun();
    const random = randomFrom(seed);
    for (let variant = 0; variant < 4; variant++) {
      const cacheFrames = [0, 1, 5, 32][variant] as number;
      const threads = 3 + random(5);
      const frames = 10 + random(60);
      const pool = FramePool.create({
        frameSizeBytes: 64,
        frames,
        threadsMax: threads + 1 + random(3),
        cacheFrames,
      });
      const crew = new Crew(pool);
      const rows = Array.from({ length: threads }, () => ({ count: 1 + random(2 * frames) }));
      const players = await crew.startAll('fillCache', rows);
      crew.go();
      await crew.counted(threads);
      const held = Array.from({ length: frames }, () => pool.tryAcquire());
      const got = held.filter((frame) => frame !== undefined);
      expect(got.length, `seed ${seed}, variant ${variant}`).toBe(frames);
      for (const frame of got) frame.release();
      crew.stop();
      await resultsOf(players);
      expectAllHome(pool);
      pool.close();
    }
  });

  test('while the others acquire and release, the frames that they cannot hold are never denied', async () => {
    const seed = seedOfRun();
    // Three threads hold at most 5 each; of 40 frames, 25 are main's whenever it asks.
    const pool = FramePool.create({
      frameSizeBytes: 64,
      frames: 40,
      threadsMax: 4,
      cacheFrames: 4,
    });
    const crew = new Crew(pool);
    const players = await crew.startAll(
      'churn',
      [1, 2, 3].map((k) => ({ seed: seed + k, most: 5 })),
    );
    crew.go();
    const handles = new Int32Array(25);
    for (let round = 0; round < 4000; round++) {
      for (let k = 0; k < 25; k++) {
        handles[k] = pool.slots.acquire();
        if (handles[k] === 0) throw new Error(`denied in round ${round}, seed ${seed}`);
      }
      pool.slots.releaseMany(handles);
      if (round % 3 === 0) {
        if (!pool.slots.acquireMany(handles)) throw new Error(`many denied, seed ${seed}`);
        pool.slots.releaseMany(handles);
      }
    }
    crew.stop();
    await resultsOf(players);
    expectAllHome(pool);
    pool.close();
  });
});

describe('four threads at once', () => {
  test.for([
    [64, 4],
    [16, 0],
    [3, 2],
    [1, 0],
  ] as const)(
    'acquire, write, share, transfer, adopt, release: %i frames, caches of %i: all whole, all home',
    async ([frames, cacheFrames]) => {
      const seed = seedOfRun();
      const pool = FramePool.create({ frameSizeBytes: 64, frames, threadsMax: 5, cacheFrames });
      const crew = new Crew(pool);
      type Done = { acquired: number; adopted: number; shared: number; transferred: number };
      const players = await crew.startAll<Done>(
        'trade',
        [1, 2, 3, 4].map((k) => ({ seed: seed + 7 * k, count: 60_000, posts: POSTS })),
      );
      crew.go();
      let going = true;
      const over = resultsOf(players).finally(() => {
        going = false;
      });
      let polls = 0;
      for (; going && polls < 1e6; polls++) {
        checkStats(pool.stats());
        if (polls % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const done = await over;
      let last = 0;
      for (let k = 0; k < POSTS; k++) {
        const message = Atomics.exchange(crew.signals, OWN + k, 0);
        if (message === 0) continue;
        const frame = pool.adopt(message);
        verify(frame);
        frame.release();
        last += 1;
      }
      const sum = (key: keyof Done): number => done.reduce((total, row) => total + row[key], 0);
      expect(sum('adopted') + last, `seed ${seed}`).toBe(sum('shared') + sum('transferred'));
      expect(pool.stats()).toMatchObject({ acquires: sum('acquired'), releases: sum('acquired') });
      expect(polls).toBeGreaterThan(0);
      expectAllHome(pool);
      pool.close();
    },
  );

  test('four threads that retain and release one frame: exactly one release is the last', async () => {
    const seed = seedOfRun();
    const rounds = 1500;
    const pool = FramePool.create({ frameSizeBytes: 64, frames: 8, threadsMax: 5, cacheFrames: 2 });
    const crew = new Crew(pool);
    const players = await crew.startAll<number[]>(
      'retainAndRelease',
      [0, 1, 2, 3].map((me) => ({ seed: seed + me, rounds, threads: 4, me })),
    );
    crew.go();
    let ownLasts = 0;
    for (let round = 1; round <= rounds; round++) {
      const frame = pool.acquireSync();
      fill(frame, 0, round);
      for (let me = 0; me < 4; me++) {
        Atomics.store(crew.signals, OWN + me, frame.share() as number);
        Atomics.notify(crew.signals, OWN + me);
      }
      if (frame.release()) ownLasts += 1;
      for (let k = 0; k < 1e6; k++) {
        const count = Atomics.load(crew.signals, COUNT);
        if (count === round * 4) break;
        Atomics.wait(crew.signals, COUNT, count, 1000);
      }
      if (Atomics.load(crew.signals, COUNT) !== round * 4) throw new Error(`stuck in ${round}`);
    }
    const lasts = (await resultsOf(players)).flat().sort((a, b) => a - b);
    expect(lasts.length + ownLasts, `seed ${seed}`).toBe(rounds);
    expect(new Set(lasts).size).toBe(lasts.length);
    expectAllHome(pool);
    pool.close();
  });

  test.for([
    [1, 0],
    [2, 0],
    [1, 1],
  ] as const)(
    '%i frame(s), caches of %i: what one thread holds is nobody else’s',
    async ([frames, cacheFrames]) => {
      const pool = FramePool.create({ frameSizeBytes: 64, frames, threadsMax: 5, cacheFrames });
      const crew = new Crew(pool);
      const players = await crew.startAll<number>('relay', [
        { count: 20_000, form: 'now' },
        { count: 20_000, form: 'now' },
        { count: 5_000, form: 'sync' },
        { count: 5_000, form: 'sync' },
      ]);
      crew.go();
      const handed = await resultsOf(players);
      expect(handed.slice(2)).toEqual([5_000, 5_000]);
      expect(pool.stats()).toMatchObject({
        acquires: handed.reduce((sum, n) => sum + n, 0),
        framesInUse: 0,
        waiters: 0,
      });
      expectAllHome(pool);
      pool.close();
    },
  );
});

test('a closed pool takes nothing from the thread that sits in its seat now', async () => {
  const pool = FramePool.create({ frameSizeBytes: 64, frames: 8, threadsMax: 2, cacheFrames: 4 });
  const { ref, slots } = pool;
  const seat = pool.seat;
  const crew = new Crew(pool);
  pool.close();
  const [player] = await crew.startAll<number>('fillCache', [{ count: 4 }]);
  expect(player?.seat).toBe(seat);
  crew.go();
  await crew.counted(1);
  const code = 'ERR_FRAMESLAB_POOL_CLOSED';
  expect(faultOf(() => pool.tryAcquire())?.code).toBe(code);
  expect(faultOf(() => slots.acquire())?.code).toBe(code);
  expect(faultOf(() => slots.acquireMany(new Int32Array(2)))?.code).toBe(code);
  expect(faultOf(() => pool.acquireMany(2))?.code).toBe(code);
  expect(faultOf(() => pool.acquireSync(0, 0))?.code).toBe(code);
  await expect(pool.acquire(0, { timeoutMs: 1 })).rejects.toMatchObject({ code });
  crew.stop();
  await resultsOf(player === undefined ? [] : [player]);
  const again = FramePool.attach(ref);
  expectAllHome(again);
  again.close();
});
