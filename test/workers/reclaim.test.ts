/** `pool.reclaim(seat)` by hand, and what becomes of messages, lanes and waiters of the dead. */
import { type Frame, FramePool, InvalidOptionError, StaleHandleError } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { geometryOf } from '../../src/slab/geometry.js';
import { layoutOf } from '../../src/slab/layout.js';
import { type Actor, play } from './actors.js';

const OPTIONS = {
  frames: 12,
  cacheFrames: 2,
  threadsMax: 6,
  frameSizeBytes: 64,
  channels: { work: { capacity: 4 }, news: { capacity: 3, mode: 'broadcast' } },
} as const;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const frameOf = (pool: FramePool, byte: number): Frame =>
  (pool.tryAcquire() as Frame).write(Uint8Array.of(byte));

function expectAllHome(pool: FramePool): void {
  expect(pool.inspect()).toEqual([]);
  const audit = pool.audit();
  expect(audit.problems).toEqual([]);
  expect(pool.stats().threads.map(({ seat }) => seat)).toEqual([pool.seat]);
  const all = new Int32Array(audit.slots);
  expect(pool.slots.acquireMany(all)).toBe(true);
  pool.slots.releaseMany(all);
}

/** A worker that has ended unwatched, and the seat that it had. */
async function deadAfter(word: string, actor: Actor): Promise<number> {
  const seat = await actor.said<number>('attached');
  await actor.said(word);
  await actor.kill();
  return seat;
}

const nothingFrom = (seat: number) => ({
  seat,
  vacated: false,
  owned: 0,
  references: 0,
  messages: 0,
  freed: 0,
  inDoubt: false,
});

describe('reclaim', () => {
  test('refuses a living seat, the own seat, and numbers that are no seat', async () => {
    const pool = FramePool.create(OPTIONS);
    const actor = play('sit', { pool });
    const seat = await actor.said<number>('attached');
    expect(() => pool.reclaim(seat)).toThrow(InvalidOptionError);
    expect(() => pool.reclaim(seat)).toThrow(/alive \(.+\)/);
    expect(() => pool.reclaim(pool.seat, { ended: true })).toThrow(/own: close\(\)/);
    for (const nonsense of [-1, OPTIONS.threadsMax, 1.5, Number.NaN, '1', undefined, null]) {
      expect(() => pool.reclaim(nonsense as number, { ended: true })).toThrow(InvalidOptionError);
    }
    actor.goOn();
    await actor.said('closed');
    expectAllHome(pool);
  });

  test('needs the word that the thread has ended', async () => {
    const pool = FramePool.create(OPTIONS);
    const actor = play('sit', { pool });
    const seat = await actor.said<number>('attached');
    await actor.kill();
    expect(() => pool.reclaim(seat)).toThrow(/alive/);
    expect(pool.reclaim(seat, { ended: true })).toEqual({ ...nothingFrom(seat), vacated: true });
    expectAllHome(pool);
  });

  test('finds nothing in a seat that nobody had, or whose thread has closed the pool', async () => {
    const pool = FramePool.create(OPTIONS);
    expect(pool.reclaim(5)).toEqual(nothingFrom(5));
    const actor = play('sit', { pool });
    pool.watch(actor.worker);
    const seat = await actor.said<number>('attached');
    actor.goOn();
    await actor.said('closed');
    await actor.gone;
    expect(pool.reclaim(seat)).toEqual(nothingFrom(seat));
    expect(pool.reclaim(seat, { ended: true })).toEqual(nothingFrom(seat));
    expect(pool.stats().reclaimed).toBe(0);
    expectAllHome(pool);
  });

  test('reports exactly what it gave back, and nothing the second time', async () => {
    const pool = FramePool.create(OPTIONS);
    const kept = frameOf(pool, 9);
    const message = kept.share() as number;
    const actor = play('haveEverything', { pool, given: { message } });
    const seat = await actor.said<number>('attached');
    await actor.said('ready');
    frameOf(pool, 10).transfer({ to: seat }); // adopted by nobody
    kept.share({ to: seat });
    pool.channel('news').trySend(frameOf(pool, 11)); // received by nobody
    expect(kept.refCount).toBe(4);
    await actor.kill();

    const cached = pool.stats().threads.find((thread) => thread.seat === seat)?.cached ?? 0;
    expect(cached).toBeGreaterThan(0);
    const before = pool.stats();
    const audited = pool.audit();
    const report = pool.reclaim(seat, { ended: true });
    const after = pool.audit();
    // Two frames that it held alone, and its cache; two references to one that is kept; three
    // messages: two to it, and one in a lane to it.
    expect(report).toMatchObject({ seat, vacated: true, inDoubt: false });
    expect(report.owned).toBe(2 + cached);
    expect(report.references).toBe(2);
    expect(report.messages).toBe(3);
    expect(audited.held + audited.inFlight + audited.inLanes).toBe(5);
    expect(after.held + after.inFlight + after.inLanes).toBe(1);
    expect(kept.refCount).toBe(1);
    expect(kept.exclusive).toBe(true);
    // "Slots that became free": those of its cache count, since nobody could have them before.
    expect(report.freed).toBe(2 + cached + 2);
    expect(pool.stats().reclaimed - before.reclaimed).toBe(report.freed);
    expect(pool.reclaim(seat, { ended: true })).toEqual(nothingFrom(seat));
    kept.release();
    expectAllHome(pool);
  });

  test('by two threads at once gives everything back once', async () => {
    const pool = FramePool.create(OPTIONS);
    const reclaimed: number[] = [];
    for (let round = 0; round < 6; round++) {
      const dead = play('hold', { pool, given: { end: 'sit' } });
      const seat = await deadAfter('holds', dead);
      const rivals = [0, 1].map(() => play('reclaimTogether', { pool, given: { seat } }));
      for (const rival of rivals) await rival.said('attached');
      for (const rival of rivals) rival.goOn();
      const reports = await Promise.all(
        rivals.map((rival) => rival.said<ReturnType<FramePool['reclaim']>>('report')),
      );
      reclaimed.push(reports.filter((report) => report.vacated).length);
      for (const rival of rivals) rival.goOn();
      for (const rival of rivals) await rival.said('closed');
      pool.channel('work').tryReceive()?.release();
      pool.revoke(await dead.said<number>('message'));
      expectAllHome(pool);
    }
    expect(reclaimed).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('of many idle seats leaves framesInUsePeak an upper bound', async () => {
    const pool = FramePool.create(OPTIONS);
    for (let round = 0; round < 10; round++) {
      const actor = play('sit', { pool });
      const seat = await actor.said<number>('attached');
      await actor.kill();
      pool.reclaim(seat, { ended: true });
    }
    const frames = pool.acquireMany(10) as Frame[];
    for (const frame of frames) frame.release();
    expect(pool.stats().framesInUsePeak).toBeGreaterThanOrEqual(10);
  });

  test.for(['poison', 'verify'] as const)(
    'leaves no byte of the dead under guard %s',
    async (guard) => {
      const pool = FramePool.create({ ...OPTIONS, cacheFrames: 0, guard });
      const actor = play('hold', { pool, given: { end: 'sit' } });
      pool.watch(actor.worker);
      await actor.said('holds');
      await actor.kill();
      pool.channel('work').tryReceive()?.release();
      pool.revoke(await actor.said<number>('message'));
      const frames = pool.acquireMany(OPTIONS.frames, 1) as Frame[];
      // The scene wrote 1, 2, 3 and 4; a slot that nobody ever had holds zero.
      for (const frame of frames) expect([0, 0xdb]).toContain(frame.bytes[0]);
      for (const frame of frames) frame.release();
    },
  );

  test('lets the next thread have the seat, as often as one dies', async () => {
    const pool = FramePool.create({ ...OPTIONS, threadsMax: 2 });
    for (let round = 0; round < 5; round++) {
      const actor = play('hold', { pool, given: { end: 'sit' } });
      pool.watch(actor.worker);
      expect(await actor.said('attached')).toBe(1);
      await actor.said('holds');
      await actor.kill();
      pool.channel('work').tryReceive()?.release();
      pool.revoke(await actor.said<number>('message'));
      expectAllHome(pool);
    }
  });
});

describe('a message', () => {
  test('to a thread that dies before it adopts comes back', async () => {
    const pool = FramePool.create(OPTIONS);
    const actor = play('sit', { pool });
    pool.watch(actor.worker);
    const to = await actor.said<number>('attached');
    const kept = frameOf(pool, 1);
    kept.share({ to });
    const message = frameOf(pool, 2).transfer({ to }) as number;
    expect(pool.inspect().flatMap((row) => row.messages)).toMatchObject([
      { to, count: 1, sender: pool.seat },
      { to, count: 1, sender: pool.seat },
    ]);
    expect(() => pool.adopt(message)).toThrow(StaleHandleError);
    await actor.kill();
    expect(kept.exclusive).toBe(true);
    expect(() => pool.adopt(message)).toThrow(StaleHandleError);
    expect(() => kept.share({ to })).toThrow(/nobody sits in seat/);
    kept.release();
    expectAllHome(pool);
  });

  test('to a number that is no seat is refused: -1 too', () => {
    const pool = FramePool.create(OPTIONS);
    const frame = frameOf(pool, 1);
    for (const to of [-1, OPTIONS.threadsMax, 0.5, Number.NaN]) {
      expect(() => frame.share({ to })).toThrow(InvalidOptionError);
      expect(() => frame.transfer({ to })).toThrow(InvalidOptionError);
    }
    expect(frame.exclusive).toBe(true);
    frame.release();
  });

  test('that the dead sent to a living seat is there to be adopted', async () => {
    const pool = FramePool.create(OPTIONS);
    const sender = play('give', {
      pool,
      given: { by: 'transfer', to: pool.seat },
      stop: { method: 'none', from: 0, to: 0 },
    });
    pool.watch(sender.worker);
    const message = await sender.said<number>('message');
    await sender.kill();
    pool.adopt(message).release();
    expectAllHome(pool);
  });

  test('without addressee outlives its sender: anybody adopts it or revokes it, once', async () => {
    const pool = FramePool.create(OPTIONS);
    for (const ending of ['adopt', 'revoke', 'elsewhere'] as const) {
      const sender = play('hold', { pool, given: { end: 'sit' } });
      pool.watch(sender.worker);
      const seat = await sender.said<number>('attached');
      const message = await sender.said<number>('message');
      await sender.said('holds');
      await sender.kill();
      pool.channel('work').tryReceive()?.release();
      const [row] = pool.inspect();
      expect(row).toMatchObject({ handle: message, references: 1, holders: [] });
      expect(row?.messages).toMatchObject([{ to: -1, count: 1, sender: seat }]);
      expect(row?.messages[0]?.ageMs).toBeGreaterThanOrEqual(0);
      if (ending === 'adopt') expect([...pool.adopt(message).bytes]).toEqual([4]);
      if (ending === 'revoke') expect(pool.revoke(message)).toBe(true);
      if (ending === 'elsewhere') {
        const heir = play('adopt', { pool, given: { message } });
        await heir.said('adopted');
        heir.goOn();
        await heir.said('closed');
      }
      expect(() => pool.adopt(message)).toThrow(StaleHandleError);
      if (ending === 'adopt') pool.slots.release(message);
      expect(pool.revoke(message)).toBe(false);
      expectAllHome(pool);
    }
  });

  test('that is late for a thread that died credits nobody: its sender keeps the frame', async () => {
    const pool = FramePool.create(OPTIONS);
    const layout = layoutOf(geometryOf(OPTIONS));
    const dead = play('sit', { pool });
    const to = await dead.said<number>('attached');
    const mailAt = layout.mailAt + to * layout.ledgerStride;
    const sender = play('give', {
      pool,
      given: { by: 'transfer', to },
      stop: { method: 'compareExchange', from: mailAt, to: mailAt + layout.slots, when: 'before' },
    });
    const handle = await sender.said<number>('acquired');
    await sender.said('stopped');
    await dead.kill();
    pool.reclaim(to, { ended: true });
    const comer = play('adoptLater', { pool, given: { message: handle } });
    expect(await comer.said('attached')).toBe(to);
    sender.goOn();
    await sender.gone;
    expect(sender.fault()).toMatchObject({ message: expect.stringMatching(/nobody sits in seat/) });
    comer.goOn();
    expect(await comer.said('adopted')).toBe(StaleHandleError.code);
    await comer.kill();
    for (const { seat } of pool.stats().threads) {
      if (seat !== pool.seat) pool.reclaim(seat, { ended: true });
    }
    expectAllHome(pool);
  });
});

describe('a dead', () => {
  test('producer’s frames stay deliverable, in a queue and in a broadcast', async () => {
    const pool = FramePool.create(OPTIONS);
    const news = pool.channel('news').subscribe();
    const actor = play('publish', { pool });
    pool.watch(actor.worker);
    await actor.said('published');
    await actor.kill();
    for (const channel of [pool.channel('work'), news]) {
      const bytes: number[] = [];
      for (let frame = channel.tryReceive(); frame !== undefined; frame = channel.tryReceive()) {
        bytes.push(frame.bytes[0] as number);
        expect(frame.exclusive).toBe(true);
        frame.release();
      }
      expect(bytes).toEqual([1, 2, 3]);
    }
    expectAllHome(pool);
  });

  test('subscriber holds nobody up, asleep or not', async () => {
    const pool = FramePool.create(OPTIONS);
    const subscriber = play('subscribe', { pool });
    const seat = await subscriber.said<number>('attached');
    await subscriber.said('subscribed');
    const message = frameOf(pool, 8).transfer() as number;
    const sender = play('sendNews', { pool, given: { message } });
    await sender.said('full');
    await subscriber.kill();
    await sleep(20); // for the sender to fall asleep; not needed for the law
    pool.reclaim(seat, { ended: true });
    await sender.said('sent');
    sender.goOn();
    expect(await sender.said('holding')).toBe(1); // the one that it could not send
    const senderSeat = await sender.said<number>('attached');
    await sender.kill();
    pool.reclaim(senderSeat, { ended: true });
    expectAllHome(pool);
  });

  test('waiter does not eat a hand-over', async () => {
    const pool = FramePool.create(OPTIONS);
    const all: Frame[] = [];
    for (let frame = pool.tryAcquire(); frame !== undefined; frame = pool.tryAcquire()) {
      all.push(frame);
    }
    const waiters: Actor[] = [];
    for (const scene of ['acquireSync', 'waitAndLeave']) {
      waiters.push(play(scene, { pool }));
      for (let k = 0; k < 5000 && pool.stats().waiters < waiters.length; k++) await sleep(2);
      expect(pool.stats().waiters).toBe(waiters.length);
    }
    const [first, second] = waiters as [Actor, Actor];
    const seat = await first.said<number>('attached');
    await first.kill();
    all.pop()?.release(); // handed to the one that has waited longest, and is dead
    pool.reclaim(seat, { ended: true });
    await second.said('acquired');
    await second.said('closed');
    for (const frame of all) frame.release();
    expectAllHome(pool);
  });
});

test('audit({ repair: true }) disturbs nobody who works, comes or goes', async () => {
  const pool = FramePool.create(OPTIONS);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const actors = [0, 1, 2].map(() => play('churn', { pool, given: { stop } }));
  await Promise.all(actors.map((actor) => actor.said('works')));
  for (let k = 0; k < 2000; k++) {
    expect(pool.audit({ repair: true }).repaired).toBe(0);
    if (k % 100 === 0) await sleep(1);
  }
  Atomics.store(stop, 0, 1);
  await Promise.all(actors.map((actor) => actor.said('stopped')));
  for (let frame = pool.channel('work').tryReceive(); frame !== undefined; ) {
    frame.release();
    frame = pool.channel('work').tryReceive();
  }
  expectAllHome(pool);
});
