/** Attaching: nothing is believed that was not verified, and a refusal changes nothing. */
import { FramePool, InvalidOptionError, SeatsExhaustedError, SlabFormatError } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { CATALOG, HEADER } from '../../src/slab/layout.js';
import { Slab } from '../../src/slab/slab.js';
import { Seats } from '../../src/threads/seats.js';
import { expectAllHome, expectFault, refused, refusedInVain, smallPool, wrong } from './kit.js';

/** A private copy of a slab's memory, of `bytes` bytes. */
function copyOf(pool: FramePool, bytes = pool.buffer.byteLength): SharedArrayBuffer {
  const copy = new SharedArrayBuffer(bytes);
  const source = new Uint8Array(pool.buffer, 0, Math.min(bytes, pool.buffer.byteLength));
  new Uint8Array(copy).set(source);
  return copy;
}

const channels = { one: { capacity: 4 }, two: { capacity: 3, mode: 'broadcast' } } as const;

describe('what is no slab is refused', () => {
  test.each([undefined, null, 5, 'slab', true, {}, [], new ArrayBuffer(4096), new Uint8Array(8)])(
    'attach(%o)',
    (source) => {
      refused(() => FramePool.attach(wrong(source)), InvalidOptionError, 'SharedArrayBuffer');
    },
  );

  test.each([0, 1, 4, 64, 255, 256, 257, 4096, 65_536])('%s zero bytes', (bytes) => {
    refused(() => FramePool.attach(new SharedArrayBuffer(bytes)), SlabFormatError);
  });

  test('random bytes', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const buffer = new SharedArrayBuffer(4096);
      const words = new Int32Array(buffer);
      words.forEach((_, k) => {
        words[k] = Math.imul(seed * 4096 + k, 0x9e37_79b1);
      });
      refused(() => FramePool.attach(buffer), SlabFormatError, 'magic');
    }
  });

  test('a ref whose buffer was copied on its way names the mistake', () => {
    const pool = smallPool();
    const buffer = wrong(new ArrayBuffer(64));
    const attach = (): unknown => FramePool.attach({ ...pool.ref, buffer });
    refused(attach, SlabFormatError, 'SharedArrayBuffer', 'copied');
    refused(() => FramePool.attach({ ...pool.ref, buffer: wrong(null) }), SlabFormatError);
  });

  test.each([1, 32, -64, 0.5, Number.NaN, '0', null, undefined, Number.MAX_SAFE_INTEGER])(
    'a ref at byteOffset %s',
    (byteOffset) => {
      const pool = smallPool();
      const ref = { ...pool.ref, byteOffset: wrong(byteOffset) };
      refusedInVain(pool, () => FramePool.attach(ref), SlabFormatError);
    },
  );

  test('a ref past the end of its buffer', () => {
    const pool = smallPool();
    const byteOffset = Math.ceil(pool.buffer.byteLength / 64) * 64 + 64;
    refusedInVain(pool, () => FramePool.attach({ ...pool.ref, byteOffset }), SlabFormatError);
  });

  test('another byte order, named as such', () => {
    const buffer = copyOf(smallPool());
    const view = new DataView(buffer);
    for (let at = 0; at < HEADER.size * 4; at += 4) {
      view.setInt32(at, view.getInt32(at, true), false);
    }
    refused(() => FramePool.attach(buffer), SlabFormatError, 'byte order');
  });

  test.each([0, 2, 7, -1])('format version %s, named beside the one that is spoken', (version) => {
    const buffer = copyOf(smallPool());
    new Int32Array(buffer)[HEADER.version] = version;
    refused(
      () => FramePool.attach(buffer),
      SlabFormatError,
      `format ${version}`,
      'format 1',
      '0.1',
    );
  });
});

describe('a cut-off slab is refused', () => {
  test('at every length up to the whole', () => {
    const pool = FramePool.create({
      frameSizeBytes: 64,
      frames: 2,
      threadsMax: 1,
      cacheFrames: 0,
      channels,
    });
    const whole = pool.buffer.byteLength;
    for (let bytes = 0; bytes < whole; bytes += bytes < 1024 ? 4 : 52) {
      refused(() => FramePool.attach(copyOf(pool, bytes)), SlabFormatError);
    }
    const fault = refused(() => FramePool.attach(copyOf(pool, whole - 1)), SlabFormatError, whole);
    expect(fault.message).toContain(String(whole - 1));
  });
});

describe('a damaged header is refused', () => {
  test('whichever word of header or catalog was damaged, and however', () => {
    const pool = smallPool({ channels });
    const words = HEADER.size + 2 * CATALOG.size;
    const damage = [
      (word: number) => ~word,
      (word: number) => word ^ 1,
      (word: number) => word ^ (1 << 31),
      (word: number) => (word + 1) | 0,
      (word: number) => (word === 0 ? 0x7fff_ffff : 0),
    ];
    const source = copyOf(pool);
    const ints = new Int32Array(source);
    const seats = Array.from(ints);
    for (let k = 0; k < words; k++) {
      const right = ints[k] as number;
      for (const harm of damage) {
        ints[k] = harm(right);
        refused(() => FramePool.attach(source), SlabFormatError);
        ints[k] = right;
      }
    }
    expect(Array.from(ints)).toEqual(seats); // and nothing was written while it was refused
    expectAllHome(pool);
  });

  test('two words swapped', () => {
    const source = copyOf(smallPool({ channels, headerBytes: 7 }));
    const ints = new Int32Array(source);
    for (let k = 4; k < HEADER.size; k++) {
      const a = ints[k] as number;
      const b = ints[k + 1] as number;
      if (a === b) continue;
      ints[k] = b;
      ints[k + 1] = a;
      refused(() => FramePool.attach(source), SlabFormatError);
      ints[k] = a;
      ints[k + 1] = b;
    }
  });

  test('a header with a checksum that fits, but with numbers that cannot be', () => {
    const pool = smallPool({ channels });
    const fields = [
      HEADER.frameSizeBytes,
      HEADER.frames,
      HEADER.threadsMax,
      HEADER.cacheFrames,
      HEADER.cacheFramesMax,
      HEADER.headerBytes,
      HEADER.oversize,
      HEADER.guard,
      HEADER.size + CATALOG.mode,
      HEADER.size + CATALOG.capacity,
      HEADER.size + CATALOG.nameLength,
    ];
    for (const field of fields) {
      for (const value of [-1, -(2 ** 31), 2 ** 31 - 1, 2 ** 21]) {
        const source = copyOf(pool);
        const ints = new Int32Array(source);
        ints[field] = value;
        ints[HEADER.checksum] = checksumOf(ints, 2);
        expectRefusedOrHarmless(source);
      }
    }
  });

  /** A mode or a name that never was cannot be told from a true one; it must do no harm. */
  function expectRefusedOrHarmless(source: SharedArrayBuffer): void {
    let pool: FramePool;
    try {
      pool = FramePool.attach(source);
    } catch (fault) {
      expectFault(fault, SlabFormatError);
      return;
    }
    expect(pool.audit().ok).toBe(true);
    expect(pool.tryAcquire()?.release()).toBe(true);
    pool.close();
  }

  function checksumOf(ints: Int32Array, count: number): number {
    let hash = 0x811c_9dc5;
    for (let k = 0; k < HEADER.size + count * CATALOG.size; k++) {
      if (k === HEADER.magic || k === HEADER.checksum) continue;
      hash = Math.imul(hash ^ (ints[k] as number), 0x0100_0193);
      hash ^= hash >>> 15;
    }
    return hash | 0;
  }
});

describe('a thread has one seat per slab', () => {
  test('attaching again, by ref, by clone or by buffer, returns the same object', () => {
    const pool = smallPool();
    expect(FramePool.attach(pool.ref)).toBe(pool);
    expect(FramePool.attach(structuredClone(pool.ref))).toBe(pool);
    expect(FramePool.attach(pool.buffer)).toBe(pool);
    expect(pool.stats().threads).toHaveLength(1);
  });

  test('a closed pool frees its seat; attaching again takes one', () => {
    const pool = smallPool();
    pool.close();
    const again = FramePool.attach(pool.ref);
    expect(again).not.toBe(pool);
    expect(again.stats().threads.map(({ seat }) => seat)).toEqual([0]);
    expectAllHome(again);
  });

  test('more threads than seats are refused, and the number of seats is named', () => {
    const pool = smallPool({ threadsMax: 3 });
    pool.close();
    const seats = new Seats(Slab.attach(pool.buffer, 0));
    for (let token = 101; token <= 103; token++) seats.claim(token, `thread ${token}`);
    refused(() => FramePool.attach(pool.ref), SeatsExhaustedError, '3 seats', 'threadsMax');
    seats.vacate(1);
    const late = FramePool.attach(pool.ref);
    expect(late.seat).toBe(1);
    expectAllHome(late);
  });

  test('a copy of a slab is another slab', () => {
    const pool = smallPool();
    const copy = FramePool.attach(copyOf(pool));
    expect(copy).not.toBe(pool);
    expect(copy.buffer).not.toBe(pool.buffer);
    expect(FramePool.attach(pool.buffer)).toBe(pool);
    expect(FramePool.attach(copy.buffer)).toBe(copy);
  });

  test('a copy of a slab is another slab, however often either was attached before', () => {
    const memory = smallPool();
    memory.close();
    const copy = copyOf(memory);
    const first = FramePool.attach(memory.buffer);
    const copied = FramePool.attach(copy);
    expect([copied.seat, first.seat]).toEqual([0, 0]);
    for (let k = 0; k < 3; k++) expect(FramePool.attach(memory.buffer)).toBe(first);
    first.close();
    for (let k = 0; k < 8; k++) {
      expect(FramePool.attach(memory.buffer).buffer).toBe(memory.buffer);
      expect(FramePool.attach(copy)).toBe(copied);
    }
  });
});
