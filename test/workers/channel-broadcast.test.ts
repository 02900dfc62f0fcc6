/** Broadcasts between real threads: every subscriber every frame, and nobody is held up. */
import { FramePool, type WhenFull } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { Crew, expectAllHome, faultOf, pause, resultsOf, seedOfRun, until } from './crew.js';
import { fill, verify } from './payload.js';

const SEATS = 8;
const times = (n: number, row: object): object[] => Array.from({ length: n }, () => row);

function poolWith(options: { capacity: number; whenFull?: WhenFull; frames?: number }): FramePool {
  const { capacity, whenFull = 'wait', frames = 64 } = options;
  return FramePool.create({
    frameSizeBytes: 64,
    frames,
    cacheFrames: 4,
    threadsMax: SEATS,
    channels: { news: { mode: 'broadcast', capacity, whenFull } },
  });
}

/** Sends one frame with this sequence from the test's own thread. */
function say(pool: FramePool, sequence: number): boolean {
  const frame = pool.acquireSync();
  fill(frame, pool.seat, sequence);
  const sent = pool.channel('news').trySend(frame);
  if (!sent) frame.release();
  return sent;
}

async function runBroadcast(
  producers: readonly object[],
  subscribers: readonly object[],
  count: number,
  capacity = 8,
): Promise<void> {
  const pool = poolWith({ capacity });
  const crew = new Crew(pool);
  const seen = new SharedArrayBuffer(SEATS * count);
  const common = { channel: 'news', subscribe: true, count, most: count, seen };
  const senders = await crew.startAll<{ seat: number }>(
    'produce',
    producers.map((row) => ({ ...common, ...row })),
  );
  const receivers = await crew.startAll<number>(
    'consume',
    subscribers.map((row) => ({ ...common, ...row })),
  );
  await crew.counted(subscribers.length); // all have subscribed
  crew.go();
  const seats = (await resultsOf(senders)).map(({ seat }) => seat);
  pool.channel('news').close();
  const received = await resultsOf(receivers);
  expect(received).toEqual(subscribers.map(() => producers.length * count));
  const tally = new Uint8Array(seen);
  for (const seat of seats) {
    const row = tally.subarray(seat * count, (seat + 1) * count);
    expect(row.every((n) => n === subscribers.length)).toBe(true);
  }
  const total = producers.length * count * subscribers.length;
  const row = { depth: 0, sent: total, received: total, dropped: 0, capacity };
  expect(pool.stats().channels[0]).toMatchObject(row);
  expectAllHome(pool);
  pool.close();
}

describe('every subscriber, every frame', () => {
  test('1 producer and 4 subscribers: each gets every frame, whole and in order', () =>
    runBroadcast([{ form: 'sync' }], times(4, { form: 'sync' }), 10_000));

  test('all forms of receiving get every frame', () =>
    runBroadcast(
      [{ form: 'now' }, { form: 'promise' }],
      [{ form: 'now' }, { form: 'promise' }, { form: 'many' }, { form: 'iterate' }],
      2_000,
    ));

  test('capacity 1 delivers every frame to all', () =>
    runBroadcast([{ form: 'sync' }], times(3, { form: 'sync' }), 1_500, 1));

  test('a subscriber misses nothing while others come and go', async () => {
    const seed = seedOfRun();
    const count = 40_000;
    const pool = poolWith({ capacity: 8 });
    const crew = new Crew(pool);
    // The restless sit in lower seats than the faithful, so that both orders are met.
    const restless = await crew.startAll(
      'comeAndGo',
      [1, 2].map((k) => ({ channel: 'news', seed: seed + k })),
    );
    const seen = new SharedArrayBuffer(SEATS * count);
    const common = { channel: 'news', subscribe: true, count, most: count, seen, form: 'sync' };
    const [faithful] = await crew.startAll<number>('consume', [common]);
    const [sender] = await crew.startAll('produce', [common]);
    await crew.counted(1);
    crew.go();
    await sender?.result;
    crew.stop();
    await resultsOf(restless);
    pool.channel('news').close();
    expect(await faithful?.result, `seed ${seed}`).toBe(count);
    expectAllHome(pool);
    pool.close();
  });
});

describe('coming and leaving', () => {
  test('a late subscriber starts at the present', async () => {
    const pool = poolWith({ capacity: 8 });
    const channel = pool.channel('news').subscribe();
    const crew = new Crew(pool);
    for (let k = 0; k < 3; k++) expect(say(pool, k)).toBe(true);
    const [late] = await crew.startAll<number>('receiveOnce', [
      { channel: 'news', subscribe: true },
    ]);
    crew.go();
    await crew.counted(1);
    expect(say(pool, 3)).toBe(true);
    expect(await late?.result).toBe(3);
    await late?.gone;
    for (let k = 0; k < 4; k++) {
      const frame = channel.tryReceive();
      expect(frame?.sequence).toBe(k);
      frame?.release();
    }
    expectAllHome(pool);
    pool.close();
  });

  test('nobody subscribed: a frame that is sent has ended, and comes home', () => {
    const pool = poolWith({ capacity: 2 });
    for (let k = 0; k < 10; k++) expect(say(pool, k)).toBe(true);
    expect(pool.channel('news').depth).toBe(0);
    expectAllHome(pool);
    pool.close();
  });

  test('a subscriber that leaves frees the sender that waits for it, and its lanes are released', async () => {
    const pool = poolWith({ capacity: 2 });
    const crew = new Crew(pool);
    const [sleepy] = await crew.startAll('subscribeAndSleep', [{ channel: 'news' }]);
    await crew.counted(1);
    expect([say(pool, 0), say(pool, 1), say(pool, 2)]).toEqual([true, true, false]);
    const frame = pool.acquireSync();
    fill(frame, pool.seat, 3);
    const sent = pool.channel('news').send(frame);
    await pause(20);
    expect(frame.refCount).toBe(1);
    crew.stop();
    await sent;
    expect(frame.released).toBe(true);
    expect(await sleepy?.result).toBe('left');
    expectAllHome(pool);
    pool.close();
  });

  test('a subscriber that closes its pool frees the sender that waits for it', async () => {
    const pool = poolWith({ capacity: 2 });
    const crew = new Crew(pool);
    const [once] = await crew.startAll<number>('receiveOnce', [
      { channel: 'news', subscribe: true },
    ]);
    crew.go();
    await crew.counted(1);
    expect([say(pool, 0), say(pool, 1)]).toEqual([true, true]);
    expect(await once?.result).toBe(0);
    for (let k = 2; k < 10; k++) {
      const frame = pool.acquireSync();
      fill(frame, pool.seat, k);
      await pool.channel('news').send(frame);
    }
    await once?.gone;
    expectAllHome(pool);
    pool.close();
  });

  test.for(['wait', 'drop-oldest', 'drop-newest'] as const)(
    '%s: nothing stays in the lanes of those who leave while somebody sends',
    async (whenFull) => {
      const seed = seedOfRun();
      const pool = poolWith({ capacity: 4, whenFull, frames: 200 });
      const crew = new Crew(pool);
      const restless = await crew.startAll(
        'comeAndGo',
        [1, 2, 3].map((k) => ({ channel: 'news', seed: seed + k })),
      );
      const [sender] = await crew.startAll('produce', [
        { channel: 'news', count: 30_000, form: 'now' },
      ]);
      crew.go();
      await sender?.result;
      crew.stop();
      await resultsOf(restless);
      await sender?.gone;
      expect(pool.channel('news').depth, `seed ${seed}`).toBe(0);
      expectAllHome(pool);
      pool.close();
    },
  );

  test('a subscriber that comes back gets what is sent from then on', () => {
    const pool = poolWith({ capacity: 4 });
    const channel = pool.channel('news');
    for (let round = 0; round < 20; round++) {
      channel.subscribe().subscribe();
      for (let k = 0; k < 3; k++) expect(say(pool, k)).toBe(true);
      const frame = channel.tryReceive();
      expect(frame?.sequence).toBe(0);
      frame?.release();
      channel.unsubscribe().unsubscribe();
      expect(say(pool, 9)).toBe(true);
      expect(channel.depth).toBe(0);
      expectAllHome(pool);
    }
    pool.close();
  });

  test('who subscribes after the close gets the end at once', async () => {
    const pool = poolWith({ capacity: 4 });
    const channel = pool.channel('news');
    channel.close();
    channel.subscribe();
    expect(channel.receiveSync(1000)).toBe(undefined);
    expect(await channel.receive({ timeoutMs: 1000 })).toBe(undefined);
    pool.close();
  });

  test('who receives without a subscription is told so', async () => {
    const pool = poolWith({ capacity: 4 });
    const channel = pool.channel('news');
    const code = 'ERR_FRAMESLAB_INVALID_OPTION';
    expect(faultOf(() => channel.tryReceive())?.code).toBe(code);
    expect(faultOf(() => channel.receiveSync(0))?.code).toBe(code);
    await expect(channel.receive()).rejects.toMatchObject({ code });
    pool.close();
  });
});

describe('closing', () => {
  test('a subscriber gets every frame whose send succeeded, and the refused one stays whole', async () => {
    for (let round = 0; round < 40; round++) {
      const pool = poolWith({ capacity: 64, frames: 200 });
      const crew = new Crew(pool);
      const [sender] = await crew.startAll<number>('sendUntilClosed', [{ channel: 'news' }]);
      const channel = pool.channel('news').subscribe();
      crew.go();
      let got = 0;
      const take = (): boolean => {
        const frame = channel.tryReceive();
        if (frame === undefined) return false;
        verify(frame);
        expect(frame.sequence).toBe(got);
        got += 1;
        frame.release();
        return true;
      };
      for (let k = 0; k < 1e8 && got < 20 * round; k++) take();
      channel.close();
      const sent = await sender?.result;
      for (let k = 0; k < 1e6 && take(); k++);
      expect(got, `round ${round}`).toBe(sent);
      expect(channel.depth).toBe(0);
      await sender?.gone;
      expectAllHome(pool);
      pool.close();
    }
  });

  test('the close ends the subscribers that sleep', async () => {
    const pool = poolWith({ capacity: 4 });
    const crew = new Crew(pool);
    const sleepers = await crew.startAll(
      'receiveOnce',
      times(3, { channel: 'news', subscribe: true }),
    );
    const own = pool.channel('news').subscribe().receive();
    crew.go();
    await crew.counted(3);
    await pause(50);
    pool.channel('news').close();
    expect(await resultsOf(sleepers)).toEqual(['end', 'end', 'end']);
    expect(await own).toBe(undefined);
    expectAllHome(pool);
    pool.close();
  });
});

describe('when a subscriber is slow', () => {
  test.for(['drop-oldest', 'drop-newest'] as const)(
    '%s: the fast one gets every frame, the slow one’s losses are counted and released',
    async (whenFull) => {
      const pool = poolWith({ capacity: 4, whenFull });
      const crew = new Crew(pool);
      const [slow] = await crew.startAll('subscribeAndSleep', [{ channel: 'news' }]);
      await crew.counted(1);
      const channel = pool.channel('news').subscribe();
      for (let k = 0; k < 50; k++) {
        expect(say(pool, k)).toBe(true);
        const frame = channel.tryReceive();
        expect(frame?.sequence).toBe(k);
        frame?.release();
      }
      expect(channel.dropped).toBe(46);
      expect(channel.depth).toBe(4);
      expect(pool.stats().channels[0]).toMatchObject({
        sent: 100,
        received: 50,
        dropped: 46,
        depth: 4,
      });
      // What was dropped is free again: only the four in the lane are in use.
      expect(pool.stats().framesInUse).toBe(4);
      crew.stop();
      expect(await slow?.result).toBe('left');
      await slow?.gone;
      expectAllHome(pool);
      pool.close();
    },
  );

  test.for([
    ['drop-oldest', [6, 7, 8, 9]],
    ['drop-newest', [0, 1, 2, 3]],
  ] as const)('%s keeps these frames of ten: %j', ([whenFull, kept]) => {
    const pool = poolWith({ capacity: 4, whenFull });
    const channel = pool.channel('news').subscribe();
    for (let k = 0; k < 10; k++) expect(say(pool, k)).toBe(true);
    const got: number[] = [];
    for (let k = 0; k < 10; k++) {
      const frame = channel.tryReceive();
      if (frame === undefined) break;
      got.push(frame.sequence);
      frame.release();
    }
    expect(got).toEqual(kept);
    expect(channel.dropped).toBe(6);
    expectAllHome(pool);
    pool.close();
  });

  test('drop-oldest against a racing subscriber: received + dropped = sent', async () => {
    const count = 20_000;
    const pool = poolWith({ capacity: 2, whenFull: 'drop-oldest' });
    const crew = new Crew(pool);
    const data = { channel: 'news', count, form: 'now' };
    const [sender] = await crew.startAll('produce', [data]);
    const channel = pool.channel('news').subscribe();
    crew.go();
    let done = false;
    void sender?.gone.then(() => {
      done = true;
    });
    let received = 0;
    let last = -1;
    const drain = (): void => {
      for (let k = 0; k < 50_000; k++) {
        const frame = channel.tryReceive();
        if (frame === undefined) continue;
        verify(frame);
        if (frame.sequence <= last) throw new Error(`${frame.sequence} after ${last}`);
        last = frame.sequence;
        frame.release();
        received += 1;
      }
    };
    await until(() => {
      drain();
      return done;
    });
    drain();
    expect(last).toBe(count - 1);
    expect(received + channel.dropped).toBe(count);
    expectAllHome(pool);
    pool.close();
  });
});
