/** The page's own pool and its six workers: what the picture shows when nobody else feeds it. */
import { FramePool } from '../../dist/index.js';
import { Control } from './control.mjs';
import { CREW, poolOptions, TOPOLOGY } from './roles.mjs';

const START_MS = 20_000;
/** A watcher looks for new threads twice a second; until then it would not notice a death. */
const YOUNG_MS = 1200;

/** A pool, its threads, and what can be done to them. */
export class Crew {
  topology = TOPOLOGY;
  control = new Control(CREW.length);
  workers = [];
  /** Seats of threads that were ended, and not yet reclaimed. */
  dead = new Map();

  constructor(slots, onNews) {
    this.pool = FramePool.create(poolOptions(slots));
    this.onNews = onNews;
  }

  /** Starts all threads, one after the other, so that each has its usual seat. */
  async start() {
    for (let thread = 0; thread < CREW.length; thread++) await this.startOne(thread);
  }

  async startOne(thread) {
    const { name } = CREW[thread];
    const worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module', name });
    const entry = { worker, seat: -1, name, youngUntilMs: Number.POSITIVE_INFINITY };
    this.workers[thread] = entry;
    await new Promise((resolve, reject) => {
      const late = setTimeout(reject, START_MS, new Error(`${name} did not start`));
      worker.onerror = (event) => reject(new Error(`${name}: ${event.message}`));
      worker.onmessage = ({ data }) => {
        clearTimeout(late);
        entry.seat = data.seat;
        resolve();
      };
      const { ref } = this.pool;
      worker.postMessage({ ref, control: this.control.buffer, thread });
    });
    if (this.workers[thread] !== entry) return;
    this.pool.watch(worker);
    entry.youngUntilMs = performance.now() + YOUNG_MS;
  }

  alive(thread) {
    return this.workers[thread] !== undefined;
  }

  /** Too young to be killed: its death would not be noticed. */
  young(thread) {
    return performance.now() < (this.workers[thread]?.youngUntilMs ?? 0);
  }

  /** Ends a thread in the middle of whatever it does. The pool's watch finds out by itself. */
  kill(thread) {
    const entry = this.workers[thread];
    if (entry === undefined || this.young(thread)) return;
    this.workers[thread] = undefined;
    const rows = this.pool.inspect({ cached: true });
    const has = ({ holders, cachedBy }) =>
      cachedBy === entry.seat || holders.some(({ seat }) => seat === entry.seat);
    const death = {
      name: entry.name,
      atMs: performance.now(),
      slots: rows.filter(has).length,
      reclaimed: this.pool.stats().reclaimed,
    };
    this.dead.set(entry.seat, death);
    entry.worker.terminate();
    this.onNews(`${entry.name} was killed, with ${count(death.slots, 'slot')} in its hands.`);
  }

  restart(thread) {
    if (!this.alive(thread)) return this.startOne(thread);
  }

  /** One look at the pool; says so when what a dead thread held has come back. */
  look() {
    const stats = this.pool.stats();
    const slots = this.pool.inspect({ cached: true });
    for (const [seat, death] of this.dead) {
      if (stats.threads.some((thread) => thread.seat === seat && thread.name === death.name)) {
        continue;
      }
      this.dead.delete(seat);
      const took = Math.round(performance.now() - death.atMs);
      const back = stats.reclaimed - death.reclaimed;
      const { ok, slots: all } = this.pool.audit({ repair: true });
      const sum = ok ? `the audit accounts for all ${all}` : 'the audit does not add up';
      this.onNews(
        `What ${death.name} held came back after ${took} ms: ${count(back, 'slot')}; ${sum}.`,
      );
    }
    return { slots, stats };
  }

  /** Ends everything. */
  close() {
    for (const entry of this.workers) entry?.worker.terminate();
    this.workers = [];
  }
}

function count(n, word) {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}
