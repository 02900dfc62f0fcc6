/** A thread that closes the pool, and another one that settles what the dead left, at the same time. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { FramePool, PoolClosedError, StaleHandleError } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { settleAll } from '../../src/references/reclaim.js';
import { References } from '../../src/references/references.js';
import { type ChannelLayout, LANE, SEAT } from '../../src/slab/layout.js';
import { Slab } from '../../src/slab/slab.js';
import { Seats } from '../../src/threads/seats.js';
import { alone, expectAllHome, refusedInVain, smallPool } from './kit.js';

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

/** What the seat of this thread says, now and after it was left, and who waits. */
function rowsOf(pool: FramePool): () => number[] {
  const { i32, layout } = pool.slots.refs.slab;
  const seatAt = layout.seatsAt + pool.seat * SEAT.size;
  return () => [
    ...i32.subarray(seatAt, seatAt + SEAT.size),
    ...i32.subarray(layout.waitersAt, layout.waitersAt + layout.waiterWords),
  ];
}

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
      const rows = rowsOf(pool);
      let left: number[] | undefined;
      const listener = (): void => {
        pool.close();
        const newcomer = neighbourOf(pool, 4712);
        newcomer.mailboxes.register();
        left = rows();
      };
      subscribe('frameslab:exhausted', listener);
      try {
        await expect(call(pool)).rejects.toThrow(PoolClosedError);
      } finally {
        unsubscribe('frameslab:exhausted', listener);
      }
      expect(left).toBeDefined();
      expect(rows()).toEqual(left);
      expect(neighbour.release(held)).toBe(true);
    },
  );
});

describe('a settling of doubts that closes the pool in the middle of a call', () => {
  const CALLS = [
    ['slots.acquire', false, async (pool: FramePool) => pool.slots.acquire()],
    ['acquireSync', false, async (pool: FramePool) => pool.acquireSync(undefined, 50)],
    ['an armed acquireSync', true, async (pool: FramePool) => pool.acquireSync(undefined, 50)],
    ['an armed acquire', true, (pool: FramePool) => pool.acquire(undefined, { timeoutMs: 50 })],
  ] as const;

  test.each(CALLS)(
    '%s is refused, and leaves the seat to whoever is in it',
    async (_name, armed, call) => {
      const pool = smallPool({ frames: 1, cacheFrames: 0, threadsMax: 2 });
      const neighbour = neighbourOf(pool, 4711);
      const held = neighbour.acquire();
      const { refs } = pool.slots;
      const rows = rowsOf(pool);
      let left: number[] | undefined;
      refs.onDoubt = () => {
        pool.close();
        neighbourOf(pool, 4712).mailboxes.register();
        left = rows();
        return 0;
      };
      if (armed) interrupt(refs.mailboxes, 'register', () => neighbour.raiseDoubt());
      else neighbour.raiseDoubt();
      await expect(call(pool)).rejects.toThrow(PoolClosedError);
      expect(left).toBeDefined();
      expect(rows()).toEqual(left);
      expect(neighbour.release(held)).toBe(true);
    },
  );
});

/** Handles of so many slots. */
function filled(pool: FramePool, count: number): Int32Array {
  const handles = new Int32Array(count);
  expect(pool.slots.acquireMany(handles)).toBe(true);
  return handles;
}

describe('at the end of the stack', () => {
  /**
   * Calls `act` with more and more stack until it works; answers how often it did not. How deep a
   * level of the dive is depends on `padding`.
   */
  function atTheEnd(act: () => void, padding: readonly number[] = []): number {
    let failed = 0;
    const dive = (...below: readonly number[]): boolean => {
      try {
        if (dive(...below)) return true;
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
    dive(...padding);
    return failed;
  }

  test('a retain of a shared frame that fails has counted nothing', () => {
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
    expect(failed).toBeGreaterThan(0); // how often depends on the engine's frames
    for (let count = 202; count > 1; count--) expect(slots.release(handle)).toBe(false);
    expect(slots.release(handle)).toBe(true);
    expectAllHome(pool);
  });

  test.each(['this', 'another'])('a releaseMany of what %s thread took loses no slot', (whose) => {
    const pool = smallPool({ frames: 40, threadsMax: 2, cacheFrames: 16 });
    const sender = alone(() => FramePool.attach(pool.ref));
    const { slots } = pool;
    let failed = 0;
    for (let round = 0; round < 300; round++) {
      const batch = whose === 'this' ? filled(pool, 12) : filled(sender, 12);
      if (whose === 'another') {
        for (const handle of batch) slots.adopt(sender.slots.transfer(handle));
      }
      const release = (): void => {
        // What an attempt before this one has freed is gone; the rest is still held.
        slots.releaseMany(batch.filter((handle) => slots.refs.holds(handle)));
      };
      failed += atTheEnd(release, Array(round % 17).fill(0));
      slots.refs.giveCacheBack(); // so the next batch finds room, and nothing has to be spilled
      expect(pool.audit()).toMatchObject({ ok: true, held: 0, problems: [] });
    }
    expect(failed).toBeGreaterThan(0);
    sender.close();
    expectAllHome(pool);
  });

  test('a look of the guard that fails leaves the slot in the cache', () => {
    const pool = smallPool({ frames: 4, cacheFrames: 4, guard: 'verify' });
    pool.acquireMany(4)?.forEach((frame) => void frame.release());
    const { framesCached } = pool.stats();
    interrupt(pool.slots.refs.guard, 'greet', () => {
      throw new RangeError('the stack is full');
    });
    expect(() => pool.slots.acquire()).toThrow(RangeError);
    expect(pool.stats().framesCached).toBe(framesCached);
    expectAllHome(pool);
  });

  test('a spill whose first move of bits fails has changed no word', () => {
    const pool = smallPool({ frames: 8, cacheFrames: 4 });
    const { slots } = pool;
    const more = filled(pool, 5);
    slots.releaseMany(filled(pool, 3));
    expect(pool.stats().threads[0]?.cached).toBe(3);
    const { or } = Atomics;
    Atomics.or = () => {
      Atomics.or = or;
      throw new RangeError('the stack is full');
    };
    try {
      expect(() => slots.refs.spillAll()).toThrow(RangeError);
    } finally {
      Atomics.or = or;
    }
    expect(pool.audit()).toMatchObject({ ok: true, held: 5, problems: [] });
    expect(slots.releaseMany(more)).toBe(5);
    expectAllHome(pool);
  });

  test('a releaseMany that is refused as stale has released nothing', () => {
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
      // Where the stack was full before, some may be free, and none is lost.
      const held = batch.filter((handle) => slots.refs.holds(handle)).length;
      expect(pool.audit()).toMatchObject({ ok: true, held, problems: [] });
      expect(slots.releaseMany(batch.filter((handle) => slots.refs.holds(handle)))).toBe(held);
      expect(slots.acquireMany(batch)).toBe(true);
      stale.set(batch.subarray(0, 7));
      stale[7] = batch[0] as number;
      refusedInVain(pool, () => slots.releaseMany(stale), StaleHandleError);
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
