/** Waiting for a frame: no lost wake-up, first come first served, timeouts, aborts, closing. */
import { FramePool } from 'frameslab';
import { describe, expect, test } from 'vitest';
import {
  COUNT,
  Crew,
  expectAllHome,
  faultOf,
  OWN,
  pause,
  resultsOf,
  seedOfRun,
  until,
} from './crew.js';
import { randomFrom } from './payload.js';

const OWNERS = OWN + 64;

function poolOf(frames: number, cacheFrames = 0, threadsMax = 6): FramePool {
  return FramePool.create({ frameSizeBytes: 64, frames, threadsMax, cacheFrames });
}

/** All that can be taken. */
function takeAll(pool: FramePool): number[] {
  const handles: number[] = [];
  for (let k = 0; k < 10_000; k++) {
    const handle = pool.slots.acquire();
    if (handle === 0) return handles;
    handles.push(handle);
  }
  throw new Error('the pool has no end');
}

/** Holds the frame for a moment, in the way of `relay`: nobody else may have it. */
function touch(crew: Crew, slot: number): void {
  const { signals, pool } = crew;
  if (Atomics.exchange(signals, OWNERS + slot, pool.seat + 1) !== 0) throw new Error('two holders');
  if (Atomics.exchange(signals, OWNERS + slot, 0) !== pool.seat + 1) throw new Error('two holders');
}

describe('being served', () => {
  test('a blocked acquire is served by another thread’s release', async () => {
    const pool = poolOf(1);
    const crew = new Crew(pool);
    const held = pool.acquireSync();
    const { slot } = held;
    const [waiter] = await crew.startAll<number>('acquireOnce', [{}]);
    crew.go();
    await until(() => pool.stats().waiters === 1);
    expect(held.release()).toBe(true);
    expect(await waiter?.result).toBe(slot);
    await waiter?.gone;
    expectAllHome(pool);
    pool.close();
  });

  test('a release into the releaser’s own cache, after the registration, serves the waiter', async () => {
    const pool = poolOf(2, 8, 2);
    const crew = new Crew(pool);
    const handles = takeAll(pool);
    expect(handles.length).toBe(2 + 2 * 8);
    const [waiter] = await crew.startAll<number>('acquireOnce', [{}]);
    crew.go();
    await until(() => pool.stats().waiters === 1);
    // The cache has room for this one: without the waiter it would stay there.
    pool.slots.release(handles.pop() as number);
    await waiter?.result;
    await waiter?.gone;
    for (const handle of handles) pool.slots.release(handle);
    expectAllHome(pool);
    pool.close();
  });

  test('a pending promise is served by another thread’s release, and by one of its own', async () => {
    const pool = poolOf(1);
    const crew = new Crew(pool);
    const [holder] = await crew.startAll('holdUntilStop', [{}]);
    crew.go();
    await crew.counted(1);
    const pending = pool.acquire();
    await until(() => pool.stats().waiters === 1);
    crew.stop();
    const frame = await pending;
    const next = pool.acquire();
    await pause(5);
    frame.release();
    (await next).release();
    await holder?.result;
    await holder?.gone;
    expect(pool.stats()).toMatchObject({ waiters: 0, waits: 2, framesInUse: 0 });
    expectAllHome(pool);
    pool.close();
  });
});

describe('no wake-up is lost', () => {
  test.for([
    [1, 0],
    [1, 1],
    [2, 0],
  ] as const)(
    'three blocking threads and main’s promises hand %i frame(s) round, caches of %i',
    async ([frames, cacheFrames]) => {
      const pool = poolOf(frames, cacheFrames, 4);
      const crew = new Crew(pool);
      // The reserve that the caches are entitled to is held, so that all depends on the rest.
      const reserve: number[] = [];
      for (let k = 0; k < 4 * cacheFrames; k++) reserve.push(pool.slots.acquire());
      const first = Array.from({ length: frames }, () => pool.acquireSync());
      const players = await crew.startAll(
        'relay',
        [1, 2, 3].map(() => ({ count: 40_000, form: 'sync' })),
      );
      crew.go();
      await until(() => pool.stats().waiters === 3); // the workers are up
      for (const frame of first) frame.release();
      for (let k = 0; k < 20_000; k++) {
        const frame = await pool.acquire();
        touch(crew, frame.slot);
        frame.release();
      }
      // Main's last release may stay in its cache as long as `frames` are held: it ends that here.
      for (const handle of reserve) pool.slots.release(handle);
      await resultsOf(players);
      expect(pool.stats()).toMatchObject({ waiters: 0, framesInUse: 0 });
      expect(pool.stats().acquires).toBe(3 * 40_000 + 20_000 + reserve.length + frames);
      expectAllHome(pool);
      pool.close();
    },
  );

  test('promises in three threads and a blocking one hand one frame round', async () => {
    const pool = poolOf(1);
    const crew = new Crew(pool);
    const players = [
      ...(await crew.startAll('relayAsync', [{ count: 10_000 }, { count: 10_000 }])),
      ...(await crew.startAll('relay', [{ count: 20_000, form: 'sync' }])),
    ];
    crew.go();
    for (let k = 0; k < 10_000; k++) {
      const frame = await pool.acquire();
      touch(crew, frame.slot);
      frame.release();
    }
    await resultsOf(players);
    expectAllHome(pool);
    pool.close();
  });
});

describe('first come, first served', () => {
  test('a thread that releases and takes again at once starves nobody', async () => {
    const pool = poolOf(1);
    const crew = new Crew(pool);
    const [hog] = await crew.startAll<number>('hog', [{}]);
    const waiters = await crew.startAll<number>('relay', [
      { count: 500, form: 'sync' },
      { count: 500, form: 'sync' },
    ]);
    crew.go();
    expect(await resultsOf(waiters)).toEqual([500, 500]);
    for (let k = 0; k < 500; k++) {
      const frame = await pool.acquire();
      frame.release();
    }
    crew.stop();
    await hog?.result;
    await hog?.gone;
    expectAllHome(pool);
    pool.close();
  });

  test('three that wait are served in the order in which they came', async () => {
    const pool = poolOf(1);
    const held = pool.acquireSync();
    const crews = [new Crew(pool), new Crew(pool), new Crew(pool)];
    const players = await Promise.all(crews.map((crew) => crew.start('holdOneThenRelease')));
    for (const [k, crew] of crews.entries()) {
      crew.go();
      await until(() => pool.stats().waiters === k + 1);
    }
    held.release();
    // Each of them keeps it until it is told to release it, so nobody else can have it meanwhile.
    for (const [k, crew] of crews.entries()) {
      await crew.counted(1);
      expect(crews.filter(({ signals }) => signals[COUNT] === 1)).toHaveLength(k + 1);
      crew.stop();
    }
    await resultsOf(players);
    expectAllHome(pool);
    pool.close();
  });

  test('promises of one thread are served in the order in which they were asked for', async () => {
    const pool = poolOf(1);
    let held = pool.acquireSync();
    const order: number[] = [];
    const promises = Array.from({ length: 20 }, (_unused, k) =>
      pool.acquire().then((frame) => {
        order.push(k);
        return frame;
      }),
    );
    for (const promise of promises) {
      held.release();
      held = await promise;
    }
    held.release();
    expect(order).toEqual(order.map((_unused, k) => k));
    expect(order).toHaveLength(20);
    expectAllHome(pool);
    pool.close();
  });

  test('a promise that is asked for later does not overtake one that is pending', async () => {
    const pool = poolOf(2, 2, 1);
    const handles = takeAll(pool);
    const order: string[] = [];
    const note = (name: string) => (frame: { release(): boolean }) => {
      order.push(name);
      return frame;
    };
    const first = pool.acquire().then(note('first'));
    const second = pool.acquire().then(note('second'));
    // Two become free before the event loop turns, and a third promise is asked for.
    pool.slots.release(handles.pop() as number);
    pool.slots.release(handles.pop() as number);
    const third = pool.acquire().then(note('third'));
    (await first).release();
    (await second).release();
    (await third).release();
    expect(order).toEqual(['first', 'second', 'third']);
    for (const handle of handles) pool.slots.release(handle);
    expectAllHome(pool);
    pool.close();
  });

  test('a blocking call and pending promises of one thread are all served', async () => {
    // Three for main, all held by it at once in the worst case: then the two others wait.
    const pool = poolOf(3);
    const crew = new Crew(pool);
    const hogs = await crew.startAll('hog', [{}, {}]);
    crew.go();
    for (let round = 0; round < 200; round++) {
      const pending = [pool.acquire(), pool.acquire()];
      pool.acquireSync().release();
      for (const promise of pending) (await promise).release();
    }
    crew.stop();
    await resultsOf(hogs);
    expect(pool.stats().waiters).toBe(0);
    expectAllHome(pool);
    pool.close();
  });
});

describe('giving up', () => {
  test.for([0, 1, 7])('a timeout of %i ms throws TimeoutError, and nothing is lost', async (ms) => {
    const pool = poolOf(1);
    const held = pool.acquireSync();
    expect(faultOf(() => pool.acquireSync(0, ms))?.code).toBe('ERR_FRAMESLAB_TIMEOUT');
    await expect(pool.acquire(0, { timeoutMs: ms })).rejects.toMatchObject({
      code: 'ERR_FRAMESLAB_TIMEOUT',
    });
    expect(pool.stats().waiters).toBe(0);
    held.release();
    pool.acquireSync(0, ms).release();
    (await pool.acquire(0, { timeoutMs: ms })).release();
    expectAllHome(pool);
    pool.close();
  });

  test('a timeout that is no number of milliseconds is refused', async () => {
    const pool = poolOf(1);
    const held = pool.acquireSync();
    for (const timeoutMs of [-1, Number.NaN, '5' as unknown as number]) {
      const code = 'ERR_FRAMESLAB_INVALID_OPTION';
      expect(faultOf(() => pool.acquireSync(0, timeoutMs))?.code).toBe(code);
      await expect(pool.acquire(0, { timeoutMs })).rejects.toMatchObject({ code });
    }
    held.release();
    expectAllHome(pool);
    pool.close();
  });

  test('timeouts that race releases lose no frame and no waiter', async () => {
    const pool = poolOf(1);
    const crew = new Crew(pool);
    const players = await crew.startAll<{ got: number; timedOut: number; other: string }>(
      'acquireWithTimeouts',
      [
        { count: 4000, timeoutMs: 0 },
        { count: 4000, timeoutMs: 0.01 },
        { count: 2000, timeoutMs: 0.1 },
      ],
    );
    crew.go();
    for (let k = 0; k < 2000; k++) {
      await pool.acquire(0, { timeoutMs: k % 3 }).then(
        (frame) => frame.release(),
        (fault) => expect(fault.code).toBe('ERR_FRAMESLAB_TIMEOUT'),
      );
    }
    for (const done of await resultsOf(players)) {
      expect(done.other).toBe('');
      expect(done.got + done.timedOut).toBeGreaterThanOrEqual(2000);
    }
    expect(pool.stats()).toMatchObject({ waiters: 0, framesInUse: 0 });
    pool.acquireSync(0, 0).release();
    expectAllHome(pool);
    pool.close();
  });

  test('an abort before, and one during the wait, reject with the signal’s reason', async () => {
    const pool = poolOf(1);
    const reason = new Error('no longer');
    // Before: even with a frame to be had.
    await expect(pool.acquire(0, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const held = pool.acquireSync();
    const controller = new AbortController();
    const pending = pool.acquire(0, { signal: controller.signal });
    const other = pool.acquire();
    expect(pool.stats().waiters).toBe(1);
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    // The other promise of this thread still waits, and gets the frame.
    held.release();
    (await other).release();
    expect(pool.stats().waiters).toBe(0);
    expectAllHome(pool);
    pool.close();
  });

  test('an abort that races success: either the frame or the reason, never both, nothing lost', async () => {
    const seed = seedOfRun();
    const random = randomFrom(seed);
    const pool = poolOf(1);
    const crew = new Crew(pool);
    const [hog] = await crew.startAll('hog', [{}]);
    crew.go();
    let got = 0;
    let aborted = 0;
    for (let k = 0; k < 6000; k++) {
      const controller = new AbortController();
      const pending = pool.acquire(0, { signal: controller.signal });
      const turn = random(4);
      if (turn === 0) controller.abort();
      else if (turn === 1) queueMicrotask(() => controller.abort());
      else if (turn === 2) setImmediate(() => controller.abort());
      else for (let spin = random(3000); spin > 0; spin--) if (spin === 1) controller.abort();
      await pending.then(
        (frame) => {
          got += 1;
          frame.release();
        },
        (reason) => {
          expect(reason.name).toBe('AbortError');
          aborted += 1;
        },
      );
    }
    expect(got + aborted, `seed ${seed}`).toBe(6000);
    crew.stop();
    await hog?.result;
    await hog?.gone;
    expect(pool.stats()).toMatchObject({ waiters: 0, framesInUse: 0 });
    pool.acquireSync(0, 0).release();
    expectAllHome(pool);
    pool.close();
  });
});

describe('closing', () => {
  test('what is pending at the close rejects, and the waiters of other threads go on', async () => {
    const pool = poolOf(1, 0, 2);
    const { ref } = pool;
    const crew = new Crew(pool);
    const [holder] = await crew.startAll('holdUntilStop', [{}]);
    crew.go();
    await crew.counted(1);
    const pending = [pool.acquire(), pool.acquire(0, { timeoutMs: 100_000 })];
    const codes = Promise.all(pending.map((promise) => promise.catch((fault) => fault.code)));
    pool.close();
    const code = 'ERR_FRAMESLAB_POOL_CLOSED';
    expect(await codes).toEqual([code, code]);
    crew.stop();
    await holder?.result;
    await holder?.gone;
    const again = FramePool.attach(ref);
    expect(again.stats().waiters).toBe(0);
    expectAllHome(again);
    again.close();
  });
});
