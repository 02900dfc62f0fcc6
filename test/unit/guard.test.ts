/** The guard: released bytes are a pattern; with `verify`, forbidden writes are found and named. */
import { FrameModifiedError, type FramePool, StaleHandleError } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { POISON } from '../../src/threads/guard.js';
import { expectAllHome, expectFault, refused, smallPool, thrown } from './kit.js';

/** A pool whose guard verifies, without caches or with them. */
const verified = (cacheFrames: number, frames = 4): FramePool =>
  smallPool({ guard: 'verify', cacheFrames, frames, threadsMax: 1 });

const generationOf = (pool: FramePool, slot: number): number =>
  pool.inspect().find((row) => row.slot === slot)?.generation ?? -1;

const CACHES = [0, 1, 2, 8];

describe('a guard that poisons', () => {
  test.each(['poison', 'verify'] as const)(
    '%s: the bytes of a released frame are gone',
    (guard) => {
      const pool = smallPool({ guard });
      const frame = pool.acquireSync().write(new Uint8Array(64).fill(7));
      const bytes = frame.storage;
      frame.retain().release();
      expect(bytes.every((byte) => byte === 7)).toBe(true);
      frame.release();
      expect(bytes.every((byte) => byte === POISON)).toBe(true);
      expectAllHome(pool);
    },
  );

  test('off: they are not', () => {
    const pool = smallPool({ guard: 'off' });
    const frame = pool.acquireSync().write(new Uint8Array(64).fill(7));
    const bytes = frame.storage;
    frame.release();
    expect(bytes.every((byte) => byte === 7)).toBe(true);
  });

  test('poison does not verify: what is written too late is overlooked', () => {
    const pool = smallPool({ guard: 'poison', frames: 1 });
    const frame = pool.acquireSync(8);
    const bytes = frame.storage;
    frame.release();
    bytes[3] = 1;
    pool.acquireSync().release();
    expectAllHome(pool);
  });

  test('the user header is not touched', () => {
    const pool = smallPool({ guard: 'poison', headerBytes: 4 });
    const frame = pool.acquireSync(8);
    const header = frame.header;
    header.setUint32(0, 0x0102_0304);
    frame.release();
    expect(header.getUint32(0)).toBe(0x0102_0304);
  });
});

describe('verify finds bytes that were written while the frame was shared', () => {
  test.each(CACHES)('at the last release, which releases all the same (caches of %s)', (cache) => {
    const pool = verified(cache);
    const frame = pool.acquireSync().write(Uint8Array.of(1, 2, 3));
    const { slot } = frame;
    const early = frame.storage;
    const other = pool.adopt(frame.share());
    const generation = generationOf(pool, slot);
    early[1] = 99;
    expect(frame.release()).toBe(false);
    const words = [`slot ${slot}`, `generation ${generation}`, 'shared'];
    refused(() => other.release(), FrameModifiedError, ...words);
    expect(other.released).toBe(true);
    expectAllHome(pool);
  });

  test('at the first write after it became exclusive; then it can be written and released', () => {
    const pool = verified(0);
    const frame = pool.acquireSync().write(Uint8Array.of(1, 2, 3));
    const early = frame.storage;
    const generation = generationOf(pool, frame.slot);
    pool.adopt(frame.share()).release();
    for (const act of [
      () => frame.storage,
      () => frame.write(Uint8Array.of(5)),
      () => (frame.length = 3),
      () => (frame.tag = 5),
      () => (frame.timestamp = 5),
    ]) {
      const message = frame.share();
      early[0] = (early[0] as number) + 1;
      expect(pool.revoke(message)).toBe(true);
      refused(act, FrameModifiedError, `slot ${frame.slot}`, `generation ${generation}`);
      act();
      expect(frame.exclusive).toBe(true);
    }
    expect(frame.release()).toBe(true);
    expectAllHome(pool);
  });

  test('a message on its way, changed by its sender, is found by who adopted it', () => {
    const pool = verified(0);
    const frame = pool.acquireSync().write(Uint8Array.of(1, 2, 3));
    const early = frame.storage;
    const message = frame.transfer();
    early[2] = 0;
    const adopted = pool.adopt(message);
    refused(
      () => adopted.release(),
      FrameModifiedError,
      `slot ${adopted.released ? 0 : adopted.slot}`,
    );
    expectAllHome(pool);
  });

  test('a change of the length counts as a change', () => {
    const pool = verified(0);
    const frame = pool.acquireSync().write(Uint8Array.of(1, 2, 3));
    pool.adopt(frame.share()).release();
    frame.length = 2;
    expect(frame.release()).toBe(true);
    expectAllHome(pool);
  });

  test('what keeps the rules is never accused', () => {
    const pool = verified(2);
    for (let k = 0; k < 200; k++) {
      const frame = pool.acquireSync(k % 65);
      frame.storage.fill(k);
      const other = pool.adopt(frame.share());
      expect(frame.release()).toBe(false);
      other.storage.fill(k + 1);
      other.write(Uint8Array.of(k));
      const third = pool.adopt(other.transfer());
      third.retain().release();
      third.storage[0] = 3;
      expect(third.release()).toBe(true);
    }
    expectAllHome(pool);
  });

  test('dispose ends every reference before it says what it found', () => {
    const pool = verified(0);
    const frame = pool.acquireSync().write(Uint8Array.of(1, 2, 3));
    const early = frame.storage;
    pool.revoke(frame.share());
    early[0] = 9;
    frame.retain().retain();
    refused(() => frame[Symbol.dispose](), FrameModifiedError);
    expect(frame.released).toBe(true);
    expectAllHome(pool);
  });
});

describe('verify finds bytes that were written after the release', () => {
  test.each(CACHES)('at the next acquire, which takes nothing (caches of %s)', (cache) => {
    const pool = verified(cache, 1);
    const frame = pool.acquireSync(8);
    const { slot } = frame;
    const early = frame.storage;
    frame.release();
    early[63] = 1;
    const fault = refused(
      () => pool.slots.acquire(),
      FrameModifiedError,
      `slot ${slot}`,
      'byte 63',
    );
    expect(fault.message).toMatch(/generation [1-9]\d*/);
    expect(fault.message).toContain('after its release');
    expect(pool.audit()).toMatchObject({ ok: true, held: 0 });
    const stats = pool.stats();
    expect(stats.hits + stats.misses).toBe(stats.acquires);
    const next = pool.acquireSync(8);
    expect(next.release()).toBe(true);
    expectAllHome(pool);
  });

  test('in the blocking and the promise form', async () => {
    const pool = verified(0, 1);
    const frame = pool.acquireSync(8);
    const early = frame.storage;
    frame.release();
    early[0] = 1;
    refused(() => pool.acquireSync(), FrameModifiedError);
    pool.acquireSync().release();
    early[0] = 1;
    expectFault(await pool.acquire().catch((reason) => reason), FrameModifiedError);
    (await pool.acquire()).release();
    expectAllHome(pool);
  });

  test('a promise that was served with a slot that is wrong rejects, and nothing is lost', async () => {
    const pool = verified(0, 1);
    const frame = pool.acquireSync(8);
    const early = frame.storage;
    const pending = pool.acquire().then(
      (got) => got.release(),
      (reason) => reason,
    );
    frame.release();
    early[0] = 1;
    expectFault(await pending, FrameModifiedError, 'slot 0');
    expect(pool.audit()).toMatchObject({ ok: true, held: 0 });
    pool.acquireSync().release();
    expect(pool.stats().waiters).toBe(0);
    expectAllHome(pool);
  });

  test.each(CACHES)(
    'acquireMany takes none of them, whichever is wrong (caches of %s)',
    (cache) => {
      for (let wrong = 0; wrong < 4; wrong++) {
        const pool = verified(cache);
        const all = pool.stats().slots;
        const frames = pool.acquireMany(all) ?? [];
        const views = frames.map((frame) => frame.storage);
        for (const frame of frames) frame.release();
        (views[wrong] as Uint8Array)[0] = 1;
        refused(() => pool.slots.acquireMany(new Int32Array(all)), FrameModifiedError, 'slot');
        const { free, cached } = pool.audit();
        expect(pool.stats()).toMatchObject({ framesFree: free + cached, framesInUse: 0 });
        expect(pool.audit()).toMatchObject({ ok: true, held: 0 });
        expectAllHome(pool);
      }
    },
  );
});

describe('verify and many at once', () => {
  test.each(CACHES)(
    'releaseMany releases all, and then says what it found (caches of %s)',
    (cache) => {
      for (let wrong = 0; wrong < 4; wrong++) {
        const pool = verified(cache);
        const frames = pool.acquireMany(4, 8) ?? [];
        const handles = Int32Array.from(frames, (frame) => frame.handle);
        const early = frames[wrong]?.storage as Uint8Array;
        const slot = frames[wrong]?.slot;
        pool.revoke(frames[wrong]?.share() ?? 0);
        early[0] = 1;
        refused(() => pool.slots.releaseMany(handles), FrameModifiedError, `slot ${slot},`);
        for (const handle of handles) refused(() => pool.slots.release(handle), StaleHandleError);
        expectAllHome(pool);
      }
    },
  );

  test('a frame that is unshared is checked like any other', () => {
    const pool = verified(0);
    const frame = pool.acquireSync().write(Uint8Array.of(1, 2));
    const early = frame.storage;
    const copy = pool.adopt(frame.share()).unshare();
    early[0] = 9;
    expect(copy.release()).toBe(true);
    const fault = thrown(() => frame.release());
    expectFault(fault, FrameModifiedError, 'slot 0');
    expectAllHome(pool);
  });
});
