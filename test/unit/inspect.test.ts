/** Who holds what: `inspect` and `audit` say it in the same numbers as the frames themselves. */
import { describe, expect, test } from 'vitest';
import { SLOT } from '../../src/slab/layout.js';
import { Slab } from '../../src/slab/slab.js';
import { expectAllHome, smallPool } from './kit.js';

describe('inspect', () => {
  test('has one row per slot that is held, in flight or both', () => {
    const pool = smallPool({ cacheFrames: 2 });
    expect(pool.inspect()).toEqual([]);
    const [a, b, c] = pool.acquireMany(3) ?? [];
    if (a === undefined || b === undefined || c === undefined) throw new Error('three frames');
    a.retain();
    b.share();
    const message = c.transfer({ to: pool.seat });
    const rows = new Map(pool.inspect().map((row) => [row.handle, row]));
    expect(rows.size).toBe(3);
    expect(rows.get(a.handle)).toMatchObject({
      slot: a.slot,
      references: 2,
      holders: [{ seat: 0, count: 2 }],
      messages: [],
      inLanes: 0,
      suspect: false,
    });
    expect(rows.get(b.handle)).toMatchObject({
      references: 2,
      holders: [{ seat: 0, count: 1 }],
      messages: [{ to: -1, count: 1, sender: 0 }],
    });
    expect(rows.get(message as number)).toMatchObject({
      references: 1,
      holders: [],
      messages: [{ to: 0, count: 1, sender: 0 }],
    });
    expect(pool.audit()).toMatchObject({ ok: true, held: 2, inFlight: 1, inLanes: 0 });
    expect(pool.stats()).toMatchObject({ framesInUse: 3, framesInFlight: 2 });
    for (const row of pool.inspect())
      for (const { count } of row.messages) {
        for (let k = 0; k < count; k++) expect(pool.revoke(row.handle)).toBe(true);
      }
    a[Symbol.dispose]();
    b.release();
    expectAllHome(pool);
  });

  test('has a row per free slot in a cache if asked, and then as many as the audit counts', () => {
    const pool = smallPool({ cacheFrames: 4, trace: true });
    const frame = pool.acquireSync(1);
    pool.acquireSync(1).release();
    const cached = pool.inspect({ cached: true }).filter((row) => row.cachedBy !== undefined);
    expect(cached.length).toBeGreaterThan(0);
    expect(cached).toHaveLength(pool.audit().cached);
    for (const row of cached) {
      expect(row).toMatchObject({ references: 0, holders: [], messages: [], cachedBy: pool.seat });
      expect(row).not.toHaveProperty('stack');
    }
    for (const options of [undefined, {}, { cached: false }]) {
      expect(pool.inspect(options).map(({ slot }) => slot)).toEqual([frame.slot]);
    }
    frame.release();
    expectAllHome(pool);
  });

  test('names the place of an acquire with trace, and none without', () => {
    for (const trace of [true, 1] as const) {
      const pool = smallPool({ trace });
      const frame = pool.acquireSync(1);
      expect(JSON.stringify(pool.inspect())).toContain('inspect.test');
      frame.release();
      expectAllHome(pool);
    }
    for (const trace of [false, 0] as const) {
      const pool = smallPool({ trace });
      const frame = pool.acquireSync(1);
      expect(JSON.stringify(pool.inspect())).not.toContain('inspect.test');
      frame.release();
    }
  });
});

describe('the audit can fail', () => {
  test.each([
    ['a slot that is lost', 'lost', (word: number) => word & ~0xffff],
    ['a count that is too high', 'counts 5', (word: number) => (word & ~0xffff) | 5],
    ['a word of another owner', 'seat 2', (word: number) => (word & ~0xffff) | 0xff02],
  ])('on %s', (_what, part, harm) => {
    const pool = smallPool();
    const frame = pool.acquireSync(1);
    const slab = Slab.attach(pool.buffer, 0);
    const at = slab.layout.slotsAt + frame.slot * SLOT.size + SLOT.word;
    const right = slab.i32[at] as number;
    slab.i32[at] = harm(right);
    const audit = pool.audit();
    expect(audit).toMatchObject({ ok: false, unaccounted: 1 });
    expect(audit.problems[0]).toMatchObject({ slot: frame.slot });
    expect(audit.problems[0]?.problem).toContain(part);
    slab.i32[at] = right;
    expect(frame.release()).toBe(true);
    expectAllHome(pool);
  });
});

describe('stats', () => {
  test('say how this thread waits: it may block, and is woken where the engine can', () => {
    const has = typeof Atomics.waitAsync === 'function';
    expect(smallPool().stats()).toMatchObject({
      syncWaiting: 'wait',
      asyncWaiting: has ? 'waitAsync' : 'polling',
    });
  });
});
