/** Caches grow into the shares of empty seats, and give them back: the reserve is never exceeded. */
import { FramePool } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { FreeList } from '../../src/protocol/free-list.js';
import { reclaim } from '../../src/references/reclaim.js';
import { References } from '../../src/references/references.js';
import { geometryOf } from '../../src/slab/geometry.js';
import { Slab } from '../../src/slab/slab.js';
import { Seats } from '../../src/threads/seats.js';
import { randomOf, smallPool } from './kit.js';

interface Options {
  frames: number;
  threadsMax: number;
  cacheFrames: number;
  cacheFramesMax: number;
}

/** A slab, and threads in it as one real thread can play them, one call at a time. */
class Crew {
  readonly slab: Slab;
  readonly members: References[] = [];
  private readonly seats: Seats;
  private token = 100;

  constructor(options: Options) {
    this.slab = Slab.create(geometryOf({ frameSizeBytes: 64, ...options }), undefined, undefined);
    FreeList.fill(this.slab);
    this.seats = new Seats(this.slab);
  }

  join(): References {
    this.token += 1;
    const member = new References(this.slab, this.seats.claim(this.token, 'member'));
    this.members.push(member);
    return member;
  }

  /** As `close` does it. */
  leave(member: References): void {
    member.giveCacheBack();
    member.retire();
    member.clearShares(member.seat);
    this.seats.vacate(member.seat);
    this.members.splice(this.members.indexOf(member), 1);
  }

  /** The thread stops where it is, and another one reclaims its seat. */
  die(member: References): void {
    this.members.splice(this.members.indexOf(member), 1);
    reclaim(this.members[0] as References, member.seat, true);
  }

  get cached(): number {
    return this.members.reduce((sum, member) => sum + member.cached, 0);
  }
}

/** Holds `count` slots, releases them one by one, and answers how full the cache got. */
function fill(member: References, count: number, look?: () => void): number {
  const handles = Array.from({ length: count }, () => member.acquire()).filter((h) => h !== 0);
  let peak = member.cached;
  for (const handle of handles) {
    member.release(handle);
    peak = Math.max(peak, member.cached);
    look?.();
  }
  return peak;
}

describe('a cache', () => {
  const options = { frames: 40, threadsMax: 4, cacheFrames: 4, cacheFramesMax: 12 };

  test('grows into the shares of empty seats, as far as it may', () => {
    expect(fill(new Crew(options).join(), 40)).toBe(12);
    expect(fill(new Crew({ ...options, cacheFramesMax: 9 }).join(), 40)).toBe(8);
  });

  test('borrows from the upper half of the seats only: who is not many finds the own share', () => {
    const crew = new Crew({ ...options, cacheFramesMax: 40 });
    expect(fill(crew.join(), 40)).toBe(12);
    expect(fill(crew.join(), 40)).toBe(4);
  });

  test('stays as it is where its size was given, and four times that where it was not', () => {
    const { cacheFrames, cacheFramesMax } = geometryOf({});
    expect([cacheFrames, cacheFramesMax]).toEqual([32, 128]);
    expect(geometryOf({ cacheFrames: 7 }).cacheFramesMax).toBe(7);
    expect(geometryOf({ frameSizeBytes: 1 << 20 }).cacheFramesMax).toBe(0);
  });

  test('gives a borrowed share back when its own thread comes and asks', () => {
    const crew = new Crew(options);
    const [first, second] = [crew.join(), crew.join()];
    fill(first, 40);
    const third = crew.join(); // finds its share lent
    expect(fill(third, 20)).toBe(0);
    expect(fill(first, 40)).toBe(8);
    expect(fill(third, 20)).toBe(4);
    expect(fill(second, 20)).toBe(4);
  });

  test('leaves its shares to others when its thread leaves or dies', () => {
    for (const end of ['leave', 'die'] as const) {
      const crew = new Crew(options);
      const [first, second] = [crew.join(), crew.join()];
      fill(first, 40);
      expect(fill(second, 40)).toBe(4);
      crew[end](second);
      crew.join();
      const other = crew.members[1] as References;
      crew.leave(first);
      expect(fill(other, 40)).toBe(12);
    }
  });
});

describe('all caches together', () => {
  test('never hold more than the reserve, whoever comes, goes and dies', () => {
    const seed = 20_261_125;
    const random = randomOf(seed);
    for (let round = 0; round < 60; round++) {
      const threadsMax = 1 + (random() % 7);
      const cacheFrames = random() % 5;
      const cacheFramesMax = cacheFrames + (random() % 20);
      const options = { frames: 30, threadsMax, cacheFrames, cacheFramesMax };
      const crew = new Crew(options);
      crew.join();
      for (let step = 0; step < 120; step++) {
        const member = crew.members[random() % crew.members.length] as References;
        const what = (random() % 100) / 100;
        if (what < 0.15 && crew.members.length < threadsMax) crew.join();
        else if (what < 0.2 && crew.members.length > 1) crew.leave(member);
        else if (what < 0.25 && crew.members.length > 1 && member !== crew.members[0])
          crew.die(member);
        else {
          const peak = fill(member, 1 + (random() % 40), () => {
            if (crew.cached > threadsMax * cacheFrames) throw new Error(`too many; seed ${seed}`);
          });
          expect(peak).toBeLessThanOrEqual(cacheFramesMax);
        }
      }
      // So `frames` can always be held at once, by whoever comes last.
      const last = crew.members.at(-1) as References;
      const held = Array.from({ length: 30 }, () => last.acquire());
      expect(held.filter((handle) => handle === 0)).toEqual([]);
    }
  });
});

test('a pool with grown caches accounts for every slot', () => {
  const pool = smallPool({ frames: 40, threadsMax: 8, cacheFrames: 4, cacheFramesMax: 16 });
  const frames = pool.acquireMany(40) ?? [];
  for (const frame of frames) frame.release();
  expect(pool.stats().framesCached).toBe(16);
  expect(pool.audit().ok).toBe(true);
  pool.close();
  expect(FramePool.attach(pool.buffer).stats().framesCached).toBe(0);
});
