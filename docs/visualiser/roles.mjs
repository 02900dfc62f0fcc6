/**
 * What the threads do, the same in a page's workers and in Node's:
 *
 *   camera 1, camera 2 --raw (a queue)--> filter 1, filter 2 --done (a broadcast)--> screen, recorder
 *
 * Every thread blocks: it waits for a frame, for room, or for its work to be done, and looks now and
 * then whether it was told to stop. Nothing here asks which platform it is on.
 */

/** The threads in the order in which they take their seats. */
export const CREW = [
  { name: 'camera 1', role: 'camera' },
  { name: 'camera 2', role: 'camera' },
  { name: 'filter 1', role: 'filter' },
  { name: 'filter 2', role: 'filter' },
  { name: 'screen', role: 'screen' },
  { name: 'recorder', role: 'recorder' },
];

/** Who sends into which channel, and who receives from it. */
export const TOPOLOGY = {
  raw: { from: ['camera 1', 'camera 2'], to: ['filter 1', 'filter 2'] },
  done: { from: ['filter 1', 'filter 2'], to: ['screen', 'recorder'] },
};

const THREADS_MAX = 8;

/** The options of a pool with so many slots in all. */
export function poolOptions(slots) {
  const cacheFrames = slots <= 128 ? 4 : slots <= 1024 ? 8 : 32;
  const capacity = slots <= 128 ? 8 : Math.round(slots / 32);
  return {
    frames: slots - THREADS_MAX * cacheFrames,
    frameSizeBytes: 1024,
    threadsMax: THREADS_MAX,
    cacheFrames,
    trace: true, // ages, and where a forgotten frame was acquired
    channels: {
      raw: { capacity },
      done: { capacity, mode: 'broadcast', whenFull: 'drop-oldest' },
    },
  };
}

/** How long a call blocks before the thread looks at what it was told. */
const PATIENCE_MS = 100;

/** Runs this thread's role until the thread is ended. */
export function work(pool, control, thread) {
  const { role } = CREW[thread];
  const desk = new Desk(pool, control, thread);
  if (role === 'camera') camera(desk);
  if (role === 'filter') filter(desk);
  if (role === 'screen') screen(desk);
  if (role === 'recorder') recorder(desk);
}

/** What every role needs: patience, and an ear for what it is told. */
class Desk {
  constructor(pool, control, thread) {
    Object.assign(this, { pool, control, thread });
  }

  /** Waits while it is stopped; forgets a frame if it was asked to. */
  obey() {
    const { control, thread } = this;
    for (let n = control.takeLeaks(thread); n > 0; n--) forgetAFrame(this.pool);
    while (control.paused || !control.running(thread)) control.sleep(PATIENCE_MS);
  }

  /** Repeats a blocking call with little patience each time, obeying in between. */
  insist(call) {
    for (;;) {
      this.obey();
      try {
        return call();
      } catch (fault) {
        if (fault?.name !== 'TimeoutError') throw fault;
      }
    }
  }

  /** Works for so many milliseconds; a pause does not count. */
  spend(ms) {
    let left = ms;
    while (left > 0) {
      const begun = performance.now();
      this.control.sleep(Math.min(left, PATIENCE_MS));
      if (!this.control.paused) left -= performance.now() - begun;
      else while (this.control.paused) this.control.sleep(PATIENCE_MS);
    }
  }

  /** A share of the time between two frames of one camera, irregular, so that queues form. */
  share(part) {
    return (1000 / this.control.rate) * part * (0.4 + 1.2 * Math.random());
  }
}

/** A bug, on purpose: an acquire whose handle nobody keeps. */
function forgetAFrame(pool) {
  pool.slots.acquire();
}

function camera(desk) {
  const raw = desk.pool.channel('raw');
  for (let sequence = 0; ; sequence++) {
    const frame = desk.insist(() => desk.pool.acquireSync(undefined, PATIENCE_MS));
    frame.storage.fill(sequence & 255);
    frame.length = frame.capacity;
    frame.sequence = sequence;
    desk.spend(desk.share(0.45));
    desk.insist(() => raw.sendSync(frame, PATIENCE_MS));
    desk.spend(desk.share(Math.random() < 0.4 ? 0.05 : 0.88)); // in bursts
  }
}

function filter(desk) {
  const raw = desk.pool.channel('raw');
  const done = desk.pool.channel('done');
  for (;;) {
    const frame = desk.insist(() => raw.receiveSync(PATIENCE_MS));
    const bytes = frame.storage;
    for (let k = 0; k < bytes.length; k++) bytes[k] ^= 255; // in place: it is exclusive
    desk.spend(desk.share(0.9));
    desk.insist(() => done.sendSync(frame, PATIENCE_MS));
  }
}

function screen(desk) {
  const done = desk.pool.channel('done').subscribe();
  for (;;) {
    const frame = desk.insist(() => done.receiveSync(PATIENCE_MS));
    desk.spend(desk.share(0.42));
    frame.release();
  }
}

/** Keeps the latest frames for a replay, by reference. */
function recorder(desk) {
  const done = desk.pool.channel('done').subscribe();
  const most = Math.max(10, Math.round(desk.pool.frames / 12));
  const kept = [];
  for (;;) {
    kept.push(desk.insist(() => done.receiveSync(PATIENCE_MS)));
    if (kept.length > most) kept.shift().release();
    desk.spend(desk.share(desk.control.slow ? 1.8 : 0.35));
  }
}
