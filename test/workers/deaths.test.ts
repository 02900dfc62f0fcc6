/** Every way in which a thread can end, by name: what it held comes back, what it gave stays. */
import { EventEmitter } from 'node:events';
import type { WorkerOptions } from 'node:worker_threads';
import { type Frame, FramePool, InvalidOptionError } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { type Actor, play } from './actors.js';

function makePool(): FramePool {
  return FramePool.create({
    frames: 12,
    cacheFrames: 1,
    threadsMax: 5,
    frameSizeBytes: 64,
    channels: {
      work: { capacity: 4 },
      empty: { capacity: 4 },
      full: { capacity: 1 },
      news: { capacity: 2, mode: 'broadcast' },
    },
  });
}

/** Everything is free, and nobody but this thread has a seat. */
function expectAllHome(pool: FramePool): void {
  expect(pool.inspect()).toEqual([]);
  const audit = pool.audit();
  expect(audit.problems).toEqual([]);
  expect(pool.stats().threads.map(({ seat }) => seat)).toEqual([pool.seat]);
  const all = new Int32Array(audit.slots);
  expect(pool.slots.acquireMany(all)).toBe(true);
  pool.slots.releaseMany(all);
}

/** What the holder of the scene `hold` had published or sent is still there. */
async function expectGiftsStay(pool: FramePool, actor: Actor): Promise<void> {
  const received = pool.channel('work').tryReceive();
  expect([...(received?.bytes ?? [])]).toEqual([3]);
  received?.release();
  const adopted = pool.adopt(await actor.said<number>('message'));
  expect([...adopted.bytes]).toEqual([4]);
  adopted.release();
}

function sent(pool: FramePool): number {
  return (pool.tryAcquire() as Frame).transfer() as number;
}

describe('a worker that', () => {
  test.for<[string, string, WorkerOptions, number]>([
    ['calls process.exit()', 'exit', {}, 3],
    ['throws an uncaught error', 'throw', {}, 1],
    [
      'exceeds its resource limits',
      'memory',
      { resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 } },
      1,
    ],
  ])('%s gives back what it held', async ([, end, options, code]) => {
    const pool = makePool();
    const actor = play('hold', { pool, given: { end } }, options);
    pool.watch(actor.worker);
    await actor.said('holds');
    actor.goOn();
    expect(await actor.gone).toBe(code);
    await expectGiftsStay(pool, actor);
    expectAllHome(pool);
  });

  test.for([
    ['is terminated at rest', 'sit'],
    ['is terminated while asleep in acquireSync', 'acquireSync'],
    ['is terminated while asleep in receiveSync', 'receiveSync'],
    ['is terminated while asleep in sendSync', 'sendSync'],
    ['is terminated while a promise of acquire is pending', 'acquire'],
    ['is terminated while a promise of receive is pending', 'receive'],
    ['is terminated while a promise of send is pending', 'send'],
  ] as const)('%s gives back what it held', async ([, end]) => {
    const pool = makePool();
    const actor = play('hold', { pool, given: { end, message: sent(pool) } });
    pool.watch(actor.worker);
    await actor.said('holds');
    // Nothing is left for it to acquire.
    const rest: Frame[] = [];
    for (let frame = pool.tryAcquire(); frame !== undefined; frame = pool.tryAcquire()) {
      rest.push(frame);
    }
    actor.goOn();
    await actor.said('ends');
    const waits = end.startsWith('acquire') ? 1 : 0;
    for (let k = 0; k < 10 || (k < 5000 && pool.stats().waiters < waits); k++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(pool.stats().waiters).toBe(waits);
    await actor.kill();
    expect(pool.stats().waiters).toBe(0);
    for (const frame of rest) frame.release();
    await expectGiftsStay(pool, actor);
    expect(pool.channel('full').tryReceive()?.release()).toBe(end.startsWith('send') || undefined);
    const [left] = pool.inspect(); // the message, where the scene did not adopt it
    if (left !== undefined) expect(pool.revoke(left.handle)).toBe(true);
    expect(left === undefined).toBe(end.startsWith('send'));
    expectAllHome(pool);
  });

  test('exits right after it attached leaves its seat', async () => {
    const pool = makePool();
    const actor = play('attachAndExit', { pool });
    pool.watch(actor.worker);
    await actor.gone;
    expectAllHome(pool);
  });

  test('holds frames in several pools gives all of them back', async () => {
    const pools = [makePool(), makePool(), makePool()];
    const actor = play('holdInMany', { given: { refs: pools.map((pool) => pool.ref) } });
    for (const pool of pools) pool.watch(actor.worker);
    await actor.said('holds');
    expect(pools.map((pool) => pool.inspect().length)).toEqual([1, 1, 1]);
    await actor.kill();
    for (const pool of pools) expectAllHome(pool);
  });

  test('was never attached is watched in vain', async () => {
    const pool = makePool();
    const other = makePool();
    const actor = play('sit', { pool: other });
    pool.watch(actor.worker);
    await actor.said('attached');
    await actor.kill();
    expectAllHome(pool);
  });
});

describe('watch', () => {
  test('from a worker gives back what that worker’s own child held', async () => {
    const pool = makePool();
    const actor = play('watchOwnChild', { pool });
    expect(await actor.said('child holds')).toBe(2);
    expect(await actor.said('after')).toBe(2);
    await actor.said('closed');
    pool.channel('work').tryReceive()?.release();
    const [message] = pool.inspect();
    expect(pool.revoke(message?.handle ?? 0)).toBe(true);
    expectAllHome(pool);
  });

  test('by two threads, and twice by one, reclaims once', async () => {
    const pool = makePool();
    const actor = play('hold', { pool, given: { end: 'sit' } });
    await actor.said('holds');
    const { threadId } = actor.worker;
    const other = play('watchByNumber', { pool, given: { threadId } });
    await other.said('watches');
    expect(pool.watch(pool.watch(actor.worker))).toBe(actor.worker);
    other.goOn(); // it hears of the end at about the time when this thread does
    await actor.kill();
    await other.said('heard');
    other.goOn();
    await other.said('closed');
    await expectGiftsStay(pool, actor);
    expectAllHome(pool);
  });

  test('takes anything with a threadId and an exit event', async () => {
    const pool = makePool();
    const actor = play('hold', { pool, given: { end: 'sit' } });
    await actor.said('holds');
    const emitter = Object.assign(new EventEmitter(), { threadId: actor.worker.threadId });
    expect(pool.watch(emitter)).toBe(emitter);
    await actor.kill();
    expect(pool.stats().threads.length).toBe(2);
    emitter.emit('exit', 1);
    await expectGiftsStay(pool, actor);
    expectAllHome(pool);
    emitter.emit('exit', 1);
    expectAllHome(pool);
  });

  test('refuses a worker that has ended, and what is no worker', async () => {
    const pool = makePool();
    const actor = play('sit', { pool });
    await actor.said('attached');
    await actor.kill();
    expect(() => pool.watch(actor.worker)).toThrow(InvalidOptionError);
    expect(() => pool.watch(actor.worker)).toThrow(/ended already: reclaim\(seat\) by hand/);
    for (const nonsense of [undefined, null, 7, {}, { threadId: 3 }, new EventEmitter()]) {
      expect(() => pool.watch(nonsense as never)).toThrow(InvalidOptionError);
    }
    const { seat = -1 } = pool.stats().threads[1] ?? {};
    expect(pool.reclaim(seat, { ended: true }).vacated).toBe(true);
    expectAllHome(pool);
  });

  test('of a pool that is closed before the worker ends does nothing', async () => {
    const pool = makePool();
    const keeper = FramePool.attach(pool.ref);
    const actor = play('sit', { pool });
    pool.watch(actor.worker);
    await actor.said('attached');
    keeper.close();
    await actor.kill();
    expect(FramePool.attach(pool.ref).stats().threads.length).toBe(2);
  });
});
