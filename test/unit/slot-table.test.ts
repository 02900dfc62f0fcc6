/** The integer API: what each method answers, and that all or nothing means it. */
import {
  FramePool,
  FrameSharedError,
  FrameTooLargeError,
  InvalidOptionError,
  StaleHandleError,
} from 'frameslab';
import { describe, expect, test } from 'vitest';
import { alone, expectAllHome, GUARDS, refusedInVain, smallPool, wrong } from './kit.js';

describe('the life of a slot in integers', () => {
  test('acquire answers a handle, or 0 when nothing is free', () => {
    const pool = smallPool();
    const { slots } = pool;
    const handles = [slots.acquire(), slots.acquire(), slots.acquire(), slots.acquire()];
    expect(handles.every((handle) => Number.isInteger(handle) && handle !== 0)).toBe(true);
    expect(new Set(handles.map((handle) => slots.index(handle))).size).toBe(4);
    expect([slots.acquire(), slots.acquire()]).toEqual([0, 0]);
    for (const handle of handles) expect(slots.release(handle)).toBe(true);
    expectAllHome(pool);
  });

  test('retain, release and refCount count; only the last release is true', () => {
    const pool = smallPool();
    const { slots } = pool;
    const handle = slots.acquire();
    expect([slots.refCount(handle), slots.exclusive(handle)]).toEqual([1, true]);
    expect(slots.retain(handle)).toBeUndefined();
    expect([slots.refCount(handle), slots.exclusive(handle)]).toEqual([2, false]);
    expect(slots.release(handle)).toBe(false);
    expect(slots.release(handle)).toBe(true);
    expectAllHome(pool);
  });

  test('share, transfer and adopt answer the handle', () => {
    const pool = smallPool();
    const { slots } = pool;
    const handle = slots.acquire();
    expect(slots.share(handle)).toBe(handle);
    expect([slots.refCount(handle), slots.exclusive(handle)]).toEqual([2, false]);
    expect(slots.adopt(handle)).toBe(handle);
    expect(slots.transfer(handle)).toBe(handle);
    expect(slots.refCount(handle)).toBe(2);
    expect(slots.revoke(handle)).toBe(true);
    expect(slots.revoke(handle)).toBe(false);
    expect([slots.refCount(handle), slots.exclusive(handle)]).toEqual([1, true]);
    expect(slots.release(handle)).toBe(true);
    expectAllHome(pool);
  });

  test('length, bytes, storage, byteOffset and index describe the same frame as the object', () => {
    const pool = smallPool();
    const { slots } = pool;
    const frame = pool.acquireSync(10);
    const { handle } = frame;
    expect([slots.length(handle), slots.index(handle)]).toEqual([10, frame.slot]);
    expect(slots.byteOffset(handle)).toBe(frame.byteOffset);
    slots.setLength(handle, 12);
    expect([frame.length, slots.bytes(handle).length]).toEqual([12, 12]);
    expect(slots.storage(handle).length).toBe(64);
    slots.storage(handle)[3] = 42;
    expect(frame.bytes[3]).toBe(42);
    frame.release();
    expectAllHome(pool);
  });

  test('bytes and storage are made once, and again only when the length has changed', () => {
    const pool = smallPool({ frames: 1 });
    const { slots } = pool;
    let handle = slots.acquire();
    slots.setLength(handle, 8);
    const bytes = slots.bytes(handle);
    const storage = slots.storage(handle);
    expect([slots.bytes(handle), slots.storage(handle)]).toEqual([bytes, storage]);
    expect(slots.bytes(handle)).toBe(bytes);
    expect(slots.storage(handle)).toBe(storage);
    slots.setLength(handle, 9);
    expect(slots.bytes(handle)).not.toBe(bytes);
    expect([slots.bytes(handle).length, bytes.length]).toEqual([9, 8]);
    slots.release(handle);
    handle = slots.acquire();
    expect(slots.bytes(handle).length).toBe(0);
    expect(slots.storage(handle)).toBe(storage);
    slots.release(handle);
  });

  test('a length that does not fit, or a shared slot, is refused and changes nothing', () => {
    const pool = smallPool();
    const { slots } = pool;
    const handle = slots.acquire();
    slots.setLength(handle, 5);
    refusedInVain(pool, () => slots.setLength(handle, 65), FrameTooLargeError, 64, 65);
    for (const value of [-1, 0.5, Number.NaN, '5', null, undefined, {}]) {
      const act = (): unknown => slots.setLength(handle, wrong(value));
      refusedInVain(pool, act, InvalidOptionError, 'length', 'from 0 to 64');
    }
    slots.retain(handle);
    const words = [`slot ${slots.index(handle)}`, 'generation', '2 references'];
    refusedInVain(pool, () => slots.setLength(handle, 6), FrameSharedError, ...words);
    refusedInVain(pool, () => slots.storage(handle), FrameSharedError, ...words);
    expect(slots.length(handle)).toBe(5);
    slots.release(handle);
    slots.release(handle);
    expectAllHome(pool);
  });
});

describe('acquireMany is all or nothing', () => {
  test.each([0, 1, 2, 3, 8])('with caches of %s', (cacheFrames) => {
    const pool = smallPool({ frames: 5, threadsMax: 1, cacheFrames });
    const { slots } = pool;
    const all = pool.stats().slots;
    for (let held = 0; held <= all; held++) {
      const first = new Int32Array(held);
      expect(slots.acquireMany(first)).toBe(true);
      const rest = new Int32Array(all - held);
      expect(slots.acquireMany(new Int32Array(all - held + 1))).toBe(false);
      expect(pool.stats().framesInUse).toBe(held);
      if (held > 0) expect(pool.acquireMany(all - held + 1)).toBeUndefined();
      expect(slots.acquireMany(rest)).toBe(true);
      expect(slots.acquireMany(new Int32Array(1))).toBe(false);
      const handles = [...first, ...rest];
      expect(new Set(handles.map((handle) => slots.index(handle))).size).toBe(all);
      expect(slots.releaseMany(Int32Array.from(handles))).toBe(all);
      expect(pool.audit()).toMatchObject({ ok: true, held: 0 });
    }
    expectAllHome(pool);
  });

  test('none of none is all of them', () => {
    const pool = smallPool();
    expect(pool.slots.acquireMany(new Int32Array(0))).toBe(true);
    expect(pool.acquireMany(0)).toEqual([]);
    expectAllHome(pool);
  });

  test('frames have the length that was asked for', () => {
    const pool = smallPool();
    const frames = pool.acquireMany(3, 17) ?? [];
    expect(frames.map((frame) => [frame.length, frame.exclusive])).toEqual(
      Array(3).fill([17, true]),
    );
    for (const frame of frames) frame.release();
    expectAllHome(pool);
  });

  test.each([null, undefined, 5, [], [0, 0], new Uint32Array(2), new Float64Array(2), {}, 'x'])(
    'into %o is refused',
    (into) => {
      const pool = smallPool();
      const { slots } = pool;
      refusedInVain(pool, () => slots.acquireMany(wrong(into)), InvalidOptionError, 'Int32Array');
      refusedInVain(pool, () => slots.releaseMany(wrong(into)), InvalidOptionError, 'Int32Array');
    },
  );

  test('a denied acquireMany counts as denied, not as acquires', () => {
    const pool = smallPool();
    expect(pool.slots.acquireMany(new Int32Array(5))).toBe(false);
    expect(pool.stats()).toMatchObject({ acquires: 0, denied: 1, framesInUse: 0 });
    expectAllHome(pool);
  });
});

describe('releaseMany checks all before it releases any', () => {
  test('and answers how many were the last references', () => {
    const pool = smallPool();
    const { slots } = pool;
    const handles = new Int32Array(4);
    slots.acquireMany(handles);
    slots.retain(handles[1] as number);
    expect(slots.releaseMany(handles, 0)).toBe(0);
    expect(slots.releaseMany(handles, 2)).toBe(1);
    expect(slots.releaseMany(handles.subarray(1))).toBe(3);
    expectAllHome(pool);
  });

  test.each([0, 1, 2, 3])('a stale handle in place %s: nothing is released', (place) => {
    const pool = smallPool();
    const { slots } = pool;
    const handles = new Int32Array(4);
    slots.acquireMany(handles);
    const stale = handles[place] as number;
    slots.release(stale);
    const words = [`handle ${stale}`];
    refusedInVain(pool, () => slots.releaseMany(handles), StaleHandleError, ...words);
    for (const bad of [0, -1, 12345, 0x7fff_ffff]) {
      handles[place] = bad;
      refusedInVain(pool, () => slots.releaseMany(handles), StaleHandleError);
    }
    expect(slots.releaseMany(handles.filter((_, k) => k !== place))).toBe(3);
    expectAllHome(pool);
  });

  test('a handle that is named more often than it is held: nothing is released', () => {
    const pool = smallPool();
    const { slots } = pool;
    const a = slots.acquire();
    const b = slots.acquire();
    slots.retain(b);
    for (const list of [
      [a, a],
      [a, b, a],
      [b, b, b],
      [b, a, b, b],
      [a, b, b, a],
    ]) {
      refusedInVain(pool, () => slots.releaseMany(Int32Array.from(list)), StaleHandleError);
    }
    expect(slots.releaseMany(Int32Array.of(b, a, b))).toBe(2);
    expectAllHome(pool);
  });

  test('a shared handle that is named twice is released twice', () => {
    const pool = smallPool();
    const { slots } = pool;
    const handle = slots.acquire();
    slots.adopt(slots.share(handle));
    slots.share(handle);
    const thrice = Int32Array.of(handle, handle, handle);
    refusedInVain(pool, () => slots.releaseMany(thrice), StaleHandleError);
    expect(slots.releaseMany(thrice, 2)).toBe(0);
    expect(slots.refCount(slots.adopt(handle))).toBe(1);
    expect(slots.release(handle)).toBe(true);
    expectAllHome(pool);
  });

  test('frames that others have let go of: after a refusal they can be shared and freed', () => {
    const sender = smallPool({ cacheFrames: 4, threadsMax: 2 });
    const pool = alone(() => FramePool.attach(sender.ref));
    const { slots } = pool;
    const handles = new Int32Array(3);
    sender.slots.acquireMany(handles);
    for (const handle of handles) {
      sender.slots.setLength(handle, 7);
      sender.slots.bytes(handle).fill(handle);
      slots.adopt(sender.slots.transfer(handle));
    }
    const more = Int32Array.of(...handles, 12345);
    for (let round = 0; round < 2; round++) {
      refusedInVain(pool, () => slots.releaseMany(more), StaleHandleError, 'handle 12345');
      for (const handle of handles) {
        expect([slots.refCount(handle), slots.exclusive(handle)]).toEqual([1, true]);
        expect([...slots.bytes(handle)]).toEqual(Array(7).fill(handle & 0xff));
      }
    }
    for (const handle of handles) {
      expect(slots.refCount(sender.slots.adopt(slots.share(handle)))).toBe(2);
      expect(sender.slots.release(handle)).toBe(false);
    }
    expect(slots.releaseMany(handles)).toBe(3);
    pool.close();
    expectAllHome(sender);
  });

  test('the same rounds again and again give the same answers', () => {
    const pool = smallPool();
    const { slots } = pool;
    for (let round = 0; round < 1000; round++) {
      const handle = slots.acquire();
      const twice = Int32Array.of(handle, handle);
      expect(() => slots.releaseMany(twice)).toThrow(StaleHandleError);
      slots.retain(handle);
      expect(slots.releaseMany(twice)).toBe(1);
    }
    expectAllHome(pool);
  });

  test.each([-1, 3, 0.5, Number.NaN, '1', null])('a count of %s is refused', (count) => {
    const pool = smallPool();
    const handles = new Int32Array(2);
    pool.slots.acquireMany(handles);
    const act = (): unknown => pool.slots.releaseMany(handles, wrong(count));
    if (count !== null) refusedInVain(pool, act, InvalidOptionError, 'count', 'from 0 to 2');
    expect(pool.slots.releaseMany(handles)).toBe(2);
  });

  test.each(GUARDS)('under guard %s as well', (guard) => {
    const pool = smallPool({ guard, cacheFrames: 1 });
    const handles = new Int32Array(6);
    expect(pool.slots.acquireMany(handles)).toBe(true);
    expect(pool.slots.releaseMany(handles)).toBe(6);
    expectAllHome(pool);
  });
});
