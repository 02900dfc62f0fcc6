/** Handles: what they carry, and what happens when a generation comes round. */
import fc from 'fast-check';
import { FramePool, StaleHandleError } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { geometryOf } from '../../src/slab/geometry.js';
import { layoutOf } from '../../src/slab/layout.js';
import { HandleCodec } from '../../src/words/handle.js';
import {
  COUNT_MAX,
  GENERATION_SHIFT,
  generationOf,
  isListed,
  isOwned,
  isShared,
  nextGeneration,
  ownedBy,
  ownerOf,
  payloadOf,
  previousGeneration,
  SUSPECT,
  withPayload,
} from '../../src/words/slot-word.js';
import { expectAllHome, refusedInVain, smallPool } from './kit.js';

const seed = 20_260_101;
const slotsAndSlot = fc
  .integer({ min: 1, max: 1 << 20 })
  .chain((slots) => fc.tuple(fc.constant(slots), fc.integer({ min: 0, max: slots - 1 })));
const identities = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

/** A generation that slots of this pool come to. */
function generationFrom(codec: HandleCodec, any: number): number {
  const step = codec.generationStep >>> GENERATION_SHIFT;
  const last = 2 ** 15 / step - 1;
  return ((any % last) + 1) * step;
}

describe('a handle', () => {
  test('is a non-zero signed 31-bit integer that gives back slot, generation and colour', () => {
    fc.assert(
      fc.property(
        slotsAndSlot,
        identities,
        fc.nat(2 ** 15),
        fc.nat(0xffff),
        ([slots, slot], identity, generation, payload) => {
          const codec = new HandleCodec(slots, identity);
          const real = generationFrom(codec, generation);
          const handle = codec.encode(slot, (real << GENERATION_SHIFT) | payload);
          expect(Number.isInteger(handle)).toBe(true);
          expect(handle).not.toBe(0);
          expect(handle).toBeGreaterThanOrEqual(-(2 ** 30));
          expect(handle).toBeLessThan(2 ** 30);
          expect(handle & codec.indexMask).toBe(slot);
          expect(codec.generationIn(handle)).toBe(real);
          expect(codec.hasColour(handle)).toBe(true);
        },
      ),
      { seed, numRuns: 2000 },
    );
  });

  test('differs for every slot, every generation and every colour', () => {
    fc.assert(
      fc.property(
        slotsAndSlot,
        identities,
        identities,
        fc.integer({ min: 1, max: 2 ** 31 }),
        ([slots, slot], one, two, at) => {
          const a = new HandleCodec(slots, one);
          const b = new HandleCodec(slots, two);
          const word = generationFrom(a, at) << GENERATION_SHIFT;
          const handle = a.encode(slot, word);
          const next = nextGeneration(word, a.generationStep, 0);
          expect(a.encode(slot, next)).not.toBe(handle);
          if (slot > 0) expect(a.encode(slot - 1, word)).not.toBe(handle);
          expect(b.encode(slot, word) === handle).toBe(a.colour === b.colour);
          expect(b.hasColour(handle)).toBe(a.colour === b.colour);
        },
      ),
      { seed, numRuns: 2000 },
    );
  });

  test.each([
    [1, 1, 15, 15],
    [2, 1, 15, 15],
    [3, 2, 15, 14],
    [16, 4, 15, 12],
    [17, 5, 15, 11],
    [1024, 10, 15, 6],
    [1025, 11, 15, 5],
    [4096, 12, 15, 4],
    [65_536, 16, 15, 0],
    [65_537, 17, 14, 0],
    [262_144, 18, 13, 0],
    [1 << 20, 20, 11, 0],
  ])(
    'of %s slots has %s bits of index, %s of generation, %s of colour',
    (slots, index, generation, colour) => {
      const codec = new HandleCodec(slots, -1);
      expect(codec.indexMask).toBe(2 ** index - 1);
      expect(codec.colour).toBe((2 ** colour - 1) * 2 ** index);
      expect(codec.generationMask).toBe(-(2 ** (index + colour)));
      expect(codec.generationStep | 0).toBe((2 ** (32 - generation)) | 0);
      expect(index + generation + colour).toBe(31);
    },
  );
});

test('each index that a handle can name has a cell in every ledger', () => {
  for (let slots = 1; slots < 70_000; slots = Math.ceil(slots * 1.3)) {
    const layout = layoutOf(geometryOf({ frames: slots, threadsMax: 1, cacheFrames: 0 }));
    expect(layout.ledgerStride).toBeGreaterThan(new HandleCodec(slots, 0).indexMask);
  }
});

describe('a slot’s word', () => {
  test('keeps generation and payload apart', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.nat(0xffff),
        fc.integer({ min: 17, max: 31 }),
        (word, payload, lowest) => {
          const kept = withPayload(word, payload);
          expect([generationOf(kept), payloadOf(kept)]).toEqual([generationOf(word), payload]);
          expect(kept & SUSPECT).toBe(0);
          const next = nextGeneration(word, 1 << lowest, payload);
          expect(payloadOf(next)).toBe(payload);
          expect(generationOf(next)).toBeGreaterThanOrEqual(1);
          const inSteps = (word >> lowest) << lowest;
          const after = generationOf(nextGeneration(inSteps, 1 << lowest, payload));
          expect(after % 2 ** (lowest - GENERATION_SHIFT)).toBe(0);
          expect([isListed(word), isShared(word), isOwned(word)].filter(Boolean)).toHaveLength(1);
        },
      ),
      { seed, numRuns: 2000 },
    );
  });

  test('names each of 256 owners, and counts up to the limit', () => {
    for (let seat = 0; seat < 256; seat++) {
      const word = withPayload(-1, ownedBy(seat));
      expect([isOwned(word), ownerOf(word)]).toEqual([true, seat]);
    }
    // What 256 threads may add that looked when the count was just below the limit.
    const most = COUNT_MAX + 256;
    expect([isShared(1), isShared(most), isShared(most + 1)]).toEqual([true, true, false]);
  });

  test('goes through every generation but 0, and round', () => {
    for (const bits of [1, 2, 11, 15]) {
      const step = 1 << (32 - bits);
      let word = 0;
      const seen = new Set<number>();
      for (let k = 1; k < 2 ** bits; k++) {
        word = nextGeneration(word, step, 0);
        seen.add(generationOf(word));
      }
      expect([seen.size, seen.has(0)]).toEqual([2 ** bits - 1, false]);
      for (const payload of [1, ownedBy(3)]) {
        for (let k = 1; k < 2 ** bits; k++) {
          const next = nextGeneration(k * step, step, payload);
          expect(previousGeneration(next, step)).toBe((k * step) | payload | 0);
        }
      }
      expect(generationOf(nextGeneration(word, step, 0))).toBe(2 ** (15 - bits));
    }
  });
});

describe('when the generation comes round', () => {
  test.each([
    ['through the list', 0, false],
    ['through the cache', 4, false],
    ['as messages', 0, true],
    ['as messages, through the cache', 1, true],
  ])('handles stay valid and never 0: %s', (_how, cacheFrames, messages) => {
    const pool = smallPool({ frames: 1, threadsMax: 1, cacheFrames });
    const { slots } = pool;
    const seen = new Set<number>();
    let previous = 0;
    for (let k = 0; k < 2 ** 16 + 100; k++) {
      const handle = slots.acquire();
      if (messages) slots.adopt(slots.transfer(handle));
      if (handle === 0 || handle === previous) throw new Error(`reuse ${k} gave ${handle}`);
      if (slots.refCount(handle) !== 1) throw new Error(`reuse ${k} counts wrong`);
      if (k < 2 ** 15) seen.add(handle);
      if (!slots.release(handle)) throw new Error(`reuse ${k} was not the last`);
      previous = handle;
    }
    expect(seen.size).toBeGreaterThan(2 ** 13);
    expectAllHome(pool);
  });

  test('a handle of the round before is stale but for its very generation, and frees nobody’s slot', () => {
    const pool = smallPool({ frames: 1, threadsMax: 1 });
    const { slots } = pool;
    const old = slots.acquire();
    slots.release(old);
    let met = 0;
    for (let k = 0; k < 2 ** 15 + 10; k++) {
      const handle = slots.acquire();
      if (handle === old) met += 1;
      else if (k % 1024 === 0)
        refusedInVain(pool, () => slots.release(old), StaleHandleError, 'stale');
      slots.release(handle);
    }
    expect(met).toBeGreaterThan(0);
    refusedInVain(pool, () => slots.adopt(old), StaleHandleError);
    expectAllHome(pool);
  });

  test('a message of an earlier lease is not adopted when its number comes again', () => {
    const pool = smallPool({ frames: 1, threadsMax: 1 });
    const { slots } = pool;
    const old = slots.transfer(slots.acquire());
    slots.release(slots.adopt(old));
    for (let k = 0; k < 2 ** 16; k++) {
      const handle = slots.acquire();
      if (handle === old) {
        refusedInVain(pool, () => slots.adopt(old), StaleHandleError);
        slots.release(handle);
        break;
      }
      slots.release(handle);
    }
    expectAllHome(pool);
  });

  test('a big pool’s eleven bits come round too', () => {
    const pool = FramePool.create({
      frameSizeBytes: 1,
      frames: 1 << 20,
      threadsMax: 1,
      cacheFrames: 0,
    });
    const { slots } = pool;
    const slot = slots.index(slots.acquire());
    slots.release(pool.inspect()[0]?.handle ?? 0);
    for (let k = 0; k < 5000; k++) {
      const handle = slots.acquire();
      if (handle === 0) throw new Error('a handle of 0');
      if (k === 0) expect(slots.index(handle)).toBe(slot);
      slots.release(handle);
    }
    expect(pool.stats().framesInUse).toBe(0);
  });
});
