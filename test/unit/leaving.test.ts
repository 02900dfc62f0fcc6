/** A thread that closes the pool, and another one that settles what the dead left, at the same time. */
import { FramePool } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { settleAll } from '../../src/references/reclaim.js';
import { References } from '../../src/references/references.js';
import { Slab } from '../../src/slab/slab.js';
import { Seats } from '../../src/threads/seats.js';
import { expectAllHome, smallPool } from './kit.js';

/** Another thread's references in the pool's slab, as this thread can have them for a test. */
function neighbourOf(pool: FramePool, token: number): References {
  const slab = Slab.attach(pool.buffer, 0);
  return new References(slab, new Seats(slab).claim(token, 'neighbour'));
}

/** Runs `meanwhile` once, just before the next call of `target[name]`. */
function interrupt<K extends string>(target: object, name: K, meanwhile: () => void): void {
  const host = target as Record<K, (...args: unknown[]) => unknown>;
  const real = host[name];
  host[name] = (...args: unknown[]) => {
    host[name] = real;
    meanwhile();
    return real.apply(target, args);
  };
}

describe('a seat that is being left is left alone by those who settle what the dead left', () => {
  const MOMENTS = [
    ['taking back a message that was sent to it', 'flights', 'take'],
    ['giving back its cache', 'list', 'announce'],
    ['vacating its seat', 'seats', 'vacate'],
  ] as const;

  test.each(MOMENTS)('while it is %s', (_when, part, name) => {
    const pool = smallPool({ cacheFrames: 2, threadsMax: 3 });
    const neighbour = neighbourOf(pool, 4711);
    pool.acquireSync(8).transfer({ to: pool.seat });
    pool.acquireSync(8).transfer({ to: pool.seat });
    pool.acquireMany(2)?.forEach((frame) => void frame.release());
    const { refs } = pool.slots;
    interrupt(refs.seats, 'shut', () => {
      interrupt(refs[part], name, () => settleAll(neighbour));
    });
    pool.close();
    const again = FramePool.attach(pool.ref);
    expect(again.audit()).toMatchObject({ ok: true, held: 0, inFlight: 0, problems: [] });
    expect(again.reclaim(neighbour.seat, { ended: true })).toMatchObject({ vacated: true });
    expectAllHome(again);
  });

  test('and so is the next thread in that seat', () => {
    const pool = smallPool({ cacheFrames: 2, threadsMax: 3 });
    const neighbour = neighbourOf(pool, 4711);
    const { refs } = pool.slots;
    let newcomer: References | undefined;
    let handle = 0;
    const moveIn = (): void => {
      refs.seats.vacate(refs.seat);
      newcomer = neighbourOf(pool, 4712);
      handle = newcomer.acquire();
      interrupt(refs.seats, 'vacate', () => undefined);
    };
    // The neighbour settles when the seat is all but left, and another thread moves in meanwhile.
    interrupt(refs.seats, 'shut', () => {
      interrupt(refs.seats, 'vacate', () => {
        interrupt(neighbour.mailboxes, 'clear', moveIn);
        settleAll(neighbour);
      });
    });
    pool.close();
    if (newcomer === undefined) {
      expectAllHome(FramePool.attach(pool.ref)); // the seat was left alone
      return;
    }
    expect(newcomer.seats.ownerOf(newcomer.seat)).toBe(4712);
    expect(newcomer.release(handle)).toBe(true);
  });
});

test('the last words of a thread are those of one stay: the next one in the seat has not spoken', () => {
  const pool = smallPool();
  const seats = new Seats(Slab.attach(pool.buffer, 0));
  const seat = seats.claim(77, 'first');
  expect(seats.saidLastWords(seat)).toBe(false);
  seats.sayLastWords(seat);
  expect(seats.saidLastWords(seat)).toBe(true);
  seats.shut(seat);
  seats.vacate(seat);
  expect(seats.claim(78, 'second')).toBe(seat);
  expect(seats.saidLastWords(seat)).toBe(false);
});

test('a slot that is delivered too late goes back, and counts as no acquire', () => {
  const pool = smallPool({ frames: 1, cacheFrames: 0, threadsMax: 2 });
  const neighbour = neighbourOf(pool, 4712);
  const { acquiring } = (
    pool as unknown as { attachment: { acquiring: { arm(): void; disarm(): void } } }
  ).attachment;
  const handle = neighbour.acquire();
  acquiring.arm();
  neighbour.release(handle); // into the mailbox of the thread that waits
  const { acquires, misses } = pool.stats();
  acquiring.disarm();
  expect(pool.stats()).toMatchObject({ acquires, misses, framesInUse: 0, waiters: 0 });
  expect(pool.audit().ok).toBe(true);
});
