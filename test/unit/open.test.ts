/** Pools by name: one of a name in a process, and workers find it with no plumbing. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { FramePool, InvalidOptionError, PoolNotFoundError, SeatsExhaustedError } from 'frameslab';
import { afterEach, describe, expect, test } from 'vitest';
import { Slab } from '../../src/slab/slab.js';
import { Seats } from '../../src/threads/seats.js';
import { expectAllHome, refused, refusedInVain, wrong } from './kit.js';

const options = { frameSizeBytes: 64, frames: 4, threadsMax: 3, cacheFrames: 0 } as const;
const script = new URL('./workers/open.mjs', import.meta.url);
const started: Worker[] = [];
let names = 0;
const freshName = (): string => `unit ${names++}`;

function start(workerData: object): Worker {
  const worker = new Worker(script, { workerData });
  started.push(worker);
  return worker;
}

async function answerOf(
  worker: Worker,
): Promise<{ found?: object; fault?: Record<string, string> }> {
  const [answer] = await once(worker, 'message');
  return answer;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.terminate()));
});

describe('on the main thread', () => {
  test('the first call makes the pool, the next ones return the same object', () => {
    const name = freshName();
    const pool = FramePool.open(name, options);
    expect(FramePool.open(name)).toBe(pool);
    expect(FramePool.open(name, options)).toBe(pool);
    expect(FramePool.open(name, { frames: 4 })).toBe(pool);
    expect(FramePool.open(freshName(), options)).not.toBe(pool);
    expect(pool.frames).toBe(4);
    expectAllHome(pool);
  });

  test('without options it has the defaults', () => {
    const pool = FramePool.open(freshName());
    expect([pool.frameSizeBytes, pool.frames, pool.threadsMax]).toEqual([4096, 100, 16]);
  });

  test.each([
    ['frames', 5],
    ['frameSizeBytes', 65],
    ['threadsMax', 4],
    ['cacheFrames', 1],
    ['headerBytes', 8],
    ['guard', 'poison'],
    ['oversize', 'external'],
    ['channels', { a: { capacity: 2 } }],
    ['trace', true],
    ['preallocateBytes', 128],
    ['preallocateFramesMin', 2],
  ])('other options are refused by name: %s', (key, value) => {
    const name = freshName();
    const first = { ...options, preallocateBytes: 0 };
    const pool = FramePool.open(name, first);
    const other = wrong({ ...first, [key]: value });
    refusedInVain(pool, () => FramePool.open(name, other), InvalidOptionError, name, key);
    refusedInVain(
      pool,
      () => FramePool.open(name, wrong({ [key]: value })),
      InvalidOptionError,
      key,
    );
    expect(FramePool.open(name, first)).toBe(pool);
  });

  test('channels in another order are the same channels', () => {
    const name = freshName();
    const [a, b] = [{ capacity: 2 }, { capacity: 4 }];
    const pool = FramePool.open(name, { ...options, channels: { a, b } });
    expect(FramePool.open(name, { ...options, channels: { b, a } })).toBe(pool);
  });

  test('options that are wrong are refused, and no pool is made', () => {
    const name = freshName();
    refused(() => FramePool.open(name, { frames: 0 }), InvalidOptionError, 'frames');
    expect(FramePool.open(name, options).frames).toBe(4);
  });

  test.each([[''], [null], [undefined], [5], [{}], [[]], [Symbol('x')]])('a name of %s', (name) => {
    refused(() => FramePool.open(wrong(name), options), InvalidOptionError, 'name');
  });

  test.each(['__proto__', 'constructor', 'a'.repeat(1000), '\u0000', 'ünï ∞'])(
    'the name %s',
    (name) => {
      const pool = FramePool.open(name, options);
      expect(FramePool.open(name)).toBe(pool);
    },
  );

  test('a pool that was closed is opened again: the same slab, another seat’s stay', () => {
    const name = freshName();
    const pool = FramePool.open(name, options);
    const message = pool.acquireSync(3).transfer();
    pool.close();
    const again = FramePool.open(name, options);
    expect(again.buffer).toBe(pool.buffer);
    expect(again.adopt(message).release()).toBe(true);
    expectAllHome(again);
  });

  test('a refused open takes no seat', () => {
    const name = freshName();
    const pool = FramePool.open(name, options);
    pool.close();
    refused(() => FramePool.open(name, { ...options, frames: 5 }), InvalidOptionError, 'frames');
    const seats = new Seats(Slab.attach(pool.buffer, 0));
    expect([0, 1, 2].map((seat) => seats.ownerOf(seat))).toEqual([0, 0, 0]);
  });
});

describe('in a worker', () => {
  const found = { frames: 4, frameSizeBytes: 64, seat: 1, again: true, threads: 2 };

  test('that started after the pool was opened: found', async () => {
    const name = freshName();
    const pool = FramePool.open(name, options);
    expect(await answerOf(start({ name }))).toEqual({ found });
    expect(await answerOf(start({ name, options }))).toEqual({ found });
    expectAllHome(pool);
  });

  test('inside a worker: found', async () => {
    const name = freshName();
    const pool = FramePool.open(name, options);
    expect(await answerOf(start({ name, depth: 1 }))).toEqual({ found });
    expect(await answerOf(start({ name, depth: 2 }))).toEqual({ found });
    expectAllHome(pool);
  });

  test('that started before the pool was opened: not found, and no second pool', async () => {
    const name = freshName();
    const worker = start({ name, options, late: true });
    expect(await answerOf(worker)).toBe('ready');
    const pool = FramePool.open(name, options);
    worker.postMessage('now');
    const { fault } = await answerOf(worker);
    expect(fault).toMatchObject({ name: 'PoolNotFoundError', code: PoolNotFoundError.code });
    expect(fault?.['message']).toContain(name);
    expect(pool.stats().threads).toHaveLength(1);
    expectAllHome(pool);
  });

  test('a name that nobody opened: not found, with or without options', async () => {
    for (const given of [undefined, options]) {
      const { fault } = await answerOf(start({ name: freshName(), options: given }));
      expect(fault).toMatchObject({ name: 'PoolNotFoundError', code: PoolNotFoundError.code });
    }
  });

  test('other options are refused by name', async () => {
    const name = freshName();
    const pool = FramePool.open(name, options);
    const { fault } = await answerOf(start({ name, options: { frames: 9 } }));
    expect(fault).toMatchObject({ code: InvalidOptionError.code });
    expect(fault?.['message']).toContain('frames');
    expectAllHome(pool);
  });

  test('for which there is no seat: refused, and the seats are counted', async () => {
    const name = freshName();
    const pool = FramePool.open(name, { ...options, threadsMax: 1 });
    const { fault } = await answerOf(start({ name }));
    expect(fault).toMatchObject({ code: SeatsExhaustedError.code });
    expect(fault?.['message']).toContain('1 seats');
    expectAllHome(pool);
  });
});
