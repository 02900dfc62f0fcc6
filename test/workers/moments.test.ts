/**
 * Deaths and reclaims at named moments: threads are stopped inside the library, between two of its
 * atomic steps, while others die, reclaim or take the seat.
 */
import process from 'node:process';
import { FrameModifiedError, FramePool, type FramePoolOptions } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { geometryOf } from '../../src/slab/geometry.js';
import { LANE, type Layout, layoutOf, SEAT } from '../../src/slab/layout.js';
import { play } from './actors.js';

const OPTIONS: FramePoolOptions = {
  frames: 4,
  cacheFrames: 0,
  threadsMax: 6,
  frameSizeBytes: 64,
  channels: { work: { capacity: 4 }, news: { capacity: 4, mode: 'broadcast' } },
};

interface Stage {
  readonly pool: FramePool;
  readonly layout: Layout;
  /** The int of a seat's field. */
  seatAt(seat: number, field: number): number;
}

function stage(options: FramePoolOptions = {}): Stage {
  const whole = { ...OPTIONS, ...options };
  const layout = layoutOf(geometryOf(whole));
  const seatAt = (seat: number, field: number): number => layout.seatsAt + seat * SEAT.size + field;
  return { pool: FramePool.create(whole), layout, seatAt };
}

/** The int of a lane of a channel. */
function laneAt(layout: Layout, name: string, lane: number): number {
  const channel = layout.channels.find((entry) => entry.name === name);
  if (channel === undefined) throw new Error(`no channel ${name}`);
  return channel.lanesAt + lane * channel.laneSize;
}

/** Every slot is free, and can be acquired by this thread alone. */
function expectAllHome(pool: FramePool): void {
  const audit = pool.audit();
  expect(audit.problems).toEqual([]);
  expect(pool.inspect()).toEqual([]);
  const all = new Int32Array(audit.slots);
  expect(pool.slots.acquireMany(all)).toBe(true);
  pool.slots.releaseMany(all);
}

/** The ends of a range of one int. */
const only = (at: number) => ({ from: at, to: at + 1 });

const seatsTaken = (pool: FramePool): number[] => pool.stats().threads.map(({ seat }) => seat);

describe('a seat', () => {
  test('of a thread that dies while it closes the pool is free afterwards', async () => {
    const { pool, seatAt } = stage();
    const stop = { method: 'store', ...only(seatAt(1, SEAT.owner)), when: 'before' };
    const leaver = play('close', { pool, stop });
    pool.watch(leaver.worker);
    await leaver.said('stopped');
    await leaver.kill();
    expect(seatsTaken(pool)).toEqual([pool.seat]);
  });

  test('is not given away by a repair while its thread closes the pool', async () => {
    const { pool, seatAt } = stage();
    const stop = { method: 'store', ...only(seatAt(1, SEAT.owner)), when: 'before' };
    const leaver = play('close', { pool, stop });
    await leaver.said('stopped');
    pool.audit({ repair: true });
    const comer = play('sit', { pool });
    const seat = await comer.said<number>('attached');
    leaver.goOn();
    await leaver.said('closed');
    expect(pool.stats().threads.map((thread) => [thread.seat, thread.threadId])).toContainEqual([
      seat,
      comer.worker.threadId,
    ]);
  });

  test('is free when two threads have died in the middle of a refill', async () => {
    const { pool, layout } = stage();
    const stop = { method: 'and', ...only(layout.leavesAt), when: 'after' };
    const one = play('acquire', { pool, stop });
    await one.said('stopped');
    const two = play('acquire', { pool, stop });
    await two.said('stopped');
    pool.watch(one.worker);
    pool.watch(two.worker);
    await one.kill();
    await two.kill();
    expect(seatsTaken(pool)).toEqual([pool.seat]);
    expectAllHome(pool);
  });

  test('is not taken from a newcomer by a second watcher of the dead', async () => {
    const { pool, seatAt } = stage();
    const dead = play('sit', { pool });
    const seat = await dead.said<number>('attached');
    const stop = {
      method: 'load',
      ...only(seatAt(seat, SEAT.owner)),
      outcome: dead.worker.threadId + 1,
      when: 'after',
    };
    const second = play('watchByNumber', {
      pool,
      stop,
      given: { threadId: dead.worker.threadId },
    });
    await second.said('watches');
    await dead.kill();
    second.goOn();
    await second.said('stopped');
    expect(pool.reclaim(seat, { ended: true }).vacated).toBe(true);
    const comer = play('sit', { pool });
    expect(await comer.said('attached')).toBe(seat);
    second.goOn();
    await second.said('heard');
    expect(pool.stats().threads.map((thread) => [thread.seat, thread.threadId])).toContainEqual([
      seat,
      comer.worker.threadId,
    ]);
    expect(pool.reclaim.bind(pool, seat)).toThrow(/alive/);
  });

  test('is not taken from a newcomer by a repair that found it half reclaimed', async () => {
    const { pool, seatAt } = stage();
    const dead = play('sit', { pool });
    const seat = await dead.said<number>('attached');
    const { threadId } = dead.worker;
    await dead.kill();
    const condemning = {
      method: 'compareExchange',
      ...only(seatAt(seat, SEAT.owner)),
      when: 'after',
    };
    const reclaimer = play('reclaimTogether', { pool, given: { seat }, stop: condemning });
    await reclaimer.said('attached');
    reclaimer.goOn();
    await reclaimer.said('stopped');
    await reclaimer.kill();
    const stop = {
      method: 'load',
      ...only(seatAt(seat, SEAT.owner)),
      outcome: -(threadId + 1),
      when: 'after',
    };
    const repairer = play('repair', { pool, stop });
    await repairer.said('stopped');
    expect(pool.reclaim(seat, { ended: true }).vacated).toBe(true);
    const comer = play('sit', { pool });
    expect(await comer.said('attached')).toBe(seat);
    repairer.goOn();
    await repairer.said('repaired');
    expect(pool.stats().threads.map((thread) => [thread.seat, thread.threadId])).toContainEqual([
      seat,
      comer.worker.threadId,
    ]);
    expect(pool.reclaim.bind(pool, seat)).toThrow(/alive/);
  });
});

describe('a slot is not lost when', () => {
  test('its addressee dies between the message and the end of the transfer', async () => {
    const { pool, layout } = stage();
    const addressee = play('sit', { pool });
    const to = await addressee.said<number>('attached');
    pool.watch(addressee.worker);
    const mailAt = layout.mailAt + to * layout.ledgerStride;
    const sender = play('give', {
      pool,
      given: { by: 'transfer', to },
      stop: { method: 'compareExchange', from: mailAt, to: mailAt + layout.slots, when: 'after' },
    });
    await sender.said('stopped');
    await addressee.kill();
    sender.goOn();
    await sender.said('closed');
    expectAllHome(pool);
  });

  test.for(['send', 'broadcast', 'transfer'] as const)(
    'a holder dies, and the last reader is done, in the middle of a %s',
    async (by) => {
      const { pool, layout } = stage();
      pool.channel('news').subscribe();
      const channel = by === 'broadcast' ? 'news' : 'work';
      // The sender sits in seat 1; on a broadcast its lane to the main thread is lane 1 × 6 + 0.
      const tailAt = laneAt(layout, channel, by === 'broadcast' ? 6 : 1) + LANE.tail;
      const stop =
        by === 'transfer'
          ? {
              method: 'compareExchange',
              from: layout.flightsAt,
              to: layout.flightsAt + layout.slots * 4,
              when: 'after',
            }
          : { method: 'add', ...only(tailAt), when: 'after' };
      const sender = play('give', {
        pool,
        stop,
        given: { by: by === 'transfer' ? by : 'send', channel, shared: true },
      });
      const message = await sender.said<number>('shared');
      const holder = play('adopt', { pool, given: { message } });
      await holder.said('adopted');
      pool.watch(holder.worker);
      sender.goOn();
      await sender.said('stopped');
      await holder.kill();
      const last =
        by === 'transfer' ? pool.slots.adopt(message) : pool.channel(channel).tryReceiveHandle();
      expect(last).toBe(message);
      pool.slots.release(last);
      sender.goOn();
      await sender.said('closed');
      expectAllHome(pool);
    },
  );

  test.for(['receive', 'adopt'] as const)(
    'a holder dies while two threads race to %s it',
    async (by) => {
      const { pool, layout } = stage();
      const handle = pool.slots.acquire();
      const holder = play('adopt', { pool, given: { message: pool.slots.share(handle) } });
      await holder.said('adopted');
      pool.watch(holder.worker);
      if (by === 'receive') pool.channel('work').trySendHandle(handle);
      else pool.slots.transfer(handle);
      const laneStart = laneAt(layout, 'work', pool.seat);
      const range =
        by === 'receive'
          ? { from: laneStart + LANE.size, to: laneStart + LANE.size + 8 }
          : { from: layout.flightsAt, to: layout.flightsAt + layout.slots * 4 };
      const loser = play('comeTooLate', {
        pool,
        stop: { method: 'compareExchange', ...range, when: 'before' },
        given: by === 'receive' ? { channel: 'work' } : { message: handle },
      });
      await loser.said('stopped');
      await holder.kill();
      const won =
        by === 'receive' ? pool.channel('work').tryReceiveHandle() : pool.slots.adopt(handle);
      expect(won).toBe(handle);
      pool.slots.release(won);
      loser.goOn();
      expect(await loser.said('received')).toBe(0);
      await loser.said('closed');
      expectAllHome(pool);
    },
  );

  test('it is handed over to a waiter that is being reclaimed', async () => {
    const { pool, layout, seatAt } = stage();
    const done = new Int32Array(new SharedArrayBuffer(4));
    const mailbox = seatAt(2, SEAT.mailbox);
    const giver = play('handOver', {
      pool,
      stop: { method: 'compareExchange', ...only(mailbox), when: 'before' },
      given: { count: layout.slots, done },
    });
    await giver.said('holds');
    const waiter = play('acquireSync', { pool });
    const seat = await waiter.said<number>('attached');
    expect(seat).toBe(2);
    await waiter.said('waits');
    for (let k = 0; pool.stats().waiters === 0 && k < 1000; k++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await waiter.kill();
    giver.goOn();
    await giver.said('stopped');
    // The reclaimer has looked into the mailbox; the giver comes before it is emptied.
    const original = Atomics.store;
    const meddling = (array: Int32Array, index: number, value: number): number => {
      if (array.buffer === pool.buffer && index === mailbox) {
        Atomics.store = original;
        giver.goOn();
        expect(Atomics.wait(done, 0, 0, 20_000)).not.toBe('timed-out');
      }
      return original(array, index, value);
    };
    Atomics.store = meddling as typeof Atomics.store;
    try {
      pool.reclaim(seat, { ended: true });
    } finally {
      Atomics.store = original;
    }
    await giver.said('closed');
    expectAllHome(pool);
  });
});

describe('a guard that finds a fault in a frame of the dead', () => {
  test.for(['watched', 'by hand'] as const)('does not stop the reclaim (%s)', async (how) => {
    const { pool } = stage({ guard: 'verify' });
    const subscriber = play('subscribe', { pool });
    const seat = await subscriber.said<number>('attached');
    await subscriber.said('subscribed');
    const frame = pool.tryAcquire()?.write(Uint8Array.of(1, 2, 3));
    const offset = frame?.byteOffset ?? 0;
    if (frame !== undefined) pool.channel('news').trySend(frame);
    new Uint8Array(pool.buffer)[offset] = 9; // somebody breaks the rule
    const uncaught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (fault) => uncaught.push(fault));
    try {
      if (how === 'watched') pool.watch(subscriber.worker);
      // Not kill(): what a listener of `exit` throws would keep terminate() from resolving.
      void subscriber.worker.terminate();
      await subscriber.gone;
      await new Promise((resolve) => setTimeout(resolve, 0));
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
    expect(uncaught).toEqual([]);
    // At the latest the second time.
    for (let k = 0; k < 2 && how === 'by hand'; k++) {
      try {
        pool.reclaim(seat, { ended: true });
      } catch (fault) {
        expect(fault).toBeInstanceOf(FrameModifiedError);
      }
    }
    expect(seatsTaken(pool)).toEqual([pool.seat]);
    expectAllHome(pool);
  });
});
