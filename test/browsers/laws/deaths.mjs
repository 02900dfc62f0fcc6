/**
 * A worker of a page has no `exit` event; that it was ended is noticed by its lock. All this time
 * one worker lives and works, and another lives and sleeps: neither may be taken for dead.
 */
import { FramePool } from '../../../dist/index.js';
import { verify } from '../../workers/threads/payload.mjs';
import { allHome, check, equal, pause, until, within } from '../check.mjs';
import { withCrew } from '../crew.mjs';

const NOTICED_MS = 20_000;
/** How long the living are looked at: several looks of the watcher. */
const LIVES_ON_MS = 2500;

/** Receives what the living worker sends until it stops; answers how to read the count. */
function consume(pool) {
  const work = pool.channel('work');
  const consumed = { count: 0 };
  consumed.end = (async () => {
    for await (const frame of work) {
      verify(frame);
      check(frame.sequence === consumed.count, `${frame.sequence} instead of ${consumed.count}`);
      consumed.count += 1;
      frame.release();
    }
  })();
  consumed.end.catch(() => undefined);
  return consumed;
}

/** What of a seat is left in the pool, in a sentence; '' for nothing. */
function tracesOf(pool, seat) {
  if (pool.stats().threads.some((thread) => thread.seat === seat)) return `seat ${seat} is taken`;
  const rows = pool.inspect();
  const held = rows.filter((row) => row.holders.some((holder) => holder.seat === seat));
  if (held.length > 0) return `${held.length} slots are held by seat ${seat}`;
  const mail = rows.filter((row) => row.messages.some(({ to }) => to === seat));
  if (mail.length > 0) return `${mail.length} messages are for seat ${seat}`;
  const { ok, problems } = pool.audit();
  return ok ? '' : `the audit says ${JSON.stringify(problems)}`;
}

async function death(start, { firstTurn, ending }) {
  const pool = FramePool.create({
    frameSizeBytes: 256,
    frames: 32,
    threadsMax: 4,
    cacheFrames: 8,
    channels: {
      work: { capacity: 8 },
      wake: { capacity: 2 },
      never: { capacity: 2 },
      news: { capacity: 4, mode: 'broadcast', whenFull: 'drop-oldest' },
    },
  });
  const [worker, sleeper, victim] = [start('worker'), start('sleeper'), start('victim')];
  const seats = [await worker.play('attach', pool.ref), await sleeper.play('attach', pool.ref)];
  for (const { thread } of [worker, sleeper, victim]) pool.watch(thread);
  const consumed = consume(pool);
  const produced = worker.play('stream');
  produced.catch(() => undefined);
  const slept = sleeper.play('sleep');
  slept.catch(() => undefined);
  await sleeper.at('asleep');

  const shared = [0, 1, 2].map((sequence) => {
    const frame = pool.tryAcquire(16);
    frame.sequence = sequence;
    return frame;
  });
  const messages = shared.map((frame) => frame.share());
  // It has loaded the library a moment ago, and is attached or not.
  await (firstTurn ? victim.play('idle') : victim.play('attach', pool.ref));
  await pause(300);
  victim.play('perish', pool.ref, messages, ending).catch(() => undefined);
  const { seat, messageOnItsWay } = await victim.at('ready');
  const news = pool.channel('news');
  for (let k = 0; k < 3; k++) check(news.trySend(pool.tryAcquire(8)), 'the news found no room');
  shared[0].share({ to: seat }); // nobody will adopt it
  await pause(1200); // the watcher looks a few times while all live
  check(
    pool.inspect().some((row) => row.inLanes > 0),
    'nothing lies in the lanes of the victim',
  );
  equal(shared.map((frame) => frame.refCount)[1], 2, 'references to a frame that both hold');

  victim.thread.terminate();
  const took = await until(NOTICED_MS, () => tracesOf(pool, seat));
  await until(NOTICED_MS, () =>
    shared.every((frame) => frame.refCount === 1) ? '' : 'the dead count as holders',
  );
  pool.adopt(messageOnItsWay).release(); // what it had sent stays deliverable

  const before = consumed.count;
  await pause(LIVES_ON_MS);
  check(consumed.count > before, 'the living worker came to a stop');
  const heir = start('heir');
  pool.watch(heir.thread);
  equal(await heir.play('attach', pool.ref), seat, 'the seat of a new worker');
  await pause(LIVES_ON_MS / 2);
  const taken = pool.stats().threads.map((thread) => `${thread.seat} ${thread.name}`);
  const wanted = ['0 main', `${seats[0]} worker`, `${seats[1]} sleeper`, `${seat} heir`];
  equal(taken, wanted, 'the living');

  const call = pool.tryAcquire(8);
  call.sequence = 77;
  await pool.channel('wake').send(call);
  equal(await slept, 77, 'what the sleeper was woken with');
  pool.channel('work').close();
  const sent = await produced;
  await within(5000, consumed.end, 'the end of the work'); // it drains what was sent last
  equal(sent, consumed.count, 'frames that the living worker sent');
  for (const living of [worker, sleeper, heir]) await living.play('close');
  for (const frame of shared) frame.release();
  allHome(pool);
  pool.close();
  return took;
}

/** Each ends sooner than the watcher looks again; what they held comes back all the same. */
async function soon(start) {
  const pool = FramePool.create({ frameSizeBytes: 64, frames: 8, threadsMax: 8 });
  for (let k = 0; k < 5; k++) {
    const victim = start(`victim ${k}`);
    pool.watch(victim.thread);
    await victim.play('settle', pool.ref);
    victim.thread.terminate();
  }
  const took = await until(NOTICED_MS, () => {
    const { threads, framesInUse } = pool.stats();
    return threads.length === 1 && framesInUse === 0 ? '' : `${threads.length - 1} seats are taken`;
  });
  allHome(pool);
  pool.close();
  return took;
}

const manner = (how) => () => withCrew((start) => death(start, how));

export const laws = {
  'a worker ended in its sleep is noticed, all it had comes back, the living stay': manner({
    firstTurn: false,
    ending: 'asleep',
  }),
  'so is one that fell asleep in the turn in which it attached': manner({
    firstTurn: true,
    ending: 'asleep',
  }),
  'so are those that ended before anybody saw their locks': () => withCrew(soon),
  'so is one ended in the middle of its work': manner({ firstTurn: true, ending: 'busy' }),
};
