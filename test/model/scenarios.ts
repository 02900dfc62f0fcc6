/**
 * What is explored: each scenario is a law, a small pool, and what two or three threads do to it.
 *
 * The pools are as small as they can be, so that the threads meet at every word: one or two frames,
 * no cache or a cache of one slot.
 */
import type { Actor } from './actor.js';
import { finish } from './library.js';
import type { Steps } from './machine.js';
import type { Body, Scenario } from './world.js';

const small = { frameSizeBytes: 64, preallocateBytes: 0 };
const one = { ...small, frames: 1, cacheFrames: 0 };
const two = { ...small, frames: 2, cacheFrames: 0 };

/** Takes and returns a frame. */
const takeAndReturn = (rounds: number): Body =>
  function* (me) {
    for (let k = 0; k < rounds; k++) {
      const handle = yield* me.tryAcquire();
      if (handle !== 0) yield* me.release(handle);
    }
  };

/** Takes a frame, which may bring another one into the cache, and gives the cache back. */
const refillAndSpill = (rounds: number): Body =>
  function* (me) {
    for (let k = 0; k < rounds; k++) {
      const handle = yield* me.tryAcquire();
      yield* me.giveCacheBack();
      if (handle !== 0) yield* me.release(handle);
      yield* me.giveCacheBack();
    }
  };

/** Twice: takes a slot for somebody else, as `serve` does, and puts it back unused. */
const takeUnused = (back: (me: Actor, slot: number) => Steps): Body =>
  function* (me) {
    for (let k = 0; k < 2; k++) {
      const slot = yield* me.refill();
      if (slot >= 0) yield* back(me, slot);
    }
  };

/** Holds `count` frames at once, and looks after each release if the caches keep to the reserve. */
const hoard = (count: number): Body =>
  function* (me) {
    const held: number[] = [];
    for (let k = 0; k < count; k++) {
      const handle = yield* me.tryAcquire();
      if (handle !== 0) held.push(handle);
    }
    for (const handle of held) {
      yield* me.release(handle);
      yield* me.checkReserve();
    }
  };

/** Releases what `hoardedByFirst` left. */
const releaseHoard = (count: number): Body =>
  function* (me) {
    for (let k = 0; k < count; k++) {
      yield* me.release(me.world.note(`hoarded ${k}`));
      yield* me.checkReserve();
    }
  };

const attachAndHoard = (count: number): Body =>
  function* (me) {
    yield* me.attach();
    yield* hoard(count)(me);
  };

/** Takes a frame as soon as there is one, and returns it. */
function* waitAndReturn(me: Actor): Steps {
  const handle = yield* me.acquireSync();
  yield* me.release(handle);
}

/** The thread has ended before the run begins. */
function* nothing(): Steps {}

/** Releases the frame that `heldByFirst` left. */
function* releaseHeld(me: Actor): Steps {
  yield* me.release(me.world.note('handle'));
}

/** Adopts what it hears of, and says in word 1 + id if it got it. */
function* adoptOrNot(me: Actor): Steps {
  const handle = yield* me.tryAdopt(me.world.note('message'));
  if (handle === 0) return;
  me.world.count('adopted');
  yield* me.releaseShared(handle);
}

const producer = (frames: number): Body =>
  function* (me) {
    for (let k = 1; k <= frames; k++) {
      const handle = yield* me.filled(k);
      if (yield* me.refused('ChannelClosedError', me.send(handle))) yield* me.releaseShared(handle);
    }
  };

const consumer = (frames: number): Body =>
  function* (me) {
    const last = new Map<number, number>();
    for (let k = 0; k < frames; k++) {
      const handle = yield* me.receive();
      if (handle === 0) return;
      const content = yield* me.contentOf(handle);
      const from = Math.floor(content / 100);
      if (content <= (last.get(from) ?? 0)) throw new Error('frames came out of order');
      last.set(from, content);
      yield* me.releaseShared(handle);
    }
  };

/** Receives until the channel has ended. */
function* receiveAll(me: Actor): Steps {
  for (;;) {
    const handle = yield* me.receive();
    if (handle === 0) return;
    me.world.count('received');
    yield* me.releaseShared(handle);
  }
}

const queue = (capacity: number, whenFull: 'wait' | 'drop-oldest' | 'drop-newest' = 'wait') => ({
  ...small,
  frames: 4,
  cacheFrames: 0,
  channels: { c: { capacity, whenFull } },
});

const broadcast = (capacity: number, whenFull: 'wait' | 'drop-oldest' = 'wait') => ({
  ...small,
  frames: 3,
  cacheFrames: 0,
  channels: { c: { capacity, whenFull, mode: 'broadcast' as const } },
});

/** All that is explored, by a short name. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  'one-slot': {
    law: 'a slot is never owned by two: one free slot, two takers',
    options: one,
    bodies: [takeAndReturn(2), takeAndReturn(2)],
  },
  'one-slot-three': {
    law: 'a slot is never owned by two: one free slot, three takers',
    options: one,
    bodies: [takeAndReturn(1), takeAndReturn(1), takeAndReturn(1)],
  },
  'two-slots': {
    law: 'with fewer than `frames` held an acquire succeeds: two frames, two takers, no cache',
    options: two,
    bodies: [takeAndReturn(2), takeAndReturn(2)],
  },
  'two-leaves': {
    law: 'no free slot is overlooked: 33 slots, two left in different words of the list',
    options: { ...small, frames: 33, cacheFrames: 0 },
    prepare: (world) => world.leave([31, 32]),
    bodies: [takeAndReturn(2), takeAndReturn(1)],
  },
  'far-leaf': {
    law: 'a slot that came back is found, whoever remembers an empty list: one left, in a far word',
    options: { ...small, frames: 33, cacheFrames: 0 },
    prepare: (world) => world.leave([32]),
    bodies: [takeAndReturn(1), takeAndReturn(2)],
  },
  'far-leaf-wait': {
    law: 'a slot that came back is found although nobody lived to say where',
    options: { ...small, frames: 33, cacheFrames: 0 },
    prepare: (world) => {
      world.leave([32]);
      world.heldByFirst();
    },
    bodies: [releaseHeld, waitAndReturn],
  },
  'leaf-to-leaf': {
    law: 'a slot that comes back behind the one who looks is found: one of two words at a time',
    options: { ...small, frames: 33, cacheFrames: 0 },
    prepare: (world) => {
      world.leave([31, 32]);
      world.heldByFirst();
      finish(takeAndReturn(1)(world.actors[2] as Actor)); // it looks into the far word first
    },
    bodies: [releaseHeld, takeAndReturn(1), takeAndReturn(1)],
  },
  'leaf-swap': {
    law: 'a slot that comes back behind the one who looks is found, though the summary is silent',
    options: { ...small, frames: 33, cacheFrames: 0 },
    prepare: (world) => {
      world.leave([31, 32]);
      world.heldByFirst(); // 31
      finish(takeAndReturn(1)(world.actors[2] as Actor)); // 32, where it will look first
      world.silenceSummary();
    },
    bodies: [
      releaseHeld,
      function* (me) {
        yield* takeAndReturn(1)(me);
        yield* me.tell(0, 1);
      },
      function* (me) {
        const handle = yield* me.tryAcquire();
        if (handle === 0) return;
        yield* me.hear(0); // it holds one while the other looks
        yield* me.release(handle);
      },
    ],
    mortals: [0, 2],
  },
  'full-leaf': {
    law: 'every bit of a word of the list is a slot: 32 free ones, two takers',
    options: { ...small, frames: 32, cacheFrames: 0 },
    bodies: [takeAndReturn(1), takeAndReturn(1)],
  },
  'refill-spill': {
    law: 'a refill and a spill that meet lose nothing, with two slots left',
    options: { ...small, frames: 2, cacheFrames: 4 },
    prepare: (world) => world.leave([0, 1]),
    bodies: [refillAndSpill(1), refillAndSpill(1)],
  },
  spill: {
    law: 'who dies while it gives its cache back leaves no slot behind',
    options: { ...small, frames: 1, cacheFrames: 2 },
    bodies: [refillAndSpill(1), takeAndReturn(1)],
  },
  'spill-leaves': {
    law: 'a cache with slots of two words of the list, one among the others, comes home whole',
    options: { ...small, frames: 33, cacheFrames: 4 },
    prepare: (world) => world.leave([30, 31, 32]),
    bodies: [
      function* (me) {
        const held = [yield* me.tryAcquire(), yield* me.tryAcquire(), yield* me.tryAcquire()];
        held.sort((a, b) => me.slotOf(a) - me.slotOf(b));
        for (const k of [0, 2, 1]) if (held[k] !== 0) yield* me.release(held[k] as number);
        yield* me.giveCacheBack();
      },
      takeAndReturn(1),
    ],
  },
  verdict: {
    law: 'a slot that goes to a cache and back is not lost, whoever reclaims a taker of its word',
    options: { ...small, frames: 1, cacheFrames: 1 },
    prepare: (world) => {
      world.leave([0]);
      finish(takeUnused((me, slot) => me.spillUnused(slot))(world.actors[1] as Actor));
      world.diedTaking(2);
    },
    bodies: [(me) => me.reclaimSeatOf(2), takeUnused((me, slot) => me.spillUnused(slot)), nothing],
    mortals: [0, 1],
  },
  'verdict-give': {
    law: 'a slot that is taken for a waiter and given back is not lost, whoever reclaims a taker',
    options: one,
    prepare: (world) => {
      finish(takeUnused((me, slot) => me.giveUnused(slot))(world.actors[1] as Actor));
      world.diedTaking(2);
    },
    bodies: [(me) => me.reclaimSeatOf(2), takeUnused((me, slot) => me.giveUnused(slot)), nothing],
    mortals: [0, 1],
  },
  'verdict-verdict': {
    law: 'a slot that the dead have lost is found once, whoever looks for it',
    options: one,
    prepare: (world) => {
      world.diedTaking(2);
      world.diedTaking(3);
      world.lose(0);
    },
    bodies: [(me) => me.reclaimSeatOf(2), (me) => me.reclaimSeatOf(3), nothing, nothing],
    mortals: [0, 1],
  },
  cache: {
    law: 'other threads’ caches never make the pool look empty: caches of one slot',
    options: { ...small, frames: 2, cacheFrames: 1 },
    bodies: [takeAndReturn(2), takeAndReturn(2)],
  },
  'cache-two': {
    law: 'refill and spill lose nothing: caches of two slots, two frames held at a time',
    options: { ...small, frames: 2, cacheFrames: 2 },
    bodies: [
      function* (me) {
        const a = yield* me.tryAcquire();
        const b = yield* me.tryAcquire();
        if (a !== 0) yield* me.release(a);
        if (b !== 0) yield* me.release(b);
      },
      takeAndReturn(2),
    ],
  },
  many: {
    law: 'several frames go out of a cache and back in one call, all or none',
    options: { ...small, frames: 2, cacheFrames: 2 },
    bodies: [
      function* (me) {
        for (let k = 0; k < 2; k++) yield* me.releaseTogether(yield* me.tryAcquireTogether(2));
      },
      takeAndReturn(1),
    ],
  },
  'many-crowded': {
    law: 'a full cache makes room for a batch, and nothing is lost of either',
    options: { ...small, frames: 2, cacheFrames: 2 },
    bodies: [
      function* (me) {
        const handles = yield* me.tryAcquireTogether(2);
        const more = yield* me.tryAcquire();
        if (more !== 0) yield* me.release(more);
        yield* me.releaseTogether(handles);
        yield* me.checkReserve();
      },
      takeAndReturn(1),
    ],
  },
  'many-known': {
    law: 'a batch frees what others knew, for good',
    options: { ...small, frames: 1, cacheFrames: 1 },
    prepare: (world) => world.suspectOfFirst(),
    inDoubt: true,
    bodies: [(me) => me.releaseSharedTogether([me.world.note('handle')]), (me) => me.repair()],
  },
  'last-release': {
    law: 'the last release frees a shared frame once, whoever it is',
    options: one,
    prepare: (world) => world.sharedByTwo(),
    bodies: [(me) => me.endShared(), (me) => me.endShared(), takeAndReturn(1)],
  },
  'last-release-cache': {
    law: 'the last release of a shared frame into a cache frees it once, whoever dies meanwhile',
    options: { ...one, cacheFrames: 1 },
    prepare: (world) => world.sharedByTwo(),
    bodies: [(me) => me.endShared(), (me) => me.endShared()],
  },
  'last-release-wait': {
    law: 'the last release of a frame that a dead thread held wakes who waits for it',
    options: one,
    prepare: (world) => world.sharedByTwo(),
    bodies: [(me) => me.endShared(), (me) => me.endShared(), waitAndReturn],
  },
  'reclaim-reclaim': {
    law: 'two threads that reclaim the dead at once reclaim once',
    options: one,
    prepare: (world) => world.sharedByTwo(),
    bodies: [(me) => me.endShared(), (me) => me.endShared()],
    mortals: [0],
    rescuersTogether: true,
  },
  'share-release': {
    law: 'a frame that is shared while another holder lets go stays alive',
    options: one,
    prepare: (world) => world.sharedByTwo(),
    bodies: [
      function* (me) {
        const handle = me.world.note('handle');
        yield* me.tell(0, yield* me.share(handle));
        yield* me.releaseShared(handle);
      },
      (me) => me.endShared(),
      function* (me) {
        const handle = yield* me.tryAdopt(yield* me.hear(0));
        if (handle === 0) throw new Error('the message was refused');
        yield* me.releaseShared(handle);
      },
    ],
  },
  'retain-release': {
    law: 'a frame that is retained while another holder lets go stays alive',
    options: one,
    prepare: (world) => world.sharedByTwo(),
    bodies: [
      function* (me) {
        const handle = me.world.note('handle');
        yield* me.retain(handle);
        yield* me.releaseShared(handle);
        yield* me.releaseShared(handle);
      },
      (me) => me.endShared(),
    ],
  },
  'share-share': {
    law: 'two messages of one frame, from two threads at once, both arrive',
    options: one,
    prepare: (world) => world.sharedByTwo(),
    bodies: [
      function* (me) {
        yield* me.tell(0, yield* me.share(me.world.note('handle')));
        yield* me.endShared();
      },
      function* (me) {
        yield* me.tell(1, yield* me.share(me.world.note('handle')));
        yield* me.endShared();
      },
      function* (me) {
        for (const k of [0, 1]) {
          const handle = yield* me.tryAdopt(yield* me.hear(k));
          if (handle === 0) throw new Error('the message was refused');
          yield* me.releaseShared(handle);
        }
      },
    ],
  },
  'settle-settle': {
    law: 'two threads that correct a count at once do not take a reference that came meanwhile',
    options: one,
    prepare: (world) => world.miscountedFrame(),
    inDoubt: true,
    bodies: [
      (me) => me.repair(),
      function* (me) {
        yield* me.repair();
        yield* me.tell(0, 1);
      },
      function* (me) {
        const handle = me.world.note('handle');
        yield* me.retain(handle);
        yield* me.hear(0);
        yield* me.releaseShared(handle);
        yield* me.releaseShared(handle);
      },
    ],
    mortals: [0, 2],
  },
  'release-many': {
    law: 'a batch that is refused takes back what it has freed, and no recount frees it meanwhile',
    options: { ...small, frames: 1, cacheFrames: 1 },
    prepare: (world) => world.suspectOfFirst(),
    inDoubt: true,
    bodies: [
      function* (me) {
        const handle = me.world.note('handle');
        const refused = yield* me.refused('StaleHandleError', me.releaseMany([handle, 1]));
        if (!refused) throw new Error('a stale handle was released');
        yield* me.releaseShared(handle);
      },
      (me) => me.repair(),
    ],
  },
  'recount-lease': {
    law: 'a recount that began in an earlier lease says nothing about this one',
    options: one,
    prepare: (world) => world.passedAround(),
    inDoubt: true,
    rescued: 1,
    bodies: [
      function* (me) {
        yield* me.repair();
        yield* me.tell(2, 1);
      },
      function* (me) {
        yield* me.releaseShared(yield* me.tryAdopt(me.world.note('message')));
        yield* me.tell(3, 1);
        yield* me.releaseShared(yield* me.tryAdopt(yield* me.hear(0)));
        yield* me.tell(1, 1);
      },
      function* (me) {
        yield* me.hear(3);
        const handle = yield* me.filled(1);
        yield* me.tell(0, yield* me.share(handle));
        yield* me.hear(1); // the other one has let go, or has died and was reclaimed
        const message = yield* me.transfer(handle);
        yield* me.hear(2);
        if ((yield* me.tryAdopt(message)) === 0) throw new Error('the message was refused');
        yield* me.releaseShared(handle);
      },
    ],
    mortals: [1],
  },
  stale: {
    law: 'a handle of an earlier lease is refused',
    options: { ...one, cacheFrames: 1 },
    bodies: [
      function* (me) {
        const earlier = yield* me.acquire();
        yield* me.release(earlier);
        const handle = yield* me.acquire();
        if (earlier === handle) throw new Error('two leases have the same handle');
        yield* me.release(handle);
      },
    ],
  },
  'stale-shared': {
    law: 'so is one of a frame that others knew',
    options: { ...one, cacheFrames: 1 },
    prepare: (world) => world.sharedByTwo(),
    bodies: [
      function* (me) {
        const earlier = me.world.note('handle');
        yield* me.hear(0);
        yield* me.releaseShared(earlier);
        const handle = yield* me.acquire();
        if (earlier === handle) throw new Error('two leases have the same handle');
        yield* me.release(handle);
      },
      function* (me) {
        yield* me.endShared();
        yield* me.tell(0, 1);
      },
    ],
    mortals: [0],
  },
  'stale-refill': {
    law: 'what a refill brings into the cache has the handle of its next lease',
    options: { ...small, frames: 2, cacheFrames: 4 },
    bodies: [
      function* (me) {
        for (let k = 0; k < 2; k++) {
          const [first, second] = [yield* me.acquire(), yield* me.acquire()];
          yield* me.release(first);
          yield* me.release(second);
          yield* me.giveCacheBack();
        }
      },
    ],
  },
  'stale-many': {
    law: 'a batch leaves the handles of the next leases in the cache',
    options: { ...one, cacheFrames: 1 },
    bodies: [
      function* (me) {
        const earlier = yield* me.acquire();
        yield* me.releaseTogether([earlier]);
        const handle = yield* me.acquire();
        if (earlier === handle) throw new Error('two leases have the same handle');
        yield* me.release(handle);
      },
    ],
  },
  transfer: {
    law: 'a transferred frame arrives whole, and comes home',
    options: one,
    bodies: [
      function* (me) {
        const handle = yield* me.filled(1);
        yield* me.tell(0, yield* me.transfer(handle));
      },
      function* (me) {
        const handle = yield* me.tryAdopt(yield* me.hear(0));
        if (handle === 0) throw new Error('the message was refused');
        yield* me.releaseShared(handle);
      },
    ],
  },
  'adopt-adopt': {
    law: 'one of two adoptions of a message succeeds',
    options: one,
    prepare: (world) => world.messageInFlight(),
    bodies: [adoptOrNot, adoptOrNot],
    mayHappen: { adopted: [1, 1] },
  },
  'adopt-revoke': {
    law: 'a message is adopted or revoked, never both',
    options: one,
    prepare: (world) => world.messageInFlight(),
    bodies: [
      adoptOrNot,
      function* (me) {
        if (yield* me.revoke(me.world.note('message'))) me.world.count('adopted');
      },
    ],
    mayHappen: { adopted: [1, 1] },
  },
  'revoke-late': {
    law: 'a revocation that comes too late does not take the message of another lease',
    options: one,
    bodies: [
      function* (me) {
        for (const k of [0, 2]) {
          const handle = yield* me.filled(1);
          yield* me.tell(k, yield* me.transfer(handle));
          if (k === 0) yield* me.hear(1);
        }
      },
      function* (me) {
        const first = yield* me.tryAdopt(yield* me.hear(0));
        if (first !== 0) yield* me.releaseShared(first);
        else yield* me.hear(3); // it was revoked
        yield* me.tell(1, 1);
        const second = yield* me.tryAdopt(yield* me.hear(2));
        if (second === 0) throw new Error('the message was refused');
        yield* me.releaseShared(second);
      },
      function* (me) {
        yield* me.revoke(yield* me.hear(0));
        yield* me.tell(3, 1);
      },
    ],
  },
  'adopt-late': {
    law: 'an adoption that comes too late does not take the message of another lease',
    options: one,
    bodies: [
      function* (me) {
        yield* me.tell(0, yield* me.transfer(yield* me.filled(1)));
        yield* me.hear(1);
        yield* me.tell(2, yield* me.transfer(yield* me.filled(2)));
      },
      function* (me) {
        const first = yield* me.tryAdopt(yield* me.hear(0));
        if (first !== 0) yield* me.releaseShared(first);
        else yield* me.hear(3); // the other one was faster
        yield* me.tell(1, 1);
        const second = yield* me.tryAdopt(yield* me.hear(2));
        if (second === 0) throw new Error('the message was refused');
        yield* me.releaseShared(second);
      },
      function* (me) {
        const handle = yield* me.tryAdopt(yield* me.hear(0));
        if (handle !== 0) yield* me.releaseShared(handle);
        yield* me.tell(3, 1);
      },
    ],
  },
  'reclaim-reuse': {
    law: 'who reclaims a seat a second time takes nothing from who has it now',
    options: one,
    strangers: [1],
    seatsMore: 0,
    mortals: [0],
    rescuersTogether: true,
    bodies: [
      takeAndReturn(1),
      function* (me) {
        if (yield* me.refused('SeatsExhaustedError', me.attach())) return;
        yield* takeAndReturn(1)(me);
      },
    ],
  },
  'two-givers': {
    law: 'of two slots that come back at once one goes to who waits, and none is lost',
    options: two,
    prepare: (world) => {
      world.heldByFirst();
      world.heldBySecond();
    },
    bodies: [
      releaseHeld,
      function* (me) {
        yield* me.release(me.world.note('second'));
      },
      waitAndReturn,
    ],
  },
  'mail-close': {
    law: 'a message to a thread that leaves is not lost',
    options: one,
    bodies: [
      function* (me) {
        const handle = yield* me.filled(1);
        const to = me.world.actors[1] as Actor;
        const refused = yield* me.refused('InvalidOptionError', me.transfer(handle, to));
        if (refused) yield* me.releaseShared(handle);
      },
      (me) => me.close(),
    ],
  },
  mailbox: {
    law: 'a freed slot wakes who waits for it: one frame, two that wait',
    options: one,
    bodies: [waitAndReturn, waitAndReturn],
  },
  'mailbox-three': {
    law: 'a freed slot wakes who waits for it: one frame, three that wait',
    options: one,
    bodies: [waitAndReturn, waitAndReturn, waitAndReturn],
  },
  delivery: {
    law: 'a slot that is delivered belongs to its waiter, or goes back if it comes too late',
    options: one,
    prepare: (world) => world.heldByFirst(),
    bodies: [
      function* (me) {
        yield* releaseHeld(me);
        yield* me.tell(0, 1); // it may be killed here
      },
      function* (me) {
        const got = yield* me.acquireFor(10);
        if (got !== 0) yield* me.release(got);
      },
    ],
  },
  'mailbox-cache': {
    law: 'a slot in a cache is given to who waits for it',
    options: { ...small, frames: 1, cacheFrames: 1 },
    bodies: [
      function* (me) {
        const a = yield* me.acquireSync();
        const b = yield* me.acquireSync();
        yield* me.release(a);
        yield* me.release(b);
      },
      waitAndReturn,
      waitAndReturn,
    ],
  },
  'mailbox-timeout': {
    law: 'a wait that times out gives back what came too late',
    options: one,
    bodies: [
      function* (me) {
        const got = yield* me.acquireFor(10);
        if (got !== 0) yield* me.release(got);
      },
      function* (me) {
        const got = yield* me.acquireFor(10);
        if (got !== 0) yield* me.release(got);
      },
    ],
  },
  lane: {
    law: 'a lane of one frame loses nothing and keeps the order: one producer, one consumer',
    options: queue(1),
    bodies: [producer(2), consumer(2)],
  },
  'lane-two': {
    law: 'a lane of two frames loses nothing and keeps the order: one producer, one consumer',
    options: queue(2),
    bodies: [producer(3), consumer(3)],
  },
  'lane-consumers': {
    law: 'each frame goes to one consumer: one producer, two consumers',
    options: queue(1),
    bodies: [producer(2), consumer(1), consumer(1)],
  },
  'lane-producers': {
    law: 'a consumer gets the frames of all producers, each in order',
    options: queue(1),
    bodies: [producer(1), producer(1), consumer(2)],
  },
  'lane-drop-oldest': {
    law: 'a full lane that drops its oldest frame frees it once',
    options: queue(1, 'drop-oldest'),
    bodies: [
      producer(3),
      function* (me) {
        for (let k = 0; k < 2; k++) {
          const handle = yield* me.tryReceive();
          if (handle !== 0) yield* me.releaseShared(handle);
        }
      },
    ],
  },
  'close-send': {
    law: 'a channel that is closed while a frame is sent has it, or its sender has',
    options: queue(2),
    bodies: [
      function* (me) {
        const handle = yield* me.filled(1);
        const refused = yield* me.refused('ChannelClosedError', me.send(handle));
        if (refused) yield* me.releaseShared(handle);
      },
      function* (me) {
        yield* me.closeChannel();
      },
      consumer(2),
    ],
  },
  'close-end': {
    law: 'who is told that a closed channel has ended has received all that was accepted',
    options: queue(2),
    bodies: [
      function* (me) {
        for (let k = 1; k <= 2; k++) {
          const handle = yield* me.filled(k);
          const refused = yield* me.refused('ChannelClosedError', me.send(handle));
          if (refused) yield* me.releaseShared(handle);
          else me.world.count('accepted');
        }
      },
      (me) => me.closeChannel(),
      receiveAll,
    ],
    balanced: ['accepted', 'received'],
  },
  'close-many': {
    law: 'of a batch that is sent while the channel closes, what was not accepted stays',
    options: queue(3),
    bodies: [
      function* (me) {
        const first = yield* me.filled(1);
        const refused = yield* me.refused('ChannelClosedError', me.send(first));
        if (refused) yield* me.releaseShared(first);
        else me.world.count('accepted');
        const handles = [yield* me.filled(2), yield* me.filled(3)];
        const sent = yield* me.trySendMany(handles);
        for (let k = 0; k < sent; k++) me.world.count('accepted');
        for (const handle of handles.slice(sent)) yield* me.releaseShared(handle);
      },
      (me) => me.closeChannel(),
      receiveAll,
    ],
    balanced: ['accepted', 'received'],
  },
  'close-undelivered': {
    law: 'what was published before a close is received, whoever sends at the same moment',
    options: queue(2),
    bodies: [producer(2), (me) => me.closeChannel()],
  },
  'close-full': {
    law: 'a close wakes who waits for room',
    options: queue(1),
    bodies: [
      function* (me) {
        for (let k = 1; k <= 2; k++) {
          const handle = yield* me.filled(k);
          const refused = yield* me.refused('ChannelClosedError', me.send(handle));
          if (refused) yield* me.releaseShared(handle);
        }
      },
      (me) => me.closeChannel(),
    ],
  },
  'close-receive': {
    law: 'a close wakes who waits for a frame',
    options: queue(1),
    bodies: [(me) => me.closeChannel(), consumer(1), consumer(1)],
  },
  broadcast: {
    law: 'a broadcast reaches every subscriber once',
    options: broadcast(1),
    prepare: (world) => {
      world.subscribe(1);
      world.subscribe(2);
    },
    bodies: [producer(1), consumer(1), consumer(1)],
  },
  'broadcast-leave': {
    law: 'a subscriber that leaves takes nothing with it',
    options: broadcast(1),
    prepare: (world) => world.subscribe(1),
    bodies: [
      producer(2),
      function* (me) {
        yield* me.unsubscribe();
      },
    ],
  },
  'broadcast-join': {
    law: 'a subscriber that joins gets whole frames or none',
    options: broadcast(1),
    bodies: [
      producer(2),
      function* (me) {
        yield* me.subscribe();
        const handle = yield* me.tryReceive();
        if (handle !== 0) yield* me.releaseShared(handle);
        yield* me.unsubscribe();
      },
    ],
  },
  'broadcast-rejoin': {
    law: 'who subscribes again receives again',
    options: broadcast(1),
    prepare: (world) => {
      world.subscribe(1);
      world.unsubscribe(1);
    },
    bodies: [
      function* (me) {
        yield* me.hear(0);
        const handle = yield* me.filled(1);
        const refused = yield* me.refused('ChannelClosedError', me.send(handle));
        if (refused) yield* me.releaseShared(handle);
      },
      function* (me) {
        yield* me.subscribe();
        yield* me.tell(0, 1);
        const handle = yield* me.receive();
        if (handle !== 0) yield* me.releaseShared(handle);
        yield* me.unsubscribe();
      },
    ],
  },
  'broadcast-join-close': {
    law: 'who subscribes while a broadcast closes leaves nothing in its lanes',
    options: broadcast(1),
    bodies: [
      function* (me) {
        const handle = yield* me.filled(1);
        const refused = yield* me.refused('ChannelClosedError', me.send(handle));
        if (refused) yield* me.releaseShared(handle);
      },
      function* (me) {
        yield* me.subscribe();
        for (;;) {
          const handle = yield* me.receive();
          if (handle === 0) return;
          yield* me.releaseShared(handle);
        }
      },
      (me) => me.closeChannel(),
    ],
  },
  'broadcast-close': {
    law: 'a broadcast that is closed while a frame is sent leaves nothing behind',
    options: broadcast(1),
    prepare: (world) => world.subscribe(1),
    bodies: [
      function* (me) {
        const handle = yield* me.filled(1);
        const refused = yield* me.refused('ChannelClosedError', me.send(handle));
        if (refused) yield* me.releaseShared(handle);
      },
      function* (me) {
        const handle = yield* me.receive();
        if (handle !== 0) yield* me.releaseShared(handle);
      },
      (me) => me.closeChannel(),
    ],
  },
  'attach-attach': {
    law: 'two threads that attach at once get two seats',
    options: one,
    strangers: [0, 1],
    bodies: [
      function* (me) {
        yield* me.attach();
        yield* takeAndReturn(1)(me);
        yield* me.close();
      },
      function* (me) {
        yield* me.attach();
        yield* takeAndReturn(1)(me);
      },
    ],
  },
  'borrow-attach': {
    law: 'a cache that grew into the share of an empty seat, and who sits down in it, keep to the reserve',
    options: { ...small, frames: 1, cacheFrames: 1, cacheFramesMax: 2 },
    strangers: [1],
    prepare: (world) => world.fillAuditorsCache(),
    bodies: [hoard(3), attachAndHoard(2)],
  },
  'borrow-attach-twice': {
    law: 'so does one that was asked to give the share back, and one that asks again',
    options: { ...small, frames: 2, cacheFrames: 1, cacheFramesMax: 2 },
    strangers: [1],
    prepare: (world) => {
      world.fillAuditorsCache();
      world.hoardedByFirst(3);
    },
    bodies: [releaseHoard(3), attachAndHoard(1)],
  },
  'close-close': {
    law: 'a thread that leaves gives its cache back, and serves who waits for it',
    options: { ...small, frames: 1, cacheFrames: 1 },
    bodies: [
      function* (me) {
        const a = yield* me.acquireSync();
        yield* me.release(a);
        yield* me.close();
      },
      function* (me) {
        const a = yield* me.acquireSync();
        const b = yield* me.acquireSync();
        const c = yield* me.acquireSync();
        for (const handle of [a, b, c]) yield* me.release(handle);
      },
    ],
  },
};
