/** The free list by itself: every slot exactly once, in any order, whatever summary and root say. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FreeList, lowestOf, popcount } from '../../src/protocol/free-list.js';
import { geometryOf } from '../../src/slab/geometry.js';
import { SEAT } from '../../src/slab/layout.js';
import { Slab } from '../../src/slab/slab.js';
import { randomOf } from './kit.js';

interface Rig {
  readonly slab: Slab;
  readonly lists: readonly FreeList[];
}

/** A slab of so many slots, and the list as each of its seats uses it. */
function rigOf(slots: number, seats = 2): Rig {
  const geometry = geometryOf({
    frameSizeBytes: 1,
    frames: slots,
    threadsMax: seats,
    cacheFrames: 0,
    preallocateBytes: 0,
    preallocateFramesMin: 0,
  });
  const slab = Slab.create(geometry, undefined, undefined);
  FreeList.fill(slab);
  const lists = Array.from(
    { length: seats },
    (_, seat) => new FreeList(slab, slab.layout.seatsAt + seat * SEAT.size),
  );
  return { slab, lists };
}

function slotsOf(leaf: number, bits: number): number[] {
  return Array.from({ length: 32 }, (_, k) => k)
    .filter((k) => ((bits >>> k) & 1) === 1)
    .map((k) => leaf * 32 + k);
}

function claim(list: FreeList, want: number): number[] {
  const bits = list.claim(want);
  list.settled();
  return bits === 0 ? [] : slotsOf(list.leaf, bits);
}

function give(list: FreeList, slot: number): boolean {
  list.announce(slot >>> 5);
  const clean = list.give(slot >>> 5, 1 << (slot & 31));
  list.stamp(1);
  list.settled();
  return clean;
}

/** Takes until the list says "empty"; each slot may come once. */
function takeAll(list: FreeList, want: (round: number) => number, taken: Uint8Array): number {
  let count = 0;
  for (let round = 0; ; round++) {
    const most = want(round);
    const slots = claim(list, most);
    if (slots.length === 0) return count;
    if (slots.length > most) throw new Error(`${slots.length} slots where ${most} were wanted`);
    for (const slot of slots) {
      if (slot >= taken.length) throw new Error(`slot ${slot} does not exist`);
      if (taken[slot] === 1) throw new Error(`slot ${slot} came twice`);
      taken[slot] = 1;
      count += 1;
    }
  }
}

function shuffled(count: number, random: () => number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, k) => k);
  for (let k = count - 1; k > 0; k--) {
    const other = random() % (k + 1);
    [order[k], order[other]] = [order[other] as number, order[k] as number];
  }
  return order;
}

const lowBits = (count: number): number => (count >= 32 ? -1 : count <= 0 ? 0 : (1 << count) - 1);

/** Every level that promises nothing has nothing below it. */
function expectFound({ slab }: Rig): void {
  const { i32, layout } = slab;
  for (let leaf = 0; leaf < layout.leaves; leaf++) {
    if (i32[layout.leavesAt + leaf * layout.leafStride] === 0) continue;
    const summary = i32[layout.summaryAt + (leaf >>> 5)] as number;
    const root = i32[layout.rootAt + (leaf >>> 10)] as number;
    if (((summary >>> (leaf & 31)) & 1) !== 1) throw new Error(`summary hides leaf ${leaf}`);
    if (((root >>> ((leaf >>> 5) & 31)) & 1) !== 1) throw new Error(`root hides leaf ${leaf}`);
  }
}

const SIZES = [1, 2, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 8192, 8193, 32_767, 32_769, 70_001];

describe.each(SIZES)('a list of %s slots', (slots) => {
  test('gives each slot once, takes all back in any order, and does it again', () => {
    const rig = rigOf(slots);
    const random = randomOf(slots);
    const [one, two] = rig.lists as [FreeList, FreeList];
    const wants = [() => 1, () => 16, () => 32, (round: number) => 1 + (round % 5)];
    for (const want of wants) {
      const taken = new Uint8Array(slots);
      expect(takeAll(one, want, taken)).toBe(slots);
      expect([one.claim(1), two.claim(32)]).toEqual([0, 0]);
      for (const slot of shuffled(slots, random)) {
        if (one.isListed(slot) || !give(random() % 2 === 0 ? one : two, slot)) {
          throw new Error(`slot ${slot} was listed before it was given`);
        }
        if (!one.isListed(slot)) throw new Error(`${slot} is not listed`);
      }
      expectFound(rig);
    }
  });

  test('the last slot alone is found from everywhere', () => {
    const rig = rigOf(slots);
    const [one, two] = rig.lists as [FreeList, FreeList];
    takeAll(one, () => 32, new Uint8Array(slots));
    const random = randomOf(slots + 1);
    const places = [
      0,
      slots - 1,
      slots >>> 1,
      ...Array.from({ length: 20 }, () => random() % slots),
    ];
    for (const slot of places) {
      for (const [giver, taker] of [
        [one, one],
        [one, two],
        [two, one],
      ] as const) {
        expect(claim(taker, 1)).toEqual([]);
        expect(give(giver, slot)).toBe(true);
        expect(claim(taker, 32)).toEqual([slot]);
        expect(claim(taker, 1)).toEqual([]);
      }
    }
  });

  test('summary and root that promise in vain, or hide what is there, are mended', () => {
    const rig = rigOf(slots);
    const { i32, layout } = rig.slab;
    const [one] = rig.lists as [FreeList, FreeList];
    const random = randomOf(slots + 2);
    for (const lie of [0, -1, 0x5555_5555, 0x7fff_fffe]) {
      const lies = (at: number, words: number, below: number): void => {
        for (let k = 0; k < words; k++) i32[at + k] = lie & lowBits(below - k * 32);
      };
      const lieAll = (): void => {
        lies(layout.summaryAt, layout.summaryWords, layout.leaves);
        lies(layout.rootAt, layout.rootWords, layout.summaryWords);
      };
      lieAll();
      expect(takeAll(one, () => 32, new Uint8Array(slots))).toBe(slots);
      lieAll();
      expect(claim(one, 1)).toEqual([]);
      const some = random() % slots;
      give(one, some);
      expect(claim(one, 4)).toEqual([some]);
      for (const slot of shuffled(slots, random)) give(one, slot);
    }
  });
});

describe('the list', () => {
  test('says so when a slot is given that it has already', () => {
    const { lists } = rigOf(40);
    const [one] = lists as [FreeList, FreeList];
    expect(give(one, 3)).toBe(false);
    const [slot] = claim(one, 1);
    expect(give(one, slot as number)).toBe(true);
    expect(give(one, slot as number)).toBe(false);
  });

  test('names the leaf in the journal from the claim until it is settled', () => {
    const { slab, lists } = rigOf(100);
    const [, two] = lists as [FreeList, FreeList];
    const journalAt = slab.layout.seatsAt + SEAT.size + SEAT.journal;
    expect(slab.i32[journalAt]).toBe(0);
    two.claim(3);
    expect(slab.i32[journalAt]).toBe(two.leaf + 1);
    two.settled();
    expect(slab.i32[journalAt]).toBe(0);
    two.announce(2);
    expect(slab.i32[journalAt]).toBe(3);
    two.settled();
    takeAll(two, () => 32, new Uint8Array(100));
    expect(slab.i32[journalAt]).toBe(0);
  });

  test('remembers that it was empty, until something was returned', () => {
    const { slab, lists } = rigOf(64);
    const [one, two] = lists as [FreeList, FreeList];
    takeAll(one, () => 32, new Uint8Array(64));
    expect([one.claim(1), one.claim(1)]).toEqual([0, 0]);
    const emptyAt = slab.layout.seatsAt + SEAT.emptyAt;
    expect(slab.i32[emptyAt]).toBe(slab.i32[slab.layout.stampAt]);
    give(two, 17);
    expect(slab.i32[emptyAt]).not.toBe(slab.i32[slab.layout.stampAt]);
    expect(claim(one, 1)).toEqual([17]);
  });

  test('keeps counting when stamp and takes go past 2^31 and 2^32', () => {
    for (const start of [2 ** 31 - 3, -3, -1]) {
      const { slab, lists } = rigOf(33);
      const [one] = lists as [FreeList, FreeList];
      const { i32, layout } = slab;
      i32[layout.stampAt] = start;
      i32[layout.takesAt] = (start - 1) | 0;
      for (let round = 0; round < 5; round++) {
        expect(takeAll(one, () => 2, new Uint8Array(33))).toBe(33);
        for (let slot = 0; slot < 33; slot++) give(one, slot);
      }
      expect(i32[layout.lowWaterAt]).toBe(0);
    }
  });
});

describe('a damaged summary', () => {
  test.each([1, 33, 1025])(
    'that promises leaves which do not exist, of %s slots, is survived',
    (slots) => {
      const { slab, lists } = rigOf(slots);
      const { i32, layout } = slab;
      const [one] = lists as [FreeList, FreeList];
      for (let round = 0; round < 2; round++) {
        for (let k = 0; k < layout.summaryWords; k++) i32[layout.summaryAt + k] = -1;
        for (let k = 0; k < layout.rootWords; k++) i32[layout.rootAt + k] = -1;
        expect(takeAll(one, () => 32, new Uint8Array(slots))).toBe(slots);
        for (let slot = 0; slot < slots; slot++) give(one, slot);
      }
    },
  );
});

describe('bits', () => {
  test('popcount counts, lowestOf takes the lowest', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(40), (bits, want) => {
        const ones = slotsOf(0, bits);
        expect(popcount(bits)).toBe(ones.length);
        expect(slotsOf(0, lowestOf(bits, want))).toEqual(ones.slice(0, want));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});
