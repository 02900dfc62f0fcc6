/**
 * Damaged slabs and forged numbers: whatever a thread attaches to or is sent, each call ends, answers
 * or throws an error of the library, and touches nothing outside the slab.
 */
import * as fc from 'fast-check';
import type { FramePool } from 'frameslab';
import { afterAll, describe, expect, test } from 'vitest';
import { fuzzed, numbers } from './fuzz-run.js';
import { LIBRARY_FILE, libraryAt, say, seed, times } from './run.js';

/** Header and catalog of two channels, in bits. */
const HEAD_BITS = (64 + 2 * 64) * 32;

afterAll(() => {
  const { cases, attached, calls } = numbers;
  say(`seed ${seed}: ${cases} damaged slabs, ${attached} of them attached to, ${calls} calls`);
});

const TIMEOUT = { timeout: 3_600_000 };

describe('a damaged slab is refused', () => {
  test('every single bit of header and catalog', TIMEOUT, async () => {
    const result = await fuzzed('headerBit', HEAD_BITS);
    expect(result).toMatchObject({ faults: [], attached: 0, cases: HEAD_BITS });
    expect(result.codes).toEqual({ ERR_FRAMESLAB_SLAB_FORMAT: HEAD_BITS });
  });

  test.each([
    ['several bits of header and catalog', 'headerBits'],
    ['cut short at any length', 'truncated'],
    ['random bytes, with and without the magic number', 'noise'],
    ['the right memory at a wrong offset', 'wrongOffset'],
  ])('%s', TIMEOUT, async (_name, kind) => {
    const cases = times(300);
    const result = await fuzzed(kind, cases);
    expect(result).toMatchObject({ faults: [], attached: 0, cases });
    expect(result.codes).toEqual({ ERR_FRAMESLAB_SLAB_FORMAT: cases });
  });
});

describe('what cannot be told from a slab does no harm', () => {
  test('header words at random, under a checksum that fits', TIMEOUT, async () => {
    const result = await fuzzed('forgedHeader', times(300));
    expect(result.faults).toEqual([]);
    expect(result.attached).toBeGreaterThan(0);
    expect(result.codes).toHaveProperty('ERR_FRAMESLAB_SLAB_FORMAT');
  });

  test('one bit in the books; the audit notices what two words tell apart', TIMEOUT, async () => {
    const cases = times(600);
    const result = await fuzzed('bookBit', cases);
    expect(result).toMatchObject({ faults: [], attached: cases });
    expect(result.noticed).toBeGreaterThan(0);
  });
});

describe('a number or an object that is no message is refused, and changes nothing', () => {
  const { FramePool: Pool } = libraryAt(LIBRARY_FILE);
  const state = (pool: FramePool): string => {
    const { threads, acquires, releases, framesFree, framesInFlight } = pool.stats();
    const rows = pool.inspect().map((row) => [row.handle, row.references, row.holders.length]);
    return JSON.stringify({
      audit: pool.audit(),
      rows,
      threads,
      acquires,
      releases,
      framesFree,
      framesInFlight,
    });
  };
  const codeOf = (act: () => unknown): unknown => {
    try {
      return act();
    } catch (fault) {
      return (fault as { code?: unknown }).code ?? fault;
    }
  };

  test('handles with flipped bits, by every method that takes one', () => {
    const pool = Pool.create({ frames: 5, cacheFrames: 1, threadsMax: 2, frameSizeBytes: 8 });
    const held = pool.slots.acquire();
    const sent = pool.slots.share(held);
    const { slots } = pool;
    const methods = [
      ...(['retain', 'release', 'transfer', 'share', 'adopt', 'refCount', 'exclusive'] as const),
      ...(['length', 'bytes', 'storage', 'byteOffset', 'index'] as const),
    ];
    const before = state(pool);
    const flipped = fc.tuple(fc.constantFrom(held, sent), fc.nat(2 ** 31 - 1), fc.double());
    const property = fc.property(flipped, ([handle, bits, other]) => {
      for (const number of [handle ^ bits, handle ^ (1 << (bits & 31)), handle + bits, other]) {
        if (number === handle) continue;
        for (const method of methods) {
          expect(codeOf(() => slots[method](number))).toBe('ERR_FRAMESLAB_STALE_HANDLE');
        }
        const end = [codeOf(() => pool.revoke(number)), codeOf(() => pool.adopt(number))];
        expect([false, 'ERR_FRAMESLAB_STALE_HANDLE']).toContain(end[0]);
        expect(end[1]).toBe('ERR_FRAMESLAB_STALE_HANDLE');
      }
      expect(state(pool)).toBe(before);
    });
    fc.assert(property, { numRuns: times(300), seed });
  });

  test('anything at all, and messages of external frames with anything in them', () => {
    const pool = Pool.create({ frames: 2, cacheFrames: 0, threadsMax: 1, frameSizeBytes: 8 });
    const frame = pool.wrap(new SharedArrayBuffer(64), 8, 16);
    const message = frame.share() as object;
    const before = state(pool);
    const keys = [...Object.keys(message), 'frameslab'];
    const damaged = fc
      .tuple(fc.constantFrom(...keys), fc.anything())
      .map(([key, value]) => ({ ...message, [key]: value }));
    const property = fc.property(fc.oneof(fc.anything(), damaged), (value) => {
      const same = Object.entries(message).every(([key, part]) => {
        return (value as Record<string, unknown> | null)?.[key] === part;
      });
      fc.pre(!same);
      const adopted = codeOf(() => pool.adopt(value as never));
      if (typeof adopted === 'object' && !(adopted instanceof Error)) {
        // Another piece of the same memory cannot be told from the right one; it stays inside.
        const taken = adopted as ReturnType<FramePool['adopt']>;
        expect(taken.byteOffset + taken.capacity).toBeLessThanOrEqual(64);
        taken.transfer();
      } else expect(adopted).toBe('ERR_FRAMESLAB_STALE_HANDLE');
      expect(frame.refCount).toBe(2);
      expect(state(pool)).toBe(before);
    });
    fc.assert(property, { numRuns: times(1000), seed });
  });
});
