/** External frames: memory of their own, the same manners. */
import {
  type ExternalFrameMessage,
  type Frame,
  FramePool,
  FrameReleasedError,
  FrameSharedError,
  FramesHeldError,
  FrameTooLargeError,
  InvalidOptionError,
  SharedMemoryUnavailableError,
  StaleHandleError,
} from 'frameslab';
import { describe, expect, test } from 'vitest';
import { expectAllHome, GUARDS, refused, refusedInVain, smallPool, wrong } from './kit.js';

const shared = (...values: number[]): SharedArrayBuffer => {
  const buffer = new SharedArrayBuffer(values.length);
  new Uint8Array(buffer).set(values);
  return buffer;
};

describe('wrap makes a frame of memory that exists', () => {
  test('the whole, a part, and nothing of it', () => {
    const pool = smallPool();
    const buffer = shared(1, 2, 3, 4, 5, 6, 7, 8);
    for (const [frame, expected] of [
      [pool.wrap(buffer), [1, 2, 3, 4, 5, 6, 7, 8]],
      [pool.wrap(buffer, 3), [4, 5, 6, 7, 8]],
      [pool.wrap(buffer, 2, 3), [3, 4, 5]],
      [pool.wrap(buffer, 8), []],
      [pool.wrap(buffer, 0, 0), []],
    ] as [Frame, number[]][]) {
      expect([...frame.bytes]).toEqual(expected);
      expect([frame.length, frame.capacity]).toEqual([expected.length, expected.length]);
      expect([frame.pooled, frame.slot, frame.handle]).toEqual([false, -1, 0]);
      expect(frame.bytes.buffer).toBe(buffer);
      expect(frame.byteOffset).toBe(frame.bytes.byteOffset);
      expect([frame.refCount, frame.exclusive]).toEqual([1, true]);
      expect(frame.release()).toBe(true);
      refused(() => frame.bytes, FrameReleasedError);
    }
    expect(pool.stats().framesInUse).toBe(0);
    expectAllHome(pool);
  });

  test.each([null, undefined, 5, {}, [], 'x', new ArrayBuffer(8), new Uint8Array(8)])(
    'wrap(%o) is refused',
    (buffer) => {
      const pool = smallPool();
      refusedInVain(pool, () => pool.wrap(wrong(buffer)), InvalidOptionError, 'SharedArrayBuffer');
    },
  );

  test.each([
    [9, undefined, 'byteOffset'],
    [-1, undefined, 'byteOffset'],
    [0.5, undefined, 'byteOffset'],
    ['0', undefined, 'byteOffset'],
    [0, 9, 'length'],
    [4, 5, 'length'],
    [0, -1, 'length'],
    [0, 1.5, 'length'],
    [0, '4', 'length'],
  ])('a part at %s of %s bytes is refused', (byteOffset, length, word) => {
    const pool = smallPool();
    const act = (): unknown =>
      pool.wrap(new SharedArrayBuffer(8), wrong(byteOffset), wrong(length));
    refusedInVain(pool, act, InvalidOptionError, word);
  });

  test('more than a length can say is refused, or said right', () => {
    const pool = smallPool();
    const bytes = 2 ** 31 + 64;
    let buffer: SharedArrayBuffer;
    try {
      buffer = new SharedArrayBuffer(bytes);
    } catch {
      return; // a machine without so much address space cannot ask
    }
    let frame: Frame;
    try {
      frame = pool.wrap(buffer);
    } catch (fault) {
      refused(() => pool.wrap(buffer), InvalidOptionError, 'length');
      expect(fault).toBeInstanceOf(InvalidOptionError);
      return;
    }
    expect([frame.capacity, frame.length]).toEqual([bytes, bytes]);
  });
});

describe('an external frame has a frame’s manners', () => {
  test('it is counted, refuses writes while shared, and copies on write', () => {
    const pool = smallPool();
    const frame = pool.wrap(shared(1, 2, 3, 4));
    frame.timestamp = 1.5;
    frame.sequence = 7;
    frame.tag = -2;
    frame.length = 3;
    frame.retain();
    expect([frame.refCount, frame.exclusive]).toEqual([2, false]);
    for (const act of [
      () => frame.storage,
      () => frame.write(Uint8Array.of(1)),
      () => (frame.length = 1),
      () => (frame.tag = 1),
      () => (frame.timestamp = 1),
      () => (frame.sequence = 1),
    ]) {
      refusedInVain(pool, act, FrameSharedError, '2 references');
    }
    const copy = frame.unshare();
    expect([copy.exclusive, frame.exclusive, copy.pooled]).toEqual([true, true, false]);
    expect([...copy.bytes, copy.timestamp, copy.sequence, copy.tag]).toEqual([1, 2, 3, 1.5, 7, -2]);
    copy.storage[0] = 99;
    expect(frame.bytes[0]).toBe(1);
    expect(frame.unshare()).toBe(frame);
    expect([copy.release(), frame.release()]).toEqual([true, true]);
    expectAllHome(pool);
  });

  test('a length beyond its capacity is refused and names it', () => {
    const pool = smallPool();
    const frame = pool.wrap(new SharedArrayBuffer(8));
    refusedInVain(pool, () => (frame.length = 9), FrameTooLargeError, 8, 9);
    refusedInVain(pool, () => (frame.length = -1), InvalidOptionError, 'length');
    refusedInVain(pool, () => (frame.length = 0.5), InvalidOptionError, 'length');
    expect(frame.length).toBe(8);
    frame.release();
  });

  test('a write beyond its capacity is refused and names it', () => {
    const pool = smallPool({ frameSizeBytes: 4096 });
    const frame = pool.wrap(shared(1, 2, 3, 4, 5, 6, 7, 8));
    const fault = refusedInVain(pool, () => frame.write(new Uint8Array(9)), FrameTooLargeError, 9);
    expect(fault.message).toMatch(/\b8 bytes/);
    expect(fault.message).not.toContain('4096');
    expect(frame.bytes[0]).toBe(1);
    frame.release();
  });

  test('use after release and after transfer is refused', () => {
    const pool = smallPool();
    const frame = pool.wrap(shared(1, 2));
    const message = frame.transfer();
    for (const act of [
      () => frame.bytes,
      () => frame.release(),
      () => frame.retain(),
      () => frame.share(),
      () => frame.transfer(),
      () => frame.write(Uint8Array.of(1)),
      () => frame.slot,
    ]) {
      refusedInVain(pool, act, FrameReleasedError);
    }
    expect([frame.released, frame.pooled]).toEqual([true, false]);
    expect(pool.adopt(message).release()).toBe(true);
  });
});

describe('an external frame travels as a message', () => {
  test('cloned on its way, adopted once', () => {
    const pool = smallPool();
    const frame = pool.wrap(shared(1, 2, 3), 1);
    frame.tag = 5;
    const message = structuredClone(frame.transfer());
    expect(typeof message).toBe('object');
    const other = pool.adopt(message);
    expect([...other.bytes, other.tag]).toEqual([2, 3, 5]);
    refusedInVain(pool, () => pool.adopt(message), StaleHandleError, 'adopted already');
    expect(other.release()).toBe(true);
    refusedInVain(pool, () => pool.adopt(message), StaleHandleError, 'adopted already');
  });

  test('each share is adopted once, and the last release says so', () => {
    const pool = smallPool();
    const frame = pool.wrap(shared(1));
    const messages = [frame.share(), frame.share()];
    expect(frame.refCount).toBe(3);
    const others = messages.map((message) => pool.adopt(message));
    refusedInVain(pool, () => pool.adopt(messages[0] as never), StaleHandleError);
    expect([frame.release(), others[0]?.release(), others[1]?.release()]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('a message that is revoked ends its reference; revoking twice is too late', () => {
    const pool = smallPool();
    const frame = pool.wrap(shared(1));
    const message = frame.share();
    expect(pool.revoke(message)).toBe(true);
    expect(frame.refCount).toBe(1);
    expect(pool.revoke(message)).toBe(false);
    refusedInVain(pool, () => pool.adopt(message), StaleHandleError);
    expect(frame.release()).toBe(true);
  });

  test('a message with a part that is missing or out of bounds is refused', () => {
    const pool = smallPool();
    const frame = pool.wrap(shared(1, 2, 3, 4), 1, 2);
    const message = frame.share() as ExternalFrameMessage;
    const harms: Partial<Record<keyof ExternalFrameMessage, unknown>>[] = [
      { frameslab: 'pool' },
      { frameslab: undefined },
      { buffer: new ArrayBuffer(4) },
      { buffer: null },
      { byteOffset: -1 },
      { byteOffset: 5 },
      { byteOffset: 0.5 },
      { byteOffset: '1' },
      { capacity: 4 },
      { capacity: -1 },
      { capacity: Number.NaN },
      { control: new SharedArrayBuffer(32) },
      { control: new ArrayBuffer(64) },
      { control: undefined },
    ];
    for (const harm of harms) {
      const forged = wrong({ ...message, ...harm });
      refusedInVain(pool, () => pool.adopt(forged), StaleHandleError);
    }
    expect(pool.adopt(message).release()).toBe(false);
    expect(frame.release()).toBe(true);
  });

  test('a pool with a closed seat adopts none', () => {
    const pool = smallPool();
    const message = pool.wrap(shared(1)).transfer();
    pool.close();
    expect(() => pool.adopt(message)).toThrow(/closed/);
    expect(FramePool.attach(pool.ref).adopt(message).release()).toBe(true);
  });
});

describe('an oversize write', () => {
  const external = { oversize: 'external' } as const;
  const big = new Uint8Array(200).map((_, k) => k);

  test('is refused by default, and the frame stays as it was', () => {
    const pool = smallPool();
    const frame = pool.acquireSync().write(Uint8Array.of(1, 2));
    refusedInVain(pool, () => frame.write(big), FrameTooLargeError, '64 bytes', 200);
    expect([[...frame.bytes], frame.pooled]).toEqual([[1, 2], true]);
    expect(pool.stats().oversize).toBe(0);
    frame.release();
    expectAllHome(pool);
  });

  test.each(GUARDS)('moves the frame out, and its slot comes home (guard %s)', (guard) => {
    const pool = smallPool({ ...external, guard });
    const frame = pool.acquireSync().write(Uint8Array.of(1, 2));
    frame.timestamp = 1.5;
    frame.sequence = 7;
    frame.tag = 9;
    expect(frame.write(big, 4)).toBe(frame);
    expect([frame.pooled, frame.slot, frame.handle]).toEqual([false, -1, 0]);
    expect([frame.length, frame.capacity]).toEqual([204, 204]);
    expect([...frame.bytes]).toEqual([1, 2, 0, 0, ...big]);
    expect([frame.timestamp, frame.sequence, frame.tag]).toEqual([1.5, 7, 9]);
    expect(frame.bytes.buffer).not.toBe(pool.buffer);
    expect(pool.stats()).toMatchObject({ oversize: 1, framesInUse: 0 });
    expectAllHome(pool);
    const other = pool.adopt(structuredClone(frame.share()));
    expect(other.refCount).toBe(2);
    expect([frame.release(), other.release()]).toEqual([false, true]);
    expectAllHome(pool);
  });

  test('of an external frame moves it again', () => {
    const pool = smallPool(external);
    const frame = pool.wrap(shared(1, 2, 3, 4));
    frame.write(big);
    expect([frame.capacity, ...frame.bytes.subarray(0, 2)]).toEqual([200, 0, 1]);
    frame.write(new Uint8Array(300));
    expect([frame.capacity, frame.length, pool.stats().oversize]).toEqual([300, 300, 2]);
    expect(frame.release()).toBe(true);
    expectAllHome(pool);
  });

  test('of a shared frame is refused, and the frame stays where it is', () => {
    const pool = smallPool(external);
    for (const frame of [pool.acquireSync(2), pool.wrap(shared(1, 2))]) {
      frame.retain();
      const { pooled } = frame;
      refusedInVain(pool, () => frame.write(big), FrameSharedError);
      expect([frame.pooled, frame.refCount, frame.length]).toEqual([pooled, 2, 2]);
      frame[Symbol.dispose]();
    }
    expectAllHome(pool);
  });

  test.each(GUARDS)(
    'of a frame’s own bytes copies them before its slot goes (guard %s)',
    (guard) => {
      const pool = smallPool({ ...external, guard });
      const frame = pool.acquireSync().write(new Uint8Array(64).map((_, k) => k + 1));
      const own = [...frame.bytes];
      frame.write(frame.bytes, 64);
      expect([...frame.bytes]).toEqual([...own, ...own]);
      frame.release();
      expectAllHome(pool);
    },
  );

  test('of more than there is memory for is refused in our words', () => {
    const pool = smallPool(external);
    const frame = pool.acquireSync().write(Uint8Array.of(1, 2));
    for (const offset of [2 ** 45, Number.MAX_SAFE_INTEGER - 1]) {
      let fault: unknown;
      try {
        frame.write(Uint8Array.of(1), offset);
      } catch (reason) {
        fault = reason;
      }
      expect([FrameTooLargeError.code, SharedMemoryUnavailableError.code]).toContain(
        (fault as { code?: string }).code,
      );
      expect([[...frame.bytes], frame.pooled]).toEqual([[1, 2], true]);
    }
    expect(frame.release()).toBe(true);
    expectAllHome(pool);
  });

  test('that the guard objects to leaves a frame that can be released', () => {
    const pool = smallPool({ ...external, guard: 'verify' });
    const frame = pool.acquireSync().write(Uint8Array.of(1, 2));
    const early = frame.storage;
    const message = frame.share();
    early[0] = 77;
    pool.revoke(message);
    expect(frame.exclusive).toBe(true);
    expect(() => frame.write(big)).toThrow(/written while the frame was shared/);
    expect(frame.released).toBe(false);
    expect(frame.bytes[0]).toBe(77);
    expect(frame.write(big).release()).toBe(true);
    expectAllHome(pool);
  });

  test('leaves nothing that keeps the pool open', () => {
    const pool = smallPool(external);
    const frame = pool.acquireSync();
    refused(() => pool.close(), FramesHeldError);
    frame.write(big);
    frame.release();
    pool.close();
  });
});
