/** Queue channels between real threads: exactly once, in order, whole; and how they end. */
import { FramePool } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { Crew, expectAllHome, faultOf, pause, resultsOf, until } from './crew.js';
import { fill, verify } from './payload.js';

const SEATS = 16;

/** Producers and consumers in these forms; every frame is to arrive exactly once. */
async function runQueue(
  producers: readonly object[],
  consumers: readonly object[],
  count: number,
  options: { capacity?: number; frames?: number; cacheFrames?: number } = {},
): Promise<void> {
  const { capacity = 8, frames = 64, cacheFrames = 4 } = options;
  const pool = FramePool.create({
    frameSizeBytes: 64,
    frames,
    cacheFrames,
    threadsMax: SEATS,
    channels: { work: { capacity } },
  });
  const crew = new Crew(pool);
  const seen = new SharedArrayBuffer(SEATS * count);
  const common = { channel: 'work', count, most: count, seen };
  const senders = await crew.startAll<{ seat: number }>(
    'produce',
    producers.map((row) => ({ ...common, ...row })),
  );
  const receivers = await crew.startAll<number>(
    'consume',
    consumers.map((row) => ({ ...common, ...row })),
  );
  crew.go();
  const seats = (await resultsOf(senders)).map(({ seat }) => seat);
  pool.channel('work').close();
  const received = await resultsOf(receivers);
  expect(received.reduce((sum, n) => sum + n, 0)).toBe(producers.length * count);
  const tally = new Uint8Array(seen);
  for (const seat of seats) {
    expect(tally.subarray(seat * count, (seat + 1) * count).every((n) => n === 1)).toBe(true);
  }
  const total = producers.length * count;
  const row = pool.stats().channels[0];
  expect(row).toEqual({
    name: 'work',
    mode: 'queue',
    capacity,
    depth: 0,
    sent: total,
    received: total,
    dropped: 0,
  });
  expectAllHome(pool);
  pool.close();
}

const times = (n: number, row: object): object[] => Array.from({ length: n }, () => row);

describe('exactly once', () => {
  test('4 producers and 4 consumers: each frame once, whole, in its producer’s order', () =>
    runQueue(times(4, { form: 'sync' }), times(4, { form: 'sync' }), 10_000));

  test('all forms of both verbs together deliver each frame once', () =>
    runQueue(
      [{ form: 'now' }, { form: 'promise' }, { form: 'many' }, { form: 'handle' }],
      [{ form: 'now' }, { form: 'promise' }, { form: 'many' }, { form: 'iterate' }],
      3_000,
    ));

  test('capacity 1 delivers each frame once', () =>
    runQueue(times(2, { form: 'sync' }), times(2, { form: 'promise' }), 2_000, { capacity: 1 }));

  test('a pool that is smaller than the lanes delivers each frame once', () =>
    runQueue(times(4, { form: 'sync' }), times(4, { form: 'sync' }), 3_000, {
      capacity: 100,
      frames: 3,
      cacheFrames: 0,
    }));

  test('one producer in batches, one consumer in batches: each frame once', () =>
    runQueue([{ form: 'many', batch: 7 }], [{ form: 'many' }], 20_000, { capacity: 5 }));
});

describe('closing', () => {
  test.for([0, 5])(
    'what was sent before the close is delivered, and what was refused was kept (batches of %i)',
    async (batch) => {
      for (let round = 0; round < 40; round++) {
        const pool = FramePool.create({
          frameSizeBytes: 64,
          frames: 200,
          cacheFrames: 0,
          threadsMax: 4,
          channels: { work: { capacity: 64 } },
        });
        const crew = new Crew(pool);
        const [sender] = await crew.startAll<number>('sendUntilClosed', [
          { channel: 'work', batch },
        ]);
        const channel = pool.channel('work');
        crew.go();
        const got: number[] = [];
        const take = (): boolean => {
          const frame = channel.tryReceive();
          if (frame === undefined) return false;
          verify(frame);
          got.push(frame.sequence);
          frame.release();
          return true;
        };
        const before = 20 * round;
        for (let k = 0; k < 1e8 && got.length < before; k++) take();
        channel.close();
        const sent = await sender?.result;
        for (let k = 0; k < 1e6 && take(); k++);
        expect(got.length, `round ${round}`).toBe(sent);
        expect(channel.depth).toBe(0);
        expectAllHome(pool);
        pool.close();
      }
    },
  );

  test('the close wakes every sleeping receiver and every sleeping sender, blocking or promise', async () => {
    const pool = FramePool.create({
      frameSizeBytes: 64,
      frames: 40,
      threadsMax: 12,
      cacheFrames: 0,
      channels: { empty: { capacity: 4 }, full: { capacity: 2 } },
    });
    const crew = new Crew(pool);
    const receivers = await crew.startAll<unknown>('receiveOnce', times(3, { channel: 'empty' }));
    const senders = await crew.startAll<object>('sendIntoTheVoid', times(3, { channel: 'full' }));
    const full = pool.channel('full');
    const frames = [1, 2, 3].map((k) => {
      const frame = pool.acquireSync();
      fill(frame, 0, k);
      return frame;
    });
    const sends = frames.map((frame) =>
      full.send(frame).then(
        () => 'sent',
        (fault) => fault.code,
      ),
    );
    const receives = [1, 2].map(() => pool.channel('empty').receive());
    crew.go();
    // Each sender sleeps with its third frame, each receiver with none.
    await crew.counted(3 + 3 * 3);
    await pause(50);
    full.close();
    pool.channel('empty').close();
    expect(await Promise.all(receives)).toEqual([undefined, undefined]);
    expect(await resultsOf(receivers)).toEqual(['end', 'end', 'end']);
    expect(await Promise.all(sends)).toEqual(['sent', 'sent', 'ERR_FRAMESLAB_CHANNEL_CLOSED']);
    for (const outcome of await resultsOf(senders)) {
      expect(outcome).toEqual({
        code: 'ERR_FRAMESLAB_CHANNEL_CLOSED',
        refCount: 1,
        exclusive: true,
        released: false,
      });
    }
    expect(frames.map(({ released }) => released)).toEqual([true, true, false]);
    frames[2]?.release();
    let drained = 0;
    for (let k = 0; k < 100; k++) {
      const frame = await full.receive();
      if (frame === undefined) break;
      verify(frame);
      frame.release();
      drained += 1;
    }
    expect(drained).toBe(2 + 3 * 2);
    expectAllHome(pool);
    pool.close();
  });

  test('a producer that has left leaves what it published deliverable', async () => {
    const pool = FramePool.create({
      frameSizeBytes: 64,
      frames: 20,
      threadsMax: 3,
      channels: { work: { capacity: 8 } },
    });
    const crew = new Crew(pool);
    crew.go();
    // Two generations in the same seat: the second one goes on where the first one stopped.
    for (let stay = 0; stay < 2; stay++) {
      const [player] = await crew.startAll('produce', [
        { channel: 'work', count: 4, form: 'sync' },
      ]);
      await player?.result;
      await player?.gone;
    }
    expect(pool.stats().threads).toHaveLength(1);
    const got: number[] = [];
    for await (const frame of pool.channel('work')) {
      verify(frame);
      got.push(frame.sequence);
      frame.release();
      if (got.length === 8) pool.channel('work').close();
    }
    expect(got).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
    expectAllHome(pool);
    pool.close();
  });
});

describe('when it is full', () => {
  test('back-pressure: a sleeping sender goes on when a consumer has made room', async () => {
    const pool = FramePool.create({
      frameSizeBytes: 64,
      frames: 20,
      threadsMax: 4,
      channels: { work: { capacity: 3 } },
    });
    const crew = new Crew(pool);
    const [sender] = await crew.startAll('produce', [
      { channel: 'work', count: 100, form: 'sync' },
    ]);
    crew.go();
    const channel = pool.channel('work');
    for (let k = 0; k < 100; k++) {
      await until(() => channel.depth === Math.min(3, 100 - k));
      expect(pool.stats().channels[0]?.depth).toBeLessThanOrEqual(3);
      const frame = channel.tryReceive();
      expect(frame?.sequence).toBe(k);
      frame?.release();
    }
    await sender?.result;
    expectAllHome(pool);
    pool.close();
  });

  test('drop-oldest against racing consumers: what is neither received nor dropped does not exist', async () => {
    const count = 20_000;
    const pool = FramePool.create({
      frameSizeBytes: 64,
      frames: 64,
      threadsMax: 8,
      channels: { work: { capacity: 4, whenFull: 'drop-oldest' } },
    });
    const crew = new Crew(pool);
    const seen = new SharedArrayBuffer(SEATS * count);
    const common = { channel: 'work', count, most: count, seen, form: 'now' };
    const senders = await crew.startAll('produce', times(2, common));
    const receivers = await crew.startAll<number>('consume', times(2, common));
    crew.go();
    await resultsOf(senders);
    const channel = pool.channel('work');
    channel.close();
    const received = (await resultsOf(receivers)).reduce((sum, n) => sum + n, 0);
    expect(received + channel.dropped).toBe(2 * count);
    expect(new Uint8Array(seen).every((n) => n <= 1)).toBe(true);
    expect(pool.stats().channels[0]).toMatchObject({ sent: 2 * count, received, depth: 0 });
    expectAllHome(pool);
    pool.close();
  });
});

test('a closed pool takes nothing out of a channel', async () => {
  const pool = FramePool.create({
    frameSizeBytes: 64,
    frames: 10,
    threadsMax: 2,
    channels: { work: { capacity: 4 } },
  });
  const crew = new Crew(pool);
  const [sender] = await crew.startAll('produce', [{ channel: 'work', count: 2, form: 'sync' }]);
  crew.go();
  await sender?.result;
  await sender?.gone;
  const { ref } = pool;
  const channel = pool.channel('work');
  pool.close();
  expect(faultOf(() => channel.tryReceive())?.code).toBe('ERR_FRAMESLAB_POOL_CLOSED');
  expect(faultOf(() => channel.receiveSync(0))?.code).toBe('ERR_FRAMESLAB_POOL_CLOSED');
  await expect(channel.receive({ timeoutMs: 5 })).rejects.toMatchObject({
    code: 'ERR_FRAMESLAB_POOL_CLOSED',
  });
  const again = FramePool.attach(ref);
  expect(again.channel('work').depth).toBe(2);
  for (let k = 0; k < 2; k++) again.channel('work').tryReceive()?.release();
  expectAllHome(again);
  again.close();
});
