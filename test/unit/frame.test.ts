/** A frame, member by member. */
import {
  type Frame,
  type FramePool,
  FrameReleasedError,
  FrameSharedError,
  FrameTooLargeError,
  InvalidOptionError,
  PoolExhaustedError,
} from 'frameslab';
import { describe, expect, test } from 'vitest';
import { expectAllHome, refusedInVain, smallPool, wrong } from './kit.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

describe('each frame object counts its own references', () => {
  test('a fresh frame has one, and is exclusive', () => {
    const pool = smallPool();
    const frame = pool.acquireSync();
    expect([frame.refCount, frame.exclusive, frame.released, frame.pooled]).toEqual([
      1,
      true,
      false,
      true,
    ]);
    expect(frame.release()).toBe(true);
    expect(frame.released).toBe(true);
    expectAllHome(pool);
  });

  test('retain adds one, and only the last release says so', () => {
    const pool = smallPool();
    const frame = pool.acquireSync();
    expect(frame.retain()).toBe(frame);
    expect(frame.retain().refCount).toBe(3);
    expect(frame.exclusive).toBe(false);
    expect([frame.release(), frame.release()]).toEqual([false, false]);
    expect(frame.exclusive).toBe(true);
    expect(frame.release()).toBe(true);
    expectAllHome(pool);
  });

  test('two objects on one slot do not release each other’s references', () => {
    const pool = smallPool();
    const one = pool.acquireSync(4);
    const two = pool.adopt(one.share());
    expect([one.slot, one.handle, one.refCount]).toEqual([two.slot, two.handle, 2]);
    expect(one.release()).toBe(false);
    refusedInVain(pool, () => one.release(), FrameReleasedError);
    expect([two.refCount, two.exclusive]).toEqual([1, true]);
    expect(two.release()).toBe(true);
    refusedInVain(pool, () => two.release(), FrameReleasedError);
    expectAllHome(pool);
  });

  test('a frame that was retained survives the transfer of one reference', () => {
    const pool = smallPool();
    const frame = pool.acquireSync(4).retain();
    const message = frame.transfer();
    expect([frame.released, frame.refCount, frame.exclusive]).toEqual([false, 2, false]);
    const other = pool.adopt(message);
    expect(frame.release()).toBe(false);
    expect(other.exclusive).toBe(true);
    expect(other.release()).toBe(true);
    expectAllHome(pool);
  });

  test('dispose releases all that is left, once', () => {
    const pool = smallPool();
    {
      using frame = pool.acquireSync(4);
      frame.retain().retain();
      expect(frame.refCount).toBe(3);
    }
    expectAllHome(pool);
    const spent = pool.acquireSync(4);
    const message = spent.transfer();
    spent[Symbol.dispose]();
    expect(pool.adopt(message).release()).toBe(true);
    expectAllHome(pool);
  });

  test('a message is one non-zero signed 31-bit integer, and the handle of its frame', () => {
    const pool = smallPool();
    const frame = pool.acquireSync(4);
    const { handle } = frame;
    const message = frame.transfer();
    expect(message).toBe(handle);
    expect([Number.isInteger(message), message !== 0]).toEqual([true, true]);
    expect(((message as number) << 1) >> 1).toBe(message);
    expect(pool.adopt(JSON.parse(JSON.stringify(message))).release()).toBe(true);
    expectAllHome(pool);
  });
});

describe('a shared frame cannot be written, and an exclusive one can', () => {
  const WRITES: readonly [name: string, write: (frame: Frame) => unknown][] = [
    ['storage', (frame) => frame.storage],
    ['write', (frame) => frame.write(bytes(1))],
    ['length', (frame) => (frame.length = 1)],
    ['timestamp', (frame) => (frame.timestamp = 1)],
    ['sequence', (frame) => (frame.sequence = 1)],
    ['tag', (frame) => (frame.tag = 1)],
  ];
  const SHARINGS: readonly [name: string, share: (frame: Frame, pool: FramePool) => () => void][] =
    [
      [
        'retained',
        (frame) => {
          frame.retain();
          return () => void frame.release();
        },
      ],
      [
        'with a message in flight',
        (frame, pool) => {
          const message = frame.share();
          return () => void pool.adopt(message).release();
        },
      ],
      [
        'with another object on it',
        (frame, pool) => {
          const other = pool.adopt(frame.share());
          return () => void other.release();
        },
      ],
    ];
  const cases = SHARINGS.flatMap(([how, share]) =>
    WRITES.map(([what, write]) => [what, how, share, write] as const),
  );

  test.each(cases)('%s, %s', (_what, _how, share, write) => {
    const pool = smallPool();
    const frame = pool.acquireSync(8);
    frame.write(bytes(9, 9));
    frame.tag = 7;
    const end = share(frame, pool);
    const words = [`slot ${frame.slot}`, 'generation', '2 references', 'unshare'];
    refusedInVain(pool, () => write(frame), FrameSharedError, ...words);
    expect([...frame.bytes, frame.tag, frame.timestamp]).toEqual([9, 9, 7, 0]);
    end();
    expect(frame.exclusive).toBe(true);
    write(frame);
    expect(frame.release()).toBe(true);
    expectAllHome(pool);
  });

  test('reading a shared frame is always possible', () => {
    const pool = smallPool({ headerBytes: 4 });
    const frame = pool.acquireSync().write(bytes(1, 2, 3, 4));
    const other = pool.adopt(frame.share());
    expect([...other.bytes]).toEqual([1, 2, 3, 4]);
    expect([...other.copy(), ...other.buffer(), ...other.view(Uint16Array)]).toHaveLength(10);
    expect(other.header.byteLength).toBe(4);
    other.release();
    frame.release();
    expectAllHome(pool);
  });
});

describe('unshare copies on write', () => {
  test('an exclusive frame is itself', () => {
    const pool = smallPool();
    const frame = pool.acquireSync(4);
    expect(frame.unshare()).toBe(frame);
    frame.release();
    expectAllHome(pool);
  });

  test('a shared one gives a private copy and ends one reference of its own', () => {
    const pool = smallPool();
    const frame = pool.acquireSync().write(bytes(1, 2, 3));
    frame.timestamp = 12.5;
    frame.sequence = 2 ** 40;
    frame.tag = -5;
    const other = pool.adopt(frame.share());
    const copy = other.unshare();
    expect(copy).not.toBe(other);
    expect(copy.slot).not.toBe(frame.slot);
    expect([copy.exclusive, other.released, frame.exclusive]).toEqual([true, true, true]);
    expect([...copy.bytes, copy.timestamp, copy.sequence, copy.tag]).toEqual([
      1,
      2,
      3,
      12.5,
      2 ** 40,
      -5,
    ]);
    copy.storage[0] = 99;
    expect(frame.bytes[0]).toBe(1);
    expect([frame.release(), copy.release()]).toEqual([true, true]);
    expectAllHome(pool);
  });

  test('the copy has the user header too', () => {
    const pool = smallPool({ headerBytes: 12 });
    const frame = pool.acquireSync().write(bytes(1));
    frame.header.setFloat64(0, 2.5);
    frame.header.setInt32(8, -3);
    const copy = pool.adopt(frame.share()).unshare();
    expect([copy.header.getFloat64(0), copy.header.getInt32(8)]).toEqual([2.5, -3]);
    frame.release();
    copy.release();
    expectAllHome(pool);
  });

  test('an empty frame is copied too', () => {
    const pool = smallPool();
    const frame = pool.acquireSync();
    const copy = pool.adopt(frame.share()).unshare();
    expect(copy.length).toBe(0);
    frame.release();
    copy.release();
    expectAllHome(pool);
  });

  test('with no slot free it is refused, and nothing has changed', () => {
    const pool = smallPool({ frames: 1 });
    const frame = pool.acquireSync(4).retain();
    refusedInVain(pool, () => frame.unshare(), PoolExhaustedError, 'slot');
    expect([frame.refCount, frame.length]).toEqual([2, 4]);
    frame[Symbol.dispose]();
    expectAllHome(pool);
  });
});

describe('write copies in', () => {
  test('any view, ArrayBuffer or SharedArrayBuffer, by its bytes', () => {
    const pool = smallPool();
    const frame = pool.acquireSync();
    const source = bytes(1, 2, 3, 4, 5, 6, 7, 8);
    const shared = new SharedArrayBuffer(8);
    new Uint8Array(shared).set(source);
    const writes: [ArrayBufferView | ArrayBufferLike, number[]][] = [
      [source, [1, 2, 3, 4, 5, 6, 7, 8]],
      [source.subarray(2, 5), [3, 4, 5]],
      [source.buffer, [1, 2, 3, 4, 5, 6, 7, 8]],
      [shared, [1, 2, 3, 4, 5, 6, 7, 8]],
      [new Uint8Array(shared, 6), [7, 8]],
      [new DataView(source.buffer, 1, 2), [2, 3]],
      [Buffer.from([250, 251]), [250, 251]],
      [Uint16Array.of(0x0201), [1, 2]],
      [Float64Array.of(0), [0, 0, 0, 0, 0, 0, 0, 0]],
      [new Uint8Array(0), []],
    ];
    for (const [data, expected] of writes) {
      expect(frame.write(data)).toBe(frame);
      expect([frame.length, ...frame.bytes]).toEqual([expected.length, ...expected]);
    }
    frame.release();
    expectAllHome(pool);
  });

  test('at an offset: the length becomes offset plus size, and a gap is zeros', () => {
    const pool = smallPool({ frames: 1 });
    const dirty = pool.acquireSync(64);
    dirty.storage.fill(0xee);
    dirty.release();
    const frame = pool.acquireSync();
    frame.write(bytes(1, 2)).write(bytes(3), 6);
    expect([...frame.bytes]).toEqual([1, 2, 0, 0, 0, 0, 3]);
    frame.write(bytes(9), 1);
    expect([...frame.bytes]).toEqual([1, 9]);
    frame.write(new Uint8Array(0), 5);
    expect([...frame.bytes]).toEqual([1, 9, 0, 0, 0]);
    frame.write(bytes(7), 63);
    expect(frame.length).toBe(64);
    expect([...frame.bytes.subarray(5)]).toEqual([...new Array(58).fill(0), 7]);
    frame.release();
    expectAllHome(pool);
  });

  test('from itself, overlapping', () => {
    const pool = smallPool();
    const frame = pool.acquireSync().write(bytes(1, 2, 3, 4));
    frame.write(frame.bytes, 2);
    expect([...frame.bytes]).toEqual([1, 2, 1, 2, 3, 4]);
    frame.release();
  });

  test('exactly the capacity fits; one byte more is refused and changes nothing', () => {
    const pool = smallPool();
    const frame = pool.acquireSync().write(new Uint8Array(64).fill(5));
    expect(frame.length).toBe(64);
    frame.write(bytes(1, 2));
    refusedInVain(pool, () => frame.write(new Uint8Array(65)), FrameTooLargeError, '64 bytes', 65);
    refusedInVain(pool, () => frame.write(bytes(1), 64), FrameTooLargeError, 64, 65);
    refusedInVain(pool, () => frame.write(bytes(), 2 ** 52), FrameTooLargeError, 64, 2 ** 52);
    expect([...frame.bytes]).toEqual([1, 2]);
    expect(frame.storage[2]).toBe(5);
    frame.release();
    expectAllHome(pool);
  });

  test.each([null, undefined, 5, 'text', [1, 2], {}, { byteLength: 4 }, true, () => 1])(
    'writing %o is refused',
    (data) => {
      const pool = smallPool();
      const frame = pool.acquireSync().write(bytes(1));
      refusedInVain(pool, () => frame.write(wrong(data)), InvalidOptionError, 'write takes');
      expect([...frame.bytes]).toEqual([1]);
      frame.release();
    },
  );

  test.each([-1, 0.5, Number.NaN, Infinity, '2', null, {}])(
    'an offset of %s is refused',
    (offset) => {
      const pool = smallPool();
      const frame = pool.acquireSync().write(bytes(1));
      const act = (): unknown => frame.write(bytes(2), wrong(offset));
      refusedInVain(pool, act, InvalidOptionError, 'offset');
      expect([...frame.bytes]).toEqual([1]);
      frame.release();
    },
  );
});

describe('length bounds what is valid', () => {
  test('from 0 to the capacity, and the bytes follow', () => {
    const pool = smallPool();
    const frame = pool.acquireSync();
    expect([frame.length, frame.capacity, frame.bytes.length]).toEqual([0, 64, 0]);
    for (const length of [1, 64, 0, 63]) {
      frame.length = length;
      expect([frame.length, frame.bytes.length, frame.storage.length]).toEqual([
        length,
        length,
        64,
      ]);
    }
    expect(frame.bytes).toBe(frame.bytes);
    frame.release();
  });

  test.each([65, 2 ** 31, 2 ** 53 - 1])('a length of %s is too large', (length) => {
    const pool = smallPool();
    const frame = pool.acquireSync(3);
    refusedInVain(pool, () => (frame.length = length), FrameTooLargeError, '64 bytes', length);
    expect(frame.length).toBe(3);
    frame.release();
  });

  test.each([-1, 0.5, Number.NaN, Infinity, '3', null, undefined, {}])(
    'a length of %s',
    (length) => {
      const pool = smallPool();
      const frame = pool.acquireSync(3);
      const act = (): unknown => (frame.length = wrong(length));
      refusedInVain(pool, act, InvalidOptionError, 'length', 'from 0 to 64');
      expect(frame.length).toBe(3);
      frame.release();
    },
  );
});

describe('views lie in place', () => {
  const KINDS = [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ] as const;

  test.each(KINDS.map((kind) => [kind.name, kind] as const))('view(%s)', (_name, kind) => {
    const pool = smallPool();
    const frame = pool.acquireSync(48);
    const view = frame.view(kind as typeof Uint8Array);
    expect(view).toBeInstanceOf(kind);
    expect(view.buffer).toBe(pool.buffer);
    expect([view.byteOffset, view.byteLength]).toEqual([frame.byteOffset, 48]);
    const one = kind === BigInt64Array || kind === BigUint64Array ? wrong(1n) : 1;
    view[view.length - 1] = one;
    expect(frame.bytes.some((byte) => byte !== 0)).toBe(true);
    frame.length = 0;
    expect(frame.view(kind as typeof Uint8Array).length).toBe(0);
    frame.release();
  });

  test.each(
    KINDS.filter((kind) => kind.BYTES_PER_ELEMENT > 1).map((kind) => [kind.name, kind] as const),
  )('view(%s) of bytes that are not whole elements is refused', (_name, kind) => {
    const pool = smallPool();
    const size = kind.BYTES_PER_ELEMENT;
    const frame = pool.acquireSync(size + 1);
    const act = (): unknown => frame.view(kind as typeof Uint8Array);
    refusedInVain(pool, act, InvalidOptionError, `${size}-byte`, size + 1, frame.byteOffset);
    frame.release();
  });

  test('a view of external memory that begins in the middle of an element is refused', () => {
    const pool = smallPool();
    const frame = pool.wrap(new SharedArrayBuffer(16), 2, 8);
    refusedInVain(pool, () => frame.view(Float32Array), InvalidOptionError, '4-byte', 'at 2');
    expect(frame.view(Int16Array).length).toBe(4);
    frame.release();
  });

  test.each([null, undefined, 5, 'Float32Array', {}, DataView, Array, () => 1])(
    'view(%o) is refused',
    (kind) => {
      const pool = smallPool();
      const frame = pool.acquireSync(8);
      refusedInVain(pool, () => frame.view(wrong(kind)), InvalidOptionError, 'typed arrays');
      frame.release();
    },
  );

  test('buffer() is a Node Buffer over the same bytes', () => {
    const pool = smallPool();
    const frame = pool.acquireSync().write(Buffer.from('hello'));
    const buffer = frame.buffer();
    expect(Buffer.isBuffer(buffer)).toBe(true);
    expect(buffer.toString()).toBe('hello');
    expect(buffer.buffer).toBe(pool.buffer);
    frame.storage[0] = 'J'.charCodeAt(0);
    expect(buffer.toString()).toBe('Jello');
    frame.release();
  });

  test('copy() is private, and not shared memory', () => {
    const pool = smallPool();
    const frame = pool.acquireSync().write(bytes(1, 2, 3));
    const copy = frame.copy();
    expect(copy.buffer).toBeInstanceOf(ArrayBuffer);
    frame.storage[0] = 9;
    expect([...copy]).toEqual([1, 2, 3]);
    expect(new TextDecoder().decode(copy)).toHaveLength(3);
    frame.release();
  });

  test('bytes and storage lie at byteOffset of the pool’s buffer', () => {
    const pool = smallPool();
    const frame = pool.acquireSync(10);
    for (const view of [frame.bytes, frame.storage]) {
      expect(view.buffer).toBe(pool.buffer);
      expect(view.byteOffset).toBe(frame.byteOffset);
    }
    expect(frame.byteOffset % 64).toBe(0);
    frame.release();
  });
});

describe('a frame carries its own numbers', () => {
  test('timestamp, sequence and tag keep what they were given', () => {
    const pool = smallPool();
    const frame = pool.acquireSync();
    for (const value of [0.1, -1e308, 2 ** 53, Number.NaN, Infinity]) {
      frame.timestamp = value;
      expect(frame.timestamp).toBe(value);
    }
    for (const value of [0, 1, 2 ** 31, 2 ** 53 - 1]) {
      frame.sequence = value;
      expect(frame.sequence).toBe(value);
    }
    for (const value of [0, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      frame.tag = value;
      expect(frame.tag).toBe(value);
    }
    frame.release();
  });

  test.each([0.5, 2 ** 31, Number.NaN, '1', null, {}])('a tag of %s is refused', (tag) => {
    const pool = smallPool();
    for (const frame of [pool.acquireSync(), pool.wrap(new SharedArrayBuffer(8))]) {
      frame.tag = 3;
      refusedInVain(pool, () => (frame.tag = wrong(tag)), InvalidOptionError, 'tag');
      expect(frame.tag).toBe(3);
      frame.release();
    }
  });

  test.each(['5', null, undefined, 5n, {}, true])('a timestamp of %s is refused', (value) => {
    const pool = smallPool();
    for (const frame of [pool.acquireSync(), pool.wrap(new SharedArrayBuffer(8))]) {
      refusedInVain(pool, () => (frame.timestamp = wrong(value)), InvalidOptionError, 'timestamp');
      refusedInVain(pool, () => (frame.sequence = wrong(value)), InvalidOptionError, 'sequence');
      expect([frame.timestamp, frame.sequence]).toEqual([0, 0]);
      frame.release();
    }
  });

  test.each([0, 1, 2, 3])('a fresh lease begins at zero, with caches of %s', (cacheFrames) => {
    const pool = smallPool({ frames: 1, threadsMax: 1, cacheFrames });
    for (let k = 0; k < 20; k++) {
      const frame = pool.acquireSync();
      expect([frame.length, frame.timestamp, frame.sequence, frame.tag]).toEqual([0, 0, 0, 0]);
      frame.length = 5;
      frame.timestamp = 1.5;
      frame.sequence = 2;
      frame.tag = 3;
      if (k % 2 === 0) frame.release();
      else pool.adopt(frame.transfer()).release();
    }
    expectAllHome(pool);
  });

  test('an adopted frame has what its sender wrote', () => {
    const pool = smallPool({ headerBytes: 4 });
    const frame = pool.acquireSync().write(bytes(1, 2));
    frame.timestamp = 1.5;
    frame.sequence = 2;
    frame.tag = 3;
    frame.header.setUint32(0, 0xdead_beef);
    const other = pool.adopt(frame.transfer());
    expect([...other.bytes, other.timestamp, other.sequence, other.tag]).toEqual([1, 2, 1.5, 2, 3]);
    expect(other.header.getUint32(0)).toBe(0xdead_beef);
    other.release();
    expectAllHome(pool);
  });
});

describe('no byte belongs to two frames', () => {
  const SHAPES = [
    [1, 0],
    [1, 1],
    [63, 65],
    [64, 64],
    [65, 0],
    [100, 7],
    [4096, 0],
    [4097, 129],
  ] as const;

  test.each(SHAPES)(
    'frames of %s bytes with headers of %s bytes',
    (frameSizeBytes, headerBytes) => {
      const pool = smallPool({ frameSizeBytes, headerBytes, frames: 5 });
      const frames = pool.acquireMany(5) ?? [];
      expect(frames).toHaveLength(5);
      const spans = frames.flatMap((frame) => [
        [frame.storage.byteOffset, frame.storage.byteLength] as const,
        [frame.header.byteOffset, frame.header.byteLength] as const,
      ]);
      const taken = spans.filter(([, length]) => length > 0).sort(([a], [b]) => a - b);
      taken.forEach(([at, length], k) => {
        const next = taken[k + 1]?.[0] ?? pool.buffer.byteLength;
        expect(at + length).toBeLessThanOrEqual(next);
      });
      frames.forEach((frame, k) => {
        expect([frame.header.byteLength, frame.capacity]).toEqual([headerBytes, frameSizeBytes]);
        expect([frame.byteOffset % 64, frame.header.byteOffset % 64]).toEqual([0, 0]);
        frame.storage.fill(k + 1);
        for (let at = 0; at < headerBytes; at++) frame.header.setUint8(at, 0x80 + k);
      });
      frames.forEach((frame, k) => {
        expect(frame.storage.every((byte) => byte === k + 1)).toBe(true);
        for (let at = 0; at < headerBytes; at++) expect(frame.header.getUint8(at)).toBe(0x80 + k);
        frame.release();
      });
      expectAllHome(pool);
    },
  );

  test('an external frame has a header of its own, and takes the slot’s along when it moves', () => {
    const pool = smallPool({ headerBytes: 8, oversize: 'external', frameSizeBytes: 4 });
    const wrapped = pool.wrap(new SharedArrayBuffer(8));
    expect([wrapped.header.byteLength, wrapped.header.getUint8(0)]).toEqual([8, 0]);
    const frame = pool.acquireSync();
    frame.header.setUint8(3, 33);
    frame.write(new Uint8Array(9));
    expect([frame.pooled, frame.header.getUint8(3)]).toEqual([false, 33]);
    const adopted = pool.adopt(frame.transfer());
    expect(adopted.header.getUint8(3)).toBe(33);
    adopted.release();
    wrapped.release();
  });
});
