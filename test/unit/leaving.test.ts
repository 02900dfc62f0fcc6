/** A thread that closes the pool, and another one that settles what the dead left, at the same time. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { FramePool, PoolClosedError, StaleHandleError } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { settleAll } from '../../src/references/reclaim.js';
import { References } from '../../src/references/references.js';
import { type ChannelLayout, LANE, SEAT } from '../../src/slab/layout.js';
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

describe('a listener that closes the pool in the middle of a call', () => {
  const CALLS = [
    ['acquire', (pool: FramePool) => pool.acquire()],
    ['acquireSync', async (pool: FramePool) => pool.acquireSync(undefined, 50)],
  ] as const;

  test.each(CALLS)(
    '%s is refused, and leaves the seat to whoever is in it',
    async (_name, call) => {
      const pool = smallPool({ frames: 1, cacheFrames: 0, threadsMax: 2 });
      const neighbour = neighbourOf(pool, 4711);
      const held = neighbour.acquire();
      const { i32, layout } = pool.slots.refs.slab;
      const seatAt = layout.seatsAt + pool.seat * SEAT.size;
      const everything = (): number[] => [
        ...i32.subarray(seatAt, seatAt + SEAT.size),
        ...i32.subarray(layout.waitersAt, layout.waitersAt + layout.waiterWords),
      ];
      const closed: { rows?: number[] } = {};
      const listener = (): void => {
        pool.close();
        const newcomer = neighbourOf(pool, 4712);
        newcomer.mailboxes.register();
        closed.rows = everything();
      };
      subscribe('frameslab:exhausted', listener);
      try {
        await expect(call(pool)).rejects.toThrow(PoolClosedError);
      } finally {
        unsubscribe('frameslab:exhausted', listener);
      }
      expect(closed.rows).toBeDefined();
      expect(everything()).toEqual(closed.rows);
      expect(neighbour.release(held)).toBe(true);
    },
  );
});

describe('at the end of the stack', () => {
  /** Calls `act` with less and less stack until it works; answers how often it did not. */
  function atTheEnd(act: () => void): number {
    let failed = 0;
    const dive = (): boolean => {
      try {
        if (dive()) return true;
      } catch (fault) {
        if (!(fault instanceof RangeError)) throw fault;
      }
      try {
        act();
        return true;
      } catch (fault) {
        if (!(fault instanceof RangeError)) throw fault;
        failed += 1;
        return false;
      }
    };
    dive();
    return failed;
  }

  test('a retain of a shared frame that fails has counted nothing', () => {
    // What V8's atomics do at the end of the stack; JavaScriptCore was seen to differ.
    if (process.versions.bun !== undefined) return;
    const pool = smallPool();
    const { slots } = pool;
    const handle = slots.acquire();
    slots.adopt(slots.share(handle));
    let failed = 0;
    for (let round = 1; round <= 200; round++) {
      failed += atTheEnd(() => slots.retain(handle));
      expect(slots.refs.ledger.count(slots.index(handle))).toBe(round + 2);
      expect(slots.refCount(handle)).toBe(round + 2);
    }
    expect(failed).toBeGreaterThan(200);
    for (let count = 202; count > 1; count--) expect(slots.release(handle)).toBe(false);
    expect(slots.release(handle)).toBe(true);
    expectAllHome(pool);
  });

  test('a refused releaseMany has released nothing', () => {
    const pool = smallPool({ frames: 8, cacheFrames: 8 });
    const { slots } = pool;
    const batch = new Int32Array(8);
    expect(slots.acquireMany(batch)).toBe(true);
    const stale = Int32Array.from([...batch.subarray(0, 7), batch[0] as number]);
    for (let round = 0; round < 200; round++) {
      atTheEnd(() => {
        try {
          slots.releaseMany(stale);
        } catch (fault) {
          if (!(fault instanceof StaleHandleError)) throw fault;
        }
      });
      expect(batch.every((handle) => slots.refs.holds(handle))).toBe(true);
    }
    expect(slots.releaseMany(batch)).toBe(8);
    expectAllHome(pool);
  });
});

test('a lane whose cut is damaged is drained in a lap, not round all positions', () => {
  const pool = smallPool({ channels: { line: { capacity: 4 } }, threadsMax: 3 });
  const neighbour = neighbourOf(pool, 4711);
  pool.channel('line').close();
  const { i32, layout } = pool.slots.refs.slab;
  const { lanesAt, laneSize } = layout.channels[0] as ChannelLayout;
  i32[lanesAt + neighbour.seat * laneSize + LANE.cutAt] = 0x2000_0000;
  let claims = 0;
  const { ledger } = pool.slots.refs;
  const { add } = ledger;
  ledger.add = (slot, count) => {
    claims += 1;
    if (claims > 1000) throw new Error('it goes round all positions');
    add.call(ledger, slot, count);
  };
  pool.reclaim(neighbour.seat, { ended: true });
  expect(claims).toBeLessThanOrEqual(4);
});
