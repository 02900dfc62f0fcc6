/** The verbs of a channel in their forms: time limits, aborts, order, refusals, bad input. */
import { type FrameChannel, FramePool } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { Crew, expectAllHome, faultOf, pause, resultsOf, seedOfRun, until } from './crew.js';
import { fill, randomFrom, verify } from './payload.js';

const INVALID = 'ERR_FRAMESLAB_INVALID_OPTION';
const TIMEOUT = 'ERR_FRAMESLAB_TIMEOUT';

function makePool(capacity = 2): FramePool {
  return FramePool.create({
    frameSizeBytes: 64,
    frames: 32,
    threadsMax: 6,
    cacheFrames: 2,
    channels: {
      work: { capacity },
      oldest: { capacity, whenFull: 'drop-oldest' },
      newest: { capacity, whenFull: 'drop-newest' },
      news: { capacity, mode: 'broadcast' },
    },
  });
}

function frameOf(pool: FramePool, sequence: number): ReturnType<FramePool['acquireSync']> {
  const frame = pool.acquireSync();
  fill(frame, pool.seat, sequence);
  return frame;
}

/** Sequences of all that is there now. */
function drain(channel: FrameChannel): number[] {
  const got: number[] = [];
  for (let k = 0; k < 10_000; k++) {
    const frame = channel.tryReceive();
    if (frame === undefined) return got;
    verify(frame);
    got.push(frame.sequence);
    frame.release();
  }
  throw new Error('the channel has no end');
}

describe('what a send does to the frame', () => {
  test('it spends one reference; a frame object without one throws', async () => {
    const pool = makePool(8);
    const channel = pool.channel('work');
    const spent = [frameOf(pool, 0), frameOf(pool, 1), frameOf(pool, 2)];
    expect(channel.trySend(spent[0] as never)).toBe(true);
    channel.sendSync(spent[1] as never);
    await channel.send(spent[2] as never);
    for (const frame of spent) {
      expect(frame.released).toBe(true);
      const code = 'ERR_FRAMESLAB_FRAME_RELEASED';
      expect(faultOf(() => frame.bytes)?.code).toBe(code);
      expect(faultOf(() => frame.release())?.code).toBe(code);
      expect(faultOf(() => channel.trySend(frame))?.code).toBe(code);
      expect(faultOf(() => channel.sendSync(frame))?.code).toBe(code);
      await expect(channel.send(frame)).rejects.toMatchObject({ code });
    }
    expect(drain(channel)).toEqual([0, 1, 2]);
    expectAllHome(pool);
    pool.close();
  });

  test('a frame that was retained before stays with its sender, shared', () => {
    const pool = makePool();
    const channel = pool.channel('work');
    const frame = frameOf(pool, 7).retain();
    expect(channel.trySend(frame)).toBe(true);
    expect([frame.released, frame.refCount, frame.exclusive]).toEqual([false, 2, false]);
    expect(faultOf(() => frame.storage)?.code).toBe('ERR_FRAMESLAB_FRAME_SHARED');
    verify(frame);
    expect(drain(channel)).toEqual([7]);
    expect([frame.refCount, frame.exclusive]).toEqual([1, true]);
    frame.release();
    expectAllHome(pool);
    pool.close();
  });

  test('a refused, a timed out and an aborted send leave the frame whole and writable', async () => {
    const pool = makePool();
    const news = pool.channel('news').subscribe();
    for (const channel of [pool.channel('work'), news]) {
      expect(channel.trySend(frameOf(pool, 0))).toBe(true);
      expect(channel.trySend(frameOf(pool, 1))).toBe(true);
      const frame = frameOf(pool, 2);
      const { handle } = frame;
      const intact = (): void => {
        expect([frame.refCount, frame.exclusive, frame.released]).toEqual([1, true, false]);
        expect([frame.handle, channel.depth]).toEqual([handle, 2]);
        verify(frame);
      };
      expect(channel.trySend(frame)).toBe(false);
      intact();
      expect(channel.trySendHandle(handle)).toBe(false);
      intact();
      expect(channel.trySendMany(Int32Array.of(handle))).toBe(0);
      intact();
      for (const timeoutMs of [0, 2]) {
        expect(faultOf(() => channel.sendSync(frame, timeoutMs))?.code).toBe(TIMEOUT);
        intact();
        await expect(channel.send(frame, { timeoutMs })).rejects.toMatchObject({ code: TIMEOUT });
        intact();
      }
      const reason = new Error('no longer');
      await expect(channel.send(frame, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const controller = new AbortController();
      const pending = channel.send(frame, { signal: controller.signal });
      controller.abort(reason);
      await expect(pending).rejects.toBe(reason);
      intact();
      frame.length = 0;
      frame.release();
      expect(drain(channel)).toEqual([0, 1]);
    }
    expectAllHome(pool);
    pool.close();
  });

  test('a closed channel refuses every form, and the frame stays whole', async () => {
    const pool = makePool();
    for (const name of ['work', 'oldest', 'newest', 'news']) {
      const channel = pool.channel(name);
      channel.close();
      channel.close();
      expect(channel.closed).toBe(true);
      const frame = frameOf(pool, 0);
      const code = 'ERR_FRAMESLAB_CHANNEL_CLOSED';
      expect(faultOf(() => channel.trySend(frame))?.code).toBe(code);
      expect(faultOf(() => channel.sendSync(frame))?.code).toBe(code);
      expect(faultOf(() => channel.trySendHandle(frame.handle))?.code).toBe(code);
      expect(faultOf(() => channel.trySendMany(Int32Array.of(frame.handle)))?.code).toBe(code);
      await expect(channel.send(frame)).rejects.toMatchObject({ code });
      expect([frame.refCount, frame.exclusive]).toEqual([1, true]);
      verify(frame);
      frame.release();
    }
    expectAllHome(pool);
    pool.close();
  });
});

describe('receiving', () => {
  test('an empty channel: nothing now, TimeoutError in time, the signal’s reason', async () => {
    const pool = makePool();
    for (const channel of [pool.channel('work'), pool.channel('news').subscribe()]) {
      expect(channel.tryReceive()).toBe(undefined);
      expect(channel.tryReceiveHandle()).toBe(0);
      expect(channel.tryReceiveMany(new Int32Array(3))).toBe(0);
      for (const timeoutMs of [0, 2]) {
        expect(faultOf(() => channel.receiveSync(timeoutMs))?.code).toBe(TIMEOUT);
        await expect(channel.receive({ timeoutMs })).rejects.toMatchObject({ code: TIMEOUT });
      }
      const reason = new Error('no longer');
      await expect(channel.receive({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const controller = new AbortController();
      const pending = channel.receive({ signal: controller.signal });
      controller.abort(reason);
      await expect(pending).rejects.toBe(reason);
      // Nothing of this is left behind: the next frame comes through.
      const next = channel.receive();
      expect(channel.trySend(frameOf(pool, 5))).toBe(true);
      const frame = await next;
      expect(frame?.sequence).toBe(5);
      frame?.release();
    }
    expectAllHome(pool);
    pool.close();
  });

  test('an abort that races a delivery: the frame or the reason, and none is lost', async () => {
    const seed = seedOfRun();
    const random = randomFrom(seed);
    const count = 6000;
    const pool = makePool(8);
    const crew = new Crew(pool);
    const [sender] = await crew.startAll('produce', [{ channel: 'work', count, form: 'sync' }]);
    const channel = pool.channel('work');
    crew.go();
    let expected = 0;
    let aborted = 0;
    for (let k = 0; k < 1e6 && expected < count; k++) {
      const controller = new AbortController();
      const pending = channel.receive({ signal: controller.signal });
      const turn = random(3);
      if (turn === 0) queueMicrotask(() => controller.abort());
      else if (turn === 1) setImmediate(() => controller.abort());
      else controller.abort();
      try {
        const frame = await pending;
        if (frame === undefined) throw new Error('the end before the end');
        verify(frame);
        expect(frame.sequence, `seed ${seed}`).toBe(expected);
        expected += 1;
        frame.release();
      } catch (reason) {
        if ((reason as Error).name !== 'AbortError') throw reason;
        aborted += 1;
      }
    }
    await sender?.result;
    await sender?.gone;
    expect(expected).toBe(count);
    expect(aborted).toBeGreaterThan(0);
    expect(pool.stats().channels[0]).toMatchObject({ sent: count, received: count, depth: 0 });
    expectAllHome(pool);
    pool.close();
  });

  test('timeouts that race deliveries lose nothing', async () => {
    const count = 5000;
    const pool = makePool(4);
    const crew = new Crew(pool);
    const [sender] = await crew.startAll('produce', [{ channel: 'work', count, form: 'sync' }]);
    const channel = pool.channel('work');
    crew.go();
    let expected = 0;
    for (let k = 0; k < 1e7 && expected < count; k++) {
      try {
        const frame =
          k % 5 === 0 ? await channel.receive({ timeoutMs: 0 }) : channel.receiveSync(0);
        expect(frame?.sequence).toBe(expected);
        expected += 1;
        frame?.release();
      } catch (fault) {
        if ((fault as { code?: string }).code !== TIMEOUT) throw fault;
      }
    }
    expect(expected).toBe(count);
    await sender?.result;
    await sender?.gone;
    expectAllHome(pool);
    pool.close();
  });

  test('an iterator that is left early leaves the rest in the channel', async () => {
    const pool = makePool(8);
    const channel = pool.channel('work');
    for (let k = 0; k < 5; k++) channel.sendSync(frameOf(pool, k));
    for await (const frame of channel) {
      const { sequence } = frame;
      frame.release();
      if (sequence === 2) break;
    }
    expect(channel.depth).toBe(2);
    expect(drain(channel)).toEqual([3, 4]);
    expectAllHome(pool);
    pool.close();
  });

  test('after the close the rest is drained, then every form says the end, again and again', async () => {
    const pool = makePool(8);
    for (const channel of [pool.channel('work'), pool.channel('news').subscribe()]) {
      for (let k = 0; k < 4; k++) channel.sendSync(frameOf(pool, k));
      channel.close();
      const got: (number | undefined)[] = [];
      for (const frame of [
        channel.tryReceive(),
        channel.receiveSync(),
        await channel.receive(),
        channel.receiveSync(0),
      ]) {
        got.push(frame?.sequence);
        frame?.release();
      }
      expect(got).toEqual([0, 1, 2, 3]);
      for (let k = 0; k < 2; k++) {
        expect(channel.tryReceive()).toBe(undefined);
        expect(channel.receiveSync()).toBe(undefined);
        expect(await channel.receive()).toBe(undefined);
        for await (const frame of channel) throw new Error(`a frame after the end: ${frame.slot}`);
      }
    }
    expectAllHome(pool);
    pool.close();
  });
});

describe('order within one thread', () => {
  test('sends that nobody awaited keep their order, whatever the consumer does meanwhile', async () => {
    const pool = makePool(1);
    const channel = pool.channel('work');
    const sends = [0, 1, 2].map((k) => channel.send(frameOf(pool, k)));
    const got = drain(channel); // makes room; the event loop has not turned yet
    sends.push(channel.send(frameOf(pool, 3)));
    for (let k = 0; k < 100 && got.length < 4; k++) {
      await pause(1);
      got.push(...drain(channel));
    }
    await Promise.all(sends);
    expect(got).toEqual([0, 1, 2, 3]);
    expectAllHome(pool);
    pool.close();
  });

  test('receives that nobody awaited get the frames in the order in which they were asked for', async () => {
    const pool = makePool(8);
    const channel = pool.channel('work');
    const first = channel.receive();
    channel.sendSync(frameOf(pool, 0));
    channel.sendSync(frameOf(pool, 1));
    const second = channel.receive();
    const frames = await Promise.all([first, second]);
    expect(frames.map((frame) => frame?.sequence)).toEqual([0, 1]);
    for (const frame of frames) frame?.release();
    expectAllHome(pool);
    pool.close();
  });

  test('many pending receives of one thread are served in order by another thread', async () => {
    const count = 400;
    const pool = makePool(4);
    const crew = new Crew(pool);
    const [sender] = await crew.startAll('produce', [{ channel: 'work', count, form: 'sync' }]);
    const receives = Array.from({ length: count }, () => pool.channel('work').receive());
    crew.go();
    for (const [k, receive] of receives.entries()) {
      const frame = await receive;
      expect(frame?.sequence).toBe(k);
      frame?.release();
    }
    await sender?.result;
    await sender?.gone;
    expectAllHome(pool);
    pool.close();
  });

  test('a blocking receive beside pending ones: each frame once, all served', async () => {
    const rounds = 300;
    const pool = makePool(4);
    const crew = new Crew(pool);
    const data = { channel: 'work', count: 3 * rounds, form: 'sync' };
    const [sender] = await crew.startAll('produce', [data]);
    const channel = pool.channel('work');
    crew.go();
    const got: number[] = [];
    const note = (frame: { sequence: number; release(): boolean } | undefined): void => {
      if (frame === undefined) throw new Error('the end before the end');
      got.push(frame.sequence);
      frame.release();
    };
    for (let round = 0; round < rounds; round++) {
      const pending = [channel.receive(), channel.receive()];
      note(channel.receiveSync());
      for (const receive of pending) note(await receive);
    }
    expect(got.sort((a, b) => a - b)).toEqual(got.map((_unused, k) => k));
    await sender?.result;
    await sender?.gone;
    expectAllHome(pool);
    pool.close();
  });

  test('an unsubscribed thread’s pending receive does not wait for ever', async () => {
    const pool = makePool();
    const channel = pool.channel('news').subscribe();
    const pending = channel.receive({ timeoutMs: 2000 }).then(
      (frame) => frame,
      (fault) => fault.code,
    );
    channel.unsubscribe();
    expect(await pending).not.toBe(TIMEOUT);
    pool.close();
  });
});

describe('whenFull of a queue', () => {
  test('drop-oldest keeps the latest, drop-newest the first; both count and release', async () => {
    const pool = makePool(2);
    for (const [name, kept] of [
      ['oldest', [3, 4]],
      ['newest', [0, 1]],
    ] as const) {
      const channel = pool.channel(name);
      expect(channel.trySend(frameOf(pool, 0))).toBe(true);
      expect(channel.trySendMany(Int32Array.of(frameOf(pool, 1).handle))).toBe(1);
      expect(channel.trySendHandle(frameOf(pool, 2).handle)).toBe(true);
      channel.sendSync(frameOf(pool, 3));
      await channel.send(frameOf(pool, 4));
      expect([channel.depth, channel.dropped]).toEqual([2, 3]);
      const row = pool.stats().channels.find((channelRow) => channelRow.name === name);
      expect(row).toMatchObject({ sent: 5, dropped: 3, depth: 2, received: 0 });
      expect(pool.stats().framesInUse).toBe(2);
      expect(drain(channel)).toEqual(kept);
    }
    expectAllHome(pool);
    pool.close();
  });

  test('drop-oldest never drops a frame that the sender still holds', () => {
    const pool = makePool(1);
    const channel = pool.channel('oldest');
    const frame = frameOf(pool, 1).retain();
    for (let k = 0; k < 3; k++) expect(channel.trySend(frame.retain())).toBe(true);
    expect(channel.dropped).toBe(2);
    expect(frame.refCount).toBe(3);
    verify(frame);
    expect(drain(channel)).toEqual([1]);
    expect([frame.release(), frame.release()]).toEqual([false, true]);
    expectAllHome(pool);
    pool.close();
  });
});

describe('batches and integer twins', () => {
  test('trySendMany sends what there is room for; tryReceiveMany takes what is there', () => {
    const pool = makePool(5);
    const channel = pool.channel('work');
    for (let round = 0; round < 50; round++) {
      const handles = Int32Array.from({ length: 8 }, () => pool.slots.acquire());
      expect(channel.trySendMany(handles)).toBe(5);
      expect(channel.trySendMany(handles.subarray(5))).toBe(0);
      expect(channel.depth).toBe(5);
      const into = new Int32Array(3);
      expect(channel.tryReceiveMany(into)).toBe(3);
      expect([...into]).toEqual([...handles.subarray(0, 3)]);
      pool.slots.releaseMany(into);
      expect(channel.trySendMany(handles.subarray(5), 2)).toBe(2);
      const rest = new Int32Array(8);
      expect(channel.tryReceiveMany(rest)).toBe(4);
      expect([...rest.subarray(0, 4)]).toEqual([...handles.subarray(3, 7)]);
      pool.slots.releaseMany(rest, 4);
      pool.slots.release(handles[7] as number);
    }
    expectAllHome(pool);
    pool.close();
  });

  test('a batch that names a handle twice needs two references of it', () => {
    const pool = makePool(8);
    const channel = pool.channel('work');
    const handle = pool.slots.acquire();
    channel.trySendHandle(pool.slots.acquire());
    // With one reference the first is sent and the second refused; nothing is sent twice.
    expect(channel.trySendMany(Int32Array.of(handle, handle))).toBe(1);
    const into = new Int32Array(8);
    expect(channel.tryReceiveMany(into)).toBe(2);
    pool.slots.releaseMany(into, 2);
    expectAllHome(pool);
    pool.close();
  });

  test('a stale handle in a batch: what stands before it is sent, nothing behind it', () => {
    const pool = makePool(8);
    const channel = pool.channel('work');
    const stale = pool.slots.acquire();
    pool.slots.release(stale);
    for (let round = 0; round < 3; round++) {
      const [a, b, c] = [pool.slots.acquire(), pool.slots.acquire(), pool.slots.acquire()];
      const batch = Int32Array.of(a as number, b as number, stale, c as number);
      let sent = 0;
      try {
        sent = channel.trySendMany(batch);
      } catch (fault) {
        expect((fault as { code?: string }).code).toBe('ERR_FRAMESLAB_STALE_HANDLE');
      }
      expect(channel.depth).toBe(sent);
      expect(sent).toBeLessThanOrEqual(2);
      expect(faultOf(() => channel.trySendMany(batch.subarray(2)))?.code).toBe(
        'ERR_FRAMESLAB_STALE_HANDLE',
      );
      const into = new Int32Array(8);
      expect(channel.tryReceiveMany(into)).toBe(sent);
      pool.slots.releaseMany(into, sent);
      pool.slots.releaseMany(batch.subarray(sent, 2));
      pool.slots.release(c as number);
    }
    expectAllHome(pool);
    pool.close();
  });

  test('a handle that this thread does not hold is refused, and nothing is sent', () => {
    const pool = makePool();
    const channel = pool.channel('work');
    const released = pool.slots.acquire();
    pool.slots.release(released);
    for (const handle of [0, -1, 1, 0x7fff_ffff, released]) {
      expect(faultOf(() => channel.trySendHandle(handle))?.code).toBe('ERR_FRAMESLAB_STALE_HANDLE');
    }
    expect(channel.depth).toBe(0);
    expectAllHome(pool);
    pool.close();
  });
});

describe('bad input', () => {
  test('a channel needs a capacity that is a positive integer, a mode and a policy that exist', () => {
    for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '4', null]) {
      const channels = { work: { capacity: capacity as number } };
      expect(faultOf(() => FramePool.create({ channels }))?.code, `${capacity}`).toBe(INVALID);
    }
    const wrong: unknown[] = [
      { capacity: 1, mode: 'stack' },
      { capacity: 1, whenFull: 'explode' },
      { mode: 'queue' },
      7,
      null,
    ];
    for (const channel of wrong) {
      const channels = { work: channel as { capacity: number } };
      expect(faultOf(() => FramePool.create({ channels }))?.code).toBe(INVALID);
    }
    expect(faultOf(() => FramePool.create({ channels: { '': { capacity: 1 } } }))?.code).toBe(
      INVALID,
    );
  });

  test('an unknown channel is refused, and the message names those that exist', () => {
    const pool = makePool();
    for (const name of ['wrok', '', '__proto__', 7 as unknown as string]) {
      const fault = faultOf(() => pool.channel(name)) as Error & { code?: string };
      expect(fault.code).toBe(INVALID);
      expect(fault.message).toContain("'work'");
    }
    pool.close();
  });

  test('a queue has no subscribers', () => {
    const pool = makePool();
    const channel = pool.channel('work');
    expect(faultOf(() => channel.subscribe())?.code).toBe(INVALID);
    expect(faultOf(() => channel.unsubscribe())?.code).toBe(INVALID);
    pool.close();
  });

  test('an external frame and a frame of another pool are refused in every form, and stay whole', async () => {
    const pool = makePool();
    const other = makePool();
    const channel = pool.channel('work');
    const external = pool.wrap(new SharedArrayBuffer(64));
    const foreign = other.acquireSync();
    for (const [frame, code] of [
      [external, 'ERR_FRAMESLAB_EXTERNAL_FRAME'],
      [foreign, INVALID],
      [{} as never, INVALID],
      [undefined as never, INVALID],
      [7 as never, INVALID],
    ] as const) {
      expect(faultOf(() => channel.trySend(frame))?.code).toBe(code);
      expect(faultOf(() => channel.sendSync(frame))?.code).toBe(code);
      await expect(channel.send(frame)).rejects.toMatchObject({ code });
    }
    expect(external.refCount).toBe(1);
    expect([foreign.refCount, foreign.exclusive]).toEqual([1, true]);
    expect(channel.depth).toBe(0);
    external.release();
    foreign.release();
    expectAllHome(pool);
    expectAllHome(other);
    pool.close();
    other.close();
  });

  test('batches and time limits of the wrong type are refused', async () => {
    const pool = makePool();
    const channel = pool.channel('work');
    expect(faultOf(() => channel.trySendMany([1] as never))?.code).toBe(INVALID);
    expect(faultOf(() => channel.tryReceiveMany([1] as never))?.code).toBe(INVALID);
    for (const count of [-1, 2, 0.5, Number.NaN]) {
      expect(faultOf(() => channel.trySendMany(new Int32Array(1), count))?.code).toBe(INVALID);
    }
    for (const timeoutMs of [-1, Number.NaN, '1' as never]) {
      expect(faultOf(() => channel.receiveSync(timeoutMs))?.code).toBe(INVALID);
      await expect(channel.receive({ timeoutMs })).rejects.toMatchObject({ code: INVALID });
    }
    await expect(channel.receive({ signal: {} as never })).rejects.toMatchObject({ code: INVALID });
    await expect(pool.acquire(0, { signal: 7 as never })).rejects.toMatchObject({ code: INVALID });
    pool.close();
  });
});

test('a thread that sleeps in one channel is woken by that one, not kept by another', async () => {
  const pool = makePool(2);
  const crew = new Crew(pool);
  const sleepers = await crew.startAll<number>('receiveOnce', [
    { channel: 'work' },
    { channel: 'oldest' },
    { channel: 'news', subscribe: true },
  ]);
  crew.go();
  await crew.counted(3);
  await until(() => pool.stats().threads.length === 4);
  await pause(30);
  for (const [k, name] of ['news', 'oldest', 'work'].entries()) {
    pool.channel(name).sendSync(frameOf(pool, k));
  }
  expect(await resultsOf(sleepers)).toEqual([2, 1, 0]);
  expectAllHome(pool);
  pool.close();
});
