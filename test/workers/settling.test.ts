/** Two that settle the same slot at once: a verdict that is applied late must not undo a correction. */
import { FramePool } from 'frameslab';
import { afterEach, describe, expect, test } from 'vitest';
import { play } from './actors.js';

const SUSPECT = 1 << 16;
const PAYLOAD = 0xffff;
const original = Atomics.compareExchange;
afterEach(() => {
  Atomics.compareExchange = original;
});

describe('a correction of a count', () => {
  test('is not applied a second time after references came in between', async () => {
    const pool = FramePool.create({ frames: 4, cacheFrames: 0, threadsMax: 3 });
    const kept = pool.acquireSync();
    const dead = play('adopt', { pool, given: { message: kept.share() as number } });
    const seat = await dead.said<number>('attached');
    await dead.said('adopted');
    expect(kept.refCount).toBe(2);
    await dead.kill();

    // The reclaimer knows that one reference is left of two. Before it says so, another one settles
    // (if it can), and a living holder takes one more.
    let met = 0;
    const meddling = (array: Int32Array, index: number, before: number, after: number): number => {
      const corrects = (after & SUSPECT) !== 0 && (before & PAYLOAD) - (after & PAYLOAD) === 1;
      if (corrects && met++ === 0) {
        Atomics.compareExchange = original;
        pool.audit({ repair: true });
        while (kept.refCount < 2) kept.retain();
      }
      return original(array, index, before, after);
    };
    Atomics.compareExchange = meddling as typeof Atomics.compareExchange;
    pool.reclaim(seat, { ended: true });
    Atomics.compareExchange = original;
    expect(met).toBe(1);

    const count = kept.refCount;
    pool.audit({ repair: true });
    expect(pool.audit().problems).toEqual([]);
    expect(kept.refCount).toBeLessThanOrEqual(count);
    while (!kept.released) kept.release();
    expect(pool.inspect()).toEqual([]);
    pool.close();
  });
});
