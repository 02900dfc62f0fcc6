/** Options: whatever is wrong is refused by name, with its value and its limit, before anything is made. */
import {
  FramePool,
  type FramePoolOptions,
  FrameTooLargeError,
  InvalidOptionError,
  SharedMemoryUnavailableError,
} from 'frameslab';
import { describe, expect, test } from 'vitest';
import { geometryOf } from '../../src/slab/geometry.js';
import { layoutOf } from '../../src/slab/layout.js';
import { expectAllHome, expectFault, refused, refusedInVain, smallPool, wrong } from './kit.js';

const shown = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value) : `${String(value)}`;

const withOption = (name: string, value: unknown): FramePoolOptions => wrong({ [name]: value });

describe('a size that is no size is refused, with its value and its limits', () => {
  test.each([0, -1, -4096, 0.5, 4096.5, Number.NaN, Infinity, -Infinity, 2 ** 31, 2 ** 53, 1e300])(
    'frameSizeBytes %s',
    (value) => {
      for (const make of [FramePool.create, FramePool.slabBytes]) {
        refused(
          () => make({ frameSizeBytes: value }),
          InvalidOptionError,
          'frameSizeBytes',
          'from 1 to 2147483647',
          value,
        );
      }
    },
  );

  test('the largest size is an honest one: more memory than there is says so', () => {
    refused(
      () => FramePool.create({ frameSizeBytes: 0x7fff_ffff, frames: 1 << 20, cacheFrames: 0 }),
      SharedMemoryUnavailableError,
      '1048576 slots',
      FramePool.slabBytes({ frameSizeBytes: 0x7fff_ffff, frames: 1 << 20, cacheFrames: 0 }),
    );
  });

  test('channels that would need more memory than there is are refused in our words', () => {
    refused(
      () =>
        FramePool.create({
          threadsMax: 256,
          cacheFrames: 0,
          channels: { wide: { capacity: 1 << 20, mode: 'broadcast' } },
        }),
      SharedMemoryUnavailableError,
    );
  });
});

describe('more slots than a handle can carry are refused', () => {
  test.each([
    [{ frames: (1 << 20) + 1, cacheFrames: 0 }, 1_048_577],
    [{ frames: 1 << 20, threadsMax: 1, cacheFrames: 1 }, 1_048_577],
    [{ frames: 1_000_000, threadsMax: 256, cacheFrames: 1024 }, 1_262_144],
    [{ frames: Number.MAX_SAFE_INTEGER, threadsMax: 1, cacheFrames: 0 }, '9007199254740991'],
  ])('%o', (options, slots) => {
    refused(
      () => FramePool.create(options),
      InvalidOptionError,
      'at most 1048576',
      'frames',
      slots,
    );
  });

  test('exactly as many as a handle can carry are drawn', () => {
    const geometry = geometryOf({ frames: 1 << 20, threadsMax: 1, cacheFrames: 0 });
    expect(layoutOf(geometry).slots).toBe(1 << 20);
  });
});

describe('numbers outside their limits are refused', () => {
  test.each([
    ['frames', 0, 'from 1'],
    ['frames', -5, 'from 1'],
    ['frames', 1.5, 'from 1'],
    ['frames', Number.NaN, 'from 1'],
    ['frames', Infinity, 'from 1'],
    ['threadsMax', 0, 'from 1 to 256'],
    ['threadsMax', 257, 'from 1 to 256'],
    ['threadsMax', 2.5, 'from 1 to 256'],
    ['cacheFrames', -1, 'from 0 to 1024'],
    ['cacheFrames', 1025, 'from 0 to 1024'],
    ['cacheFrames', 0.1, 'from 0 to 1024'],
    ['cacheFramesMax', 31, 'from 32 to 1024'],
    ['cacheFramesMax', 1025, 'from 32 to 1024'],
    ['headerBytes', -1, 'from 0 to 1048576'],
    ['headerBytes', (1 << 20) + 1, 'from 0 to 1048576'],
    ['preallocateBytes', -1, 'from 0'],
    ['preallocateBytes', Number.NaN, 'from 0'],
    ['preallocateBytes', 2 ** 60, 'from 0'],
    ['preallocateFramesMin', -1, 'from 0'],
    ['preallocateFramesMin', 0.5, 'from 0'],
    ['trace', -0.1, 'from 0 to 1'],
    ['trace', 1.1, 'from 0 to 1'],
    ['trace', Number.NaN, 'from 0 to 1'],
  ])('%s: %s', (name, value, limit) => {
    const make = (): unknown => FramePool.create(withOption(name, value));
    refused(make, InvalidOptionError, name, value, limit);
  });

  test('a minimum above the maximum is refused and names both', () => {
    refused(
      () => FramePool.create({ frames: 10, preallocateFramesMin: 11 }),
      InvalidOptionError,
      'preallocateFramesMin',
      '(10)',
      11,
    );
    expectAllHome(FramePool.create({ frames: 10, preallocateFramesMin: 10, frameSizeBytes: 64 }));
  });
});

describe('an option of the wrong type is refused by name', () => {
  const names = [
    'frameSizeBytes',
    'frames',
    'preallocateBytes',
    'preallocateFramesMin',
    'threadsMax',
    'cacheFrames',
    'cacheFramesMax',
    'headerBytes',
    'trace',
    'channels',
    'oversize',
    'guard',
    'buffer',
    'byteOffset',
  ];
  const numeric = (name: string): boolean => !['channels', 'oversize', 'guard'].includes(name);
  const cases = names.flatMap((name) => {
    const values: unknown[] = ['12', '', [], [1], {}, () => 1, 5n, Symbol('s'), new Date(0)];
    if (numeric(name)) values.push(new ArrayBuffer(8));
    else values.push(1, 0, true);
    if (name !== 'trace') values.push(true, false);
    return values
      .filter((value) => !(name === 'channels' && isPlainObject(value)))
      .map((value) => [name, value] as const);
  });
  test.each(cases)('%s: %s', (name, value) => {
    refused(() => FramePool.create(withOption(name, value)), InvalidOptionError, name);
  });

  test.each(names)('%s: null', (name) => {
    refused(() => FramePool.create(withOption(name, null)), InvalidOptionError, name);
  });

  test.each([[null], [0], ['frames'], [true], [() => 1], [5n], [Symbol('s')], [[]]])(
    'options themselves: %s',
    (value) => {
      refused(() => FramePool.create(wrong(value)), InvalidOptionError, 'options');
      refused(() => FramePool.slabBytes(wrong(value)), InvalidOptionError, 'options');
    },
  );

  test.each(['thro', 'Throw', 'external '])('oversize: %s names what is allowed', (value) => {
    const make = (): unknown => FramePool.create(withOption('oversize', value));
    refused(make, InvalidOptionError, "'throw', 'external'", shown(value));
  });

  test.each(['on', 'Verify', 'none'])('guard: %s names what is allowed', (value) => {
    const make = (): unknown => FramePool.create(withOption('guard', value));
    refused(make, InvalidOptionError, "'off', 'poison', 'verify'", shown(value));
  });

  test.each([
    [{ a: null }, 'channels.a'],
    [{ a: 5 }, 'channels.a'],
    [{ a: {} }, 'channels.a.capacity'],
    [{ a: { capacity: 0 } }, 'channels.a.capacity'],
    [{ a: { capacity: '4' } }, 'channels.a.capacity'],
    [{ a: { capacity: 1.5 } }, 'channels.a.capacity'],
    [{ a: { capacity: (1 << 20) + 1 } }, 'channels.a.capacity'],
    [{ a: { capacity: 4, mode: 'fanout' } }, 'channels.a.mode'],
    [{ a: { capacity: 4, whenFull: 'drop' } }, 'channels.a.whenFull'],
    [{ '': { capacity: 4 } }, 'name'],
    [{ ['x'.repeat(49)]: { capacity: 4 } }, '48'],
    [Object.fromEntries(Array.from({ length: 257 }, (_, k) => [`c${k}`, { capacity: 1 }])), 256],
  ])('channels: %o', (channels, part) => {
    refused(() => FramePool.create(withOption('channels', channels)), InvalidOptionError, part);
  });

  function isPlainObject(value: unknown): boolean {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
});

describe('memory that exists already is looked at before it is touched', () => {
  const options = { frameSizeBytes: 64, frames: 4, threadsMax: 2, cacheFrames: 0 };
  const bytes = FramePool.slabBytes(options);
  const dirty = (size: number): SharedArrayBuffer => {
    const buffer = new SharedArrayBuffer(size);
    new Uint8Array(buffer).fill(0xff);
    return buffer;
  };
  const expectUntouched = (buffer: SharedArrayBuffer): void => {
    expect(new Uint8Array(buffer).every((byte) => byte === 0xff)).toBe(true);
  };

  test('a buffer too small by one byte is refused, untouched', () => {
    const buffer = dirty(bytes - 1);
    refused(
      () => FramePool.create({ ...options, buffer }),
      InvalidOptionError,
      bytes,
      bytes - 1,
      'byteOffset 0',
    );
    expectUntouched(buffer);
  });

  test('an offset that leaves too little is refused, untouched', () => {
    const buffer = dirty(bytes + 64);
    const make = (): unknown => FramePool.create({ ...options, buffer, byteOffset: 128 });
    refused(make, InvalidOptionError, bytes, bytes + 64, 128);
    expectUntouched(buffer);
  });

  test.each([1, 8, 63, 65, -64, 0.5, Number.NaN])('byteOffset %s is refused', (byteOffset) => {
    const buffer = dirty(bytes + 4096);
    const make = (): unknown => FramePool.create({ ...options, buffer, byteOffset });
    refused(make, InvalidOptionError, 'byteOffset', byteOffset);
    expectUntouched(buffer);
  });

  test('a byteOffset without a buffer is refused', () => {
    refused(() => FramePool.create({ byteOffset: 64 }), InvalidOptionError, 'byteOffset', 64);
  });

  test('a buffer that is not shared is refused', () => {
    const buffer = wrong(new ArrayBuffer(bytes));
    refused(() => FramePool.create({ ...options, buffer }), InvalidOptionError, 'ArrayBuffer');
  });
});

describe('arguments are checked before anything is taken', () => {
  test.each([-1, 0.5, Number.NaN, Infinity, '8', null, [], {}])('a length of %s', (value) => {
    const pool = smallPool();
    const length = wrong(value);
    refusedInVain(pool, () => pool.tryAcquire(length), InvalidOptionError, 'length', '64');
    refusedInVain(pool, () => pool.acquireSync(length), InvalidOptionError, 'length');
    refusedInVain(pool, () => pool.acquireMany(2, length), InvalidOptionError, 'length');
    expectAllHome(pool);
  });

  test.each([65, 2 ** 31, Number.MAX_SAFE_INTEGER])('a length of %s is too large', (length) => {
    const pool = smallPool();
    const acts = [
      () => pool.tryAcquire(length),
      () => pool.acquireSync(length),
      () => pool.acquireMany(1, length),
    ];
    for (const act of acts) refusedInVain(pool, act, FrameTooLargeError, '64 bytes', length);
    expectAllHome(pool);
  });

  test('the promise form refuses a length as the others do', async () => {
    const pool = smallPool();
    expectFault(await pool.acquire(65).catch((fault) => fault), FrameTooLargeError, 64, 65);
    expectFault(await pool.acquire(-1).catch((fault) => fault), InvalidOptionError, 'length', -1);
    expectAllHome(pool);
  });

  test.each(['now', {}, 5, true])(
    'a signal that is none (%s) is refused by name',
    async (signal) => {
      const pool = smallPool();
      const asked = pool.acquire(0, { signal: wrong(signal) });
      expectFault(await asked.catch((fault) => fault), InvalidOptionError, 'signal');
      expectAllHome(pool);
    },
  );

  test.each([[-1], [Number.NaN], ['5'], [{}]])(
    'a timeout of %s is refused, full or empty',
    async (ms) => {
      const pool = smallPool({ frames: 1 });
      const timeoutMs = wrong(ms);
      for (const held of [false, true]) {
        const frame = held ? pool.tryAcquire() : undefined;
        refusedInVain(pool, () => pool.acquireSync(0, timeoutMs), InvalidOptionError, 'timeoutMs');
        const fault = await pool.acquire(0, { timeoutMs }).catch((reason) => reason);
        expectFault(fault, InvalidOptionError, 'timeoutMs');
        frame?.release();
      }
      expectAllHome(pool);
    },
  );

  test.each([-1, 0.5, Number.NaN, 5, '2', null, undefined])('a count of %s', (count) => {
    const pool = smallPool();
    const act = (): unknown => pool.acquireMany(wrong(count));
    refusedInVain(pool, act, InvalidOptionError, 'count', 'from 0 to 4');
  });

  test.each([-1, 4, 0.5, Number.NaN, '0', null])('a seat of %s to reclaim', (seat) => {
    const pool = smallPool();
    refusedInVain(pool, () => pool.reclaim(wrong(seat)), InvalidOptionError, 'seat', 'from 0 to 3');
  });

  test('one’s own seat cannot be reclaimed, nor a living one without a word for its end', () => {
    const pool = smallPool();
    refusedInVain(pool, () => pool.reclaim(pool.seat), InvalidOptionError, pool.seat, 'close()');
  });

  test.each([null, undefined, 5, {}, { threadId: 3 }, { threadId: -1, once: () => {} }])(
    'watching %o is refused',
    (worker) => {
      const pool = smallPool();
      refusedInVain(pool, () => pool.watch(wrong(worker)), InvalidOptionError, 'watch');
    },
  );

  test('a channel that was not declared is refused, and those that were are named', () => {
    const pool = smallPool({ channels: { audio: { capacity: 4 } } });
    refusedInVain(pool, () => pool.channel('video'), InvalidOptionError, '"video"', "'audio'");
    refusedInVain(pool, () => pool.channel(wrong(5)), InvalidOptionError, "'audio'");
    refused(() => smallPool().channel('x'), InvalidOptionError, 'none');
  });
});
