/** Use after the end, and numbers that are no handles: refused by class, and nothing is lost. */
import {
  type Frame,
  type FrameChannel,
  FramePool,
  FrameReleasedError,
  FramesHeldError,
  PoolClosedError,
  RefCountOverflowError,
  type SlotTable,
  StaleHandleError,
} from 'frameslab';
import { describe, expect, test } from 'vitest';
import { HEADER } from '../../src/slab/layout.js';
import { HandleCodec } from '../../src/words/handle.js';
import { COUNT_MAX } from '../../src/words/slot-word.js';
import {
  expectAllHome,
  randomOf,
  refused,
  refusedInVain,
  smallPool,
  stateOf,
  wrong,
} from './kit.js';

/** Every member of a frame that needs a reference. */
const FRAME_USES: readonly [name: string, use: (frame: Frame) => unknown][] = [
  ['bytes', (frame) => frame.bytes],
  ['storage', (frame) => frame.storage],
  ['length', (frame) => frame.length],
  ['length =', (frame) => (frame.length = 1)],
  ['capacity', (frame) => frame.capacity],
  ['refCount', (frame) => frame.refCount],
  ['exclusive', (frame) => frame.exclusive],
  ['write', (frame) => frame.write(new Uint8Array(1))],
  ['view', (frame) => frame.view(Uint8Array)],
  ['buffer', (frame) => frame.buffer()],
  ['copy', (frame) => frame.copy()],
  ['timestamp', (frame) => frame.timestamp],
  ['timestamp =', (frame) => (frame.timestamp = 1)],
  ['sequence', (frame) => frame.sequence],
  ['sequence =', (frame) => (frame.sequence = 1)],
  ['tag', (frame) => frame.tag],
  ['tag =', (frame) => (frame.tag = 1)],
  ['header', (frame) => frame.header],
  ['retain', (frame) => frame.retain()],
  ['release', (frame) => frame.release()],
  ['transfer', (frame) => frame.transfer()],
  ['share', (frame) => frame.share()],
  ['unshare', (frame) => frame.unshare()],
  ['slot', (frame) => frame.slot],
  ['handle', (frame) => frame.handle],
  ['byteOffset', (frame) => frame.byteOffset],
];

/** Every method of the slot table that takes a handle. */
const SLOT_USES: readonly [name: string, use: (slots: SlotTable, handle: number) => unknown][] = [
  ['retain', (slots, handle) => slots.retain(handle)],
  ['release', (slots, handle) => slots.release(handle)],
  ['releaseMany', (slots, handle) => slots.releaseMany(Int32Array.of(handle))],
  ['transfer', (slots, handle) => slots.transfer(handle)],
  ['share', (slots, handle) => slots.share(handle)],
  ['adopt', (slots, handle) => slots.adopt(handle)],
  ['refCount', (slots, handle) => slots.refCount(handle)],
  ['exclusive', (slots, handle) => slots.exclusive(handle)],
  ['length', (slots, handle) => slots.length(handle)],
  ['setLength', (slots, handle) => slots.setLength(handle, 1)],
  ['bytes', (slots, handle) => slots.bytes(handle)],
  ['storage', (slots, handle) => slots.storage(handle)],
  ['byteOffset', (slots, handle) => slots.byteOffset(handle)],
  ['index', (slots, handle) => slots.index(handle)],
];

/** Those that are told a number as it is, and not first put into an Int32Array. */
const PLAIN_USES = SLOT_USES.filter(([name]) => name !== 'releaseMany');

const ENDS: readonly [name: string, end: (frame: Frame, pool: FramePool) => void][] = [
  ['released', (frame) => void frame.release()],
  ['transferred', (frame) => void frame.transfer()],
  ['disposed', (frame) => frame[Symbol.dispose]()],
  [
    'transferred, adopted and released elsewhere',
    (frame, pool) => void pool.adopt(frame.transfer()).release(),
  ],
];

describe.each(ENDS)('a %s frame is refused', (_, end) => {
  test.each(FRAME_USES)('%s', (_name, use) => {
    const pool = smallPool({ headerBytes: 8 });
    const frame = pool.acquireSync(8);
    const { handle } = frame;
    end(frame, pool);
    refusedInVain(pool, () => use(frame), FrameReleasedError, `handle ${handle}`);
    expect(frame.released).toBe(true);
  });

  test('released, pooled and dispose still answer', () => {
    const pool = smallPool();
    const frame = pool.acquireSync(8);
    end(frame, pool);
    expect([frame.released, frame.pooled]).toEqual([true, true]);
    expect(frame[Symbol.dispose]()).toBeUndefined();
  });

  test('a frame that took its slot since is untouched', () => {
    const pool = smallPool({ frames: 1 });
    const frame = pool.acquireSync(8);
    end(frame, pool);
    for (const row of pool.inspect()) pool.revoke(row.handle);
    const next = pool.acquireSync(8);
    expect(next.slot).toBe(0);
    const before = stateOf(pool);
    for (const [, use] of FRAME_USES) refused(() => use(frame), FrameReleasedError);
    expect(stateOf(pool)).toEqual(before);
    expect([next.length, next.tag, next.refCount]).toEqual([8, 0, 1]);
    next.release();
    expectAllHome(pool);
  });
});

describe('a released handle is refused', () => {
  test.each(SLOT_USES)('%s, naming slot and both generations', (_name, use) => {
    const pool = smallPool();
    const first = pool.slots.acquire();
    const slot = pool.slots.index(first);
    const generation = pool.inspect()[0]?.generation ?? 0;
    pool.slots.release(first);
    const words = [`slot ${slot}`, `generation ${generation}`, 'stale'];
    refusedInVain(pool, () => use(pool.slots, first), StaleHandleError, ...words);
    const next = pool.slots.acquire();
    expect(pool.slots.index(next)).toBe(slot);
    refusedInVain(pool, () => use(pool.slots, first), StaleHandleError, ...words);
    expect(pool.slots.release(next)).toBe(true);
    expectAllHome(pool);
  });

  test.each(SLOT_USES)('%s, after its reference was transferred', (name, use) => {
    const pool = smallPool();
    const handle = pool.slots.transfer(pool.slots.acquire());
    if (name !== 'adopt') {
      refusedInVain(pool, () => use(pool.slots, handle), StaleHandleError, `handle ${handle}`);
    }
    pool.slots.adopt(handle);
    expect(pool.slots.release(handle)).toBe(true);
    expectAllHome(pool);
  });
});

describe('what is no handle of this pool is refused', () => {
  const forged: unknown[] = [0, -1, 1, 0x7fff_ffff, -0x8000_0000, 2 ** 31, 2 ** 40, 0.5, 1.5];
  forged.push(Number.NaN, Infinity, -Infinity, Number.MAX_SAFE_INTEGER);
  const noNumbers: unknown[] = [null, undefined, '5', '', {}, [], [7], true, false, () => 7];

  test.each(PLAIN_USES)('%s', (_name, use) => {
    const pool = smallPool();
    const held = pool.slots.acquire();
    for (const value of [...forged, ...noNumbers]) {
      refusedInVain(pool, () => use(pool.slots, wrong(value)), StaleHandleError);
    }
    pool.slots.release(held);
    expectAllHome(pool);
  });

  test.each(PLAIN_USES)('%s, a handle that was nearly right', (_name, use) => {
    const pool = smallPool();
    const held = pool.slots.acquire();
    const near: unknown[] = [String(held), [held], held + 0.5, held + 2 ** 32, held - 2 ** 32];
    near.push({ valueOf: () => held }, Object(held), new Date(held));
    for (let bit = 0; bit < 32; bit++) near.push(held ^ (1 << bit));
    for (const value of near) {
      refusedInVain(pool, () => use(pool.slots, wrong(value)), StaleHandleError);
    }
    expect(pool.slots.release(held)).toBe(true);
    expectAllHome(pool);
  });

  test.each(PLAIN_USES)('%s, a bigint or a symbol', (_name, use) => {
    const pool = smallPool();
    const before = stateOf(pool);
    for (const value of [5n, 0n, Symbol('handle')]) {
      expect(() => use(pool.slots, wrong(value))).toThrow();
      refused(() => pool.adopt(wrong(value)), StaleHandleError);
    }
    expect(stateOf(pool)).toEqual(before);
    expectAllHome(pool);
  });

  test('four thousand random integers', () => {
    const pool = smallPool({ frames: 1000 });
    const held = new Int32Array(500);
    pool.slots.acquireMany(held);
    const right = new Set(held);
    const before = stateOf(pool);
    const random = randomOf(42);
    for (let k = 0; k < 4000; k++) {
      const number = k % 2 === 0 ? random() | 0 : (random() << 1) >> 1;
      if (!right.has(number)) refused(() => pool.slots.release(number), StaleHandleError);
      refused(() => pool.adopt(number), StaleHandleError);
    }
    expect(stateOf(pool)).toEqual(before);
    expect(pool.slots.releaseMany(held)).toBe(500);
    expectAllHome(pool);
  });

  test.each([null, undefined, '5', {}, [], true, () => 7, { frameslab: 'external-frame' }])(
    'adopting %o through the pool',
    (message) => {
      const pool = smallPool();
      refusedInVain(pool, () => pool.adopt(wrong(message)), StaleHandleError);
    },
  );

  test('a handle that was held but never sent cannot be adopted, nor by its holder', () => {
    const pool = smallPool();
    const frame = pool.acquireSync();
    refusedInVain(pool, () => pool.adopt(frame.handle), StaleHandleError, 'in flight');
    frame.release();
    expectAllHome(pool);
  });
});

describe('a message is adopted once', () => {
  test('a second adoption is refused, held or released', () => {
    const pool = smallPool();
    const message = pool.acquireSync(8).transfer();
    const frame = pool.adopt(message);
    refusedInVain(pool, () => pool.adopt(message), StaleHandleError, 'in flight');
    frame.release();
    refusedInVain(pool, () => pool.adopt(message), StaleHandleError, 'stale');
    expectAllHome(pool);
  });

  test('as many adoptions as messages succeed, and not one more', () => {
    const pool = smallPool();
    const frame = pool.acquireSync(8);
    const messages = [frame.share(), frame.share(), frame.share()];
    expect(frame.refCount).toBe(4);
    const adopted = messages.map((message) => pool.adopt(message));
    refusedInVain(pool, () => pool.adopt(messages[0] as number), StaleHandleError);
    expect(adopted.map((each) => each.release())).toEqual([false, false, false]);
    expect(frame.release()).toBe(true);
    expectAllHome(pool);
  });

  test('a revoked message cannot be adopted', () => {
    const pool = smallPool();
    const frame = pool.acquireSync(8);
    const message = frame.share();
    expect(pool.revoke(message)).toBe(true);
    refusedInVain(pool, () => pool.adopt(message), StaleHandleError);
    expect(frame.release()).toBe(true);
    expectAllHome(pool);
  });

  test('revoking too late is false: after adoption, after release, and twice', () => {
    const pool = smallPool();
    const adopted = pool.acquireSync(8).transfer();
    const frame = pool.adopt(adopted);
    expect(pool.revoke(adopted)).toBe(false);
    frame.release();
    expect(pool.revoke(adopted)).toBe(false);
    const revoked = pool.acquireSync(8).transfer();
    expect(pool.revoke(revoked)).toBe(true);
    expect(pool.revoke(revoked)).toBe(false);
    expectAllHome(pool);
  });

  test('revoking what is no message of this pool is refused', () => {
    const pool = smallPool();
    for (const value of [0, 1.5, 2 ** 40, null, {}, 'x']) {
      refusedInVain(pool, () => pool.revoke(wrong(value)), StaleHandleError);
    }
  });

  test('a message to a seat is adopted by that seat only', () => {
    const pool = smallPool();
    const frame = pool.acquireSync(8);
    const message = frame.transfer({ to: pool.seat });
    expect(pool.inspect()[0]?.messages).toMatchObject([{ to: pool.seat, count: 1 }]);
    expect(pool.adopt(message).release()).toBe(true);
    expectAllHome(pool);
  });

  test('a message to nobody is refused, and the frame stays with its sender', () => {
    const pool = smallPool();
    const frame = pool.acquireSync(8);
    for (const to of [1, 3, 4, -2, 0.5, Number.NaN, '1', {}]) {
      const options = { to: wrong(to) };
      for (const act of [() => frame.transfer(options), () => frame.share(options)]) {
        const before = stateOf(pool);
        expect(act).toThrow(/seat/);
        expect(stateOf(pool)).toEqual(before);
      }
    }
    expect(frame.exclusive).toBe(true);
    expect(frame.release()).toBe(true);
    expectAllHome(pool);
  });
});

describe('another pool’s handle is refused', () => {
  const identityOf = (pool: FramePool): number => new Int32Array(pool.buffer)[HEADER.identity] ?? 0;
  const colourOf = (pool: FramePool, slots: number): number =>
    new HandleCodec(slots, identityOf(pool)).colour;

  /** Two pools of 1024 slots whose handles carry the same colour, or different ones. */
  function pair(equal: boolean): [FramePool, FramePool] {
    const one = smallPool({ frames: 1024 });
    for (let k = 0; k < 4096; k++) {
      const other = smallPool({ frames: 1024 });
      if ((colourOf(one, 1024) === colourOf(other, 1024)) === equal) return [one, other];
      other.close();
    }
    throw new Error('no such pair in 4096 pools');
  }

  test.each(SLOT_USES)('%s, told by its colour, even for a slot that is held here', (_n, use) => {
    const [here, there] = pair(false);
    const own = here.slots.acquire();
    const foreign = there.slots.acquire();
    expect(here.slots.index(own)).toBe(there.slots.index(foreign));
    expect(own).not.toBe(foreign);
    refusedInVain(here, () => use(here.slots, foreign), StaleHandleError, 'another pool');
    there.slots.transfer(foreign);
    refusedInVain(here, () => use(here.slots, foreign), StaleHandleError, 'another pool');
    expect(there.adopt(foreign).release()).toBe(true);
    expect(here.slots.release(own)).toBe(true);
    expectAllHome(here);
    expectAllHome(there);
  });

  test.each(SLOT_USES)('%s, of an equal colour, told by ledger or generation', (_name, use) => {
    const [here, there] = pair(true);
    const foreign = there.slots.acquire();
    refusedInVain(here, () => use(here.slots, foreign), StaleHandleError, `handle ${foreign}`);
    here.slots.release(here.slots.acquire());
    const own = here.slots.acquire();
    expect(here.slots.index(own)).toBe(there.slots.index(foreign));
    refusedInVain(here, () => use(here.slots, foreign), StaleHandleError, 'stale');
    here.slots.release(own);
    there.slots.release(foreign);
    expectAllHome(here);
    expectAllHome(there);
  });

  test('an external frame’s message of another pool', () => {
    const here = smallPool();
    const there = smallPool();
    const message = there.wrap(new SharedArrayBuffer(8)).transfer();
    refusedInVain(here, () => here.adopt(message), StaleHandleError, 'another pool');
    expect(there.adopt(message).release()).toBe(true);
  });
});

describe('a closed pool is refused', () => {
  const FREE: readonly [name: string, use: (pool: FramePool) => unknown][] = [
    ['tryAcquire', (pool) => pool.tryAcquire()],
    ['acquireSync', (pool) => pool.acquireSync()],
    ['acquireMany', (pool) => pool.acquireMany(2)],
    ['slots.acquire', (pool) => pool.slots.acquire()],
    ['slots.acquireMany', (pool) => pool.slots.acquireMany(new Int32Array(2))],
    ['adopt', (pool) => pool.adopt(5)],
    ['revoke', (pool) => pool.revoke(5)],
    ['reclaim', (pool) => pool.reclaim(1)],
    ['wrap', (pool) => pool.wrap(new SharedArrayBuffer(8))],
    ['watch', (pool) => pool.watch({ threadId: 7, once: () => undefined })],
    ['stats', (pool) => pool.stats()],
    ['inspect', (pool) => pool.inspect()],
    ['audit', (pool) => pool.audit({ repair: true })],
  ];

  test.each(FREE)('%s', (_name, use) => {
    const pool = smallPool({ cacheFrames: 2 });
    pool.tryAcquire()?.release();
    pool.close();
    refused(() => use(pool), PoolClosedError, 'closed');
    expectAllHome(FramePool.attach(pool.ref));
  });

  test.each(FREE)('%s, also when the thread has attached again', (_name, use) => {
    const pool = smallPool({ cacheFrames: 2 });
    pool.close();
    const again = FramePool.attach(pool.ref);
    const frame = again.acquireSync(8);
    again.acquireSync(8).release();
    refusedInVain(again, () => use(pool), PoolClosedError, 'closed');
    expect(frame.release()).toBe(true);
    expectAllHome(again);
  });

  test.each(SLOT_USES)('slots.%s of a handle that the thread holds again', (_name, use) => {
    const pool = smallPool();
    pool.close();
    const again = FramePool.attach(pool.ref);
    const handle = again.slots.acquire();
    refusedInVain(again, () => use(pool.slots, handle), PoolClosedError, 'closed');
    again.slots.release(handle);
    expectAllHome(again);
  });

  const CHANNEL: readonly [
    name: string,
    use: (channel: FrameChannel, pool: FramePool) => unknown,
  ][] = [
    ['channel()', (_, pool) => pool.channel('cast')],
    ['trySendHandle', (channel) => channel.trySendHandle(5)],
    ['trySendMany', (channel) => channel.trySendMany(Int32Array.of(5))],
    ['tryReceive', (channel) => channel.tryReceive()],
    ['tryReceiveHandle', (channel) => channel.tryReceiveHandle()],
    ['tryReceiveMany', (channel) => channel.tryReceiveMany(new Int32Array(1))],
    ['receiveSync', (channel) => channel.receiveSync(0)],
    ['subscribe', (channel) => channel.subscribe()],
    ['unsubscribe', (channel) => channel.unsubscribe()],
    ['close', (channel) => channel.close()],
  ];

  test.each(CHANNEL)(
    '%s of a channel, and the seat’s next thread gets its frames',
    (_name, use) => {
      const pool = smallPool({ channels: { cast: { capacity: 2, mode: 'broadcast' } } });
      const channel = pool.channel('cast');
      pool.close();
      const again = FramePool.attach(pool.ref);
      const cast = again.channel('cast').subscribe();
      cast.trySend(again.acquireSync(3));
      refusedInVain(again, () => use(channel, pool), PoolClosedError, 'closed');
      expect(cast.closed).toBe(false);
      expect(cast.tryReceive()?.release()).toBe(true);
      expectAllHome(again);
    },
  );

  test('an external frame of before counts nothing in a seat that is somebody else’s', () => {
    const pool = smallPool({ oversize: 'external' });
    const frame = pool.wrap(new SharedArrayBuffer(4));
    pool.close();
    const again = FramePool.attach(pool.ref);
    expect(() => frame.write(new Uint8Array(9))).toThrow(PoolClosedError);
    expect(again.stats().oversize).toBe(0);
    expect([frame.length, frame.release()]).toEqual([4, true]);
  });

  test('the promise form', async () => {
    const pool = smallPool();
    pool.close();
    const fault = await pool.acquire().catch((reason) => reason);
    refused(
      () => {
        throw fault;
      },
      PoolClosedError,
      'closed',
    );
  });

  test('the frames of before are refused', () => {
    const pool = smallPool();
    const frame = pool.acquireSync(8);
    frame.release();
    pool.close();
    for (const [, use] of FRAME_USES) refused(() => use(frame), FrameReleasedError);
  });

  test('closing twice does nothing; dispose is close', () => {
    const pool = smallPool();
    pool.close();
    pool.close();
    pool[Symbol.dispose]();
    const other = smallPool();
    other[Symbol.dispose]();
    refused(() => other.tryAcquire(), PoolClosedError);
    expect(new Set([pool.ref.buffer, other.ref.buffer]).size).toBe(2);
  });
});

describe('a pool with frames out is not closed', () => {
  test('the refusal names the frames, and nothing has changed', () => {
    const pool = smallPool();
    const frames = [pool.acquireSync(1), pool.acquireSync(2)];
    frames[0]?.retain();
    const fault = refusedInVain(pool, () => pool.close(), FramesHeldError, '2 frame(s)', '0, 1');
    const handles = (fault as FramesHeldError).handles;
    expect(handles).toEqual(frames.map((frame) => frame.handle));
    expect(pool.tryAcquire()?.release()).toBe(true);
    frames[0]?.release();
    for (const frame of frames) expect(frame.release()).toBe(true);
    pool.close();
  });

  test('a promise that is pending stays pending when close is refused', async () => {
    const pool = smallPool({ frames: 1 });
    const frame = pool.acquireSync(1);
    const pending = pool.acquire(2).then(
      (got) => got,
      (reason) => reason,
    );
    refused(() => pool.close(), FramesHeldError);
    frame.release();
    const got = await pending;
    expect(got).toMatchObject({ released: false });
    (got as Frame).release();
    pool.close();
  });

  test('a promise that is pending rejects when the pool is closed', async () => {
    const pool = smallPool({ frames: 1 });
    const message = pool.acquireSync(1).transfer();
    const pending = pool.acquire(2).catch((reason) => reason);
    pool.close();
    const fault = await pending;
    refused(() => {
      throw fault;
    }, PoolClosedError);
    const again = FramePool.attach(pool.ref);
    expect(again.adopt(message).release()).toBe(true);
    expectAllHome(again);
  });

  test('messages in flight do not hold the pool open, and survive it', () => {
    const pool = smallPool();
    const message = pool.acquireSync(3).transfer();
    pool.close();
    const again = FramePool.attach(pool.ref);
    const frame = again.adopt(message);
    expect(frame.length).toBe(3);
    expect(frame.release()).toBe(true);
    expectAllHome(again);
  });

  test('messages to the seat that leaves are released', () => {
    const pool = smallPool();
    pool.acquireSync(3).transfer({ to: pool.seat });
    pool.close();
    expectAllHome(FramePool.attach(pool.ref));
  });
});

describe('a reference count never overflows', () => {
  const fill = (pool: FramePool, handle: number, count: number): void => {
    for (let k = 1; k < count; k++) pool.slots.retain(handle);
  };
  const drain = (pool: FramePool, handle: number, count: number): void => {
    for (let k = 1; k < count; k++) pool.slots.release(handle);
    expect(pool.slots.refCount(handle)).toBe(1);
    expect(pool.slots.release(handle)).toBe(true);
    expectAllHome(pool);
  };

  test.each(['exclusive', 'shared'])('%s: the limit is reached, and no step further', (kind) => {
    const pool = smallPool();
    const frame = pool.acquireSync(4);
    const { handle, slot } = frame;
    if (kind === 'shared') pool.adopt(frame.share());
    fill(pool, handle, kind === 'shared' ? COUNT_MAX - 1 : COUNT_MAX);
    expect(frame.refCount).toBe(COUNT_MAX);
    const words = [COUNT_MAX, `slot ${slot}`];
    refusedInVain(pool, () => pool.slots.retain(handle), RefCountOverflowError, ...words);
    refusedInVain(pool, () => frame.retain(), RefCountOverflowError, ...words);
    refusedInVain(pool, () => pool.slots.share(handle), RefCountOverflowError, ...words);
    refusedInVain(pool, () => frame.share(), RefCountOverflowError, ...words);
    expect(frame.refCount).toBe(COUNT_MAX);
    pool.slots.transfer(handle);
    refusedInVain(pool, () => pool.slots.retain(handle), RefCountOverflowError, ...words);
    refusedInVain(pool, () => pool.slots.share(handle), RefCountOverflowError, ...words);
    pool.slots.adopt(handle);
    drain(pool, handle, COUNT_MAX);
  });

  test('all but one of the references may be messages', () => {
    const pool = smallPool();
    const handle = pool.slots.acquire();
    for (let k = 1; k < COUNT_MAX; k++) pool.slots.share(handle);
    expect(pool.slots.refCount(handle)).toBe(COUNT_MAX);
    refusedInVain(pool, () => pool.slots.share(handle), RefCountOverflowError, COUNT_MAX);
    for (let k = 1; k < COUNT_MAX; k++) pool.slots.adopt(handle);
    refusedInVain(pool, () => pool.slots.adopt(handle), StaleHandleError);
    drain(pool, handle, COUNT_MAX);
  });
});
