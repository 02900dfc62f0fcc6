/**
 * Kill torture: threads do random things with frames and are terminated at random moments, several
 * at a time, while others go on and new ones take the freed seats.
 *
 * After each volley the living rest for a moment, and the audit must be exact: every slot accounted
 * for, no cached slot that its thread does not know of, no seat taken but by the living. At the end
 * everybody leaves, and every slot must be there to be acquired by the main thread alone.
 *
 * What may remain after a death: messages without addressee that the dead had sent and told nobody
 * about, or had read from the board and not adopted. `inspect()` must show each, and `revoke` must
 * end it.
 */

import { Worker } from 'node:worker_threads';
import { FramePool, type FramePoolOptions, type SlotReport } from 'frameslab';

/** Ints of the control block, as in torture-worker.mjs. */
const PAUSE = 0;
const STOP = 1;
const CELLS_AT = 16;
const CELL = { paused: 0, seat: 1, operation: 2, working: 3, size: 16 };

const BOARD = 12;
/** Numbers that may wait for one seat. */
const PLACES = 4;
const COMPLAINTS_MAX = 20;
const REST_MS_MAX = 20_000;
const FRAME_BYTES = 64;

/** What one torture does. */
export interface Torture {
  /** Its name, for the progress lines. */
  readonly name: string;
  /** Stop after so many kills … */
  readonly kills: number;
  /** … or so many seconds. */
  readonly seconds: number;
  readonly seed: number;
  /** Threads that work at a time, besides those that are about to die. */
  readonly living: number;
  /** At most so many die at once. */
  readonly volley: number;
  readonly pool: FramePoolOptions;
}

/** What came of it. */
export interface Outcome {
  readonly kills: number;
  /** It ended because of the seconds, not of the kills. */
  readonly timeWasUp: boolean;
  /** Operations that workers were in when they died, and how often. */
  readonly operations: ReadonlyMap<string, number>;
  /** Orphaned messages that had to be revoked. */
  readonly revoked: number;
}

interface Hand {
  readonly worker: Worker;
  readonly cell: number;
  readonly exited: Promise<number>;
  ready: boolean;
  condemned: boolean;
}

/** The references to a slot that can be found. */
function foundIn(row: SlotReport): number {
  const held = row.holders.reduce((sum, holder) => sum + holder.count, 0);
  return row.messages.reduce((sum, message) => sum + message.count, held + row.inLanes);
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs one torture; throws the first thing that is wrong, with what is needed to repeat it. */
export async function torture(options: Torture): Promise<Outcome> {
  const run = new Run(options);
  try {
    return await run.go();
  } catch (fault) {
    const where = `${options.name}, seed ${options.seed}, after ${run.kills} kills`;
    throw new Error(`${where}: ${(fault as Error).message}`, { cause: fault });
  } finally {
    await run.end();
  }
}

class Run {
  kills = 0;
  private readonly options: Torture;
  private readonly pool: FramePool;
  private readonly control: Int32Array<SharedArrayBuffer>;
  private readonly board = new Int32Array(new SharedArrayBuffer(BOARD * 4));
  private readonly addressed: Int32Array<SharedArrayBuffer>;
  private readonly crew: (Hand | undefined)[];
  private readonly operations = new Map<string, number>();
  private names: string[] = [];
  private identities = 0;
  private revoked = 0;
  private overcounts = 0;
  private readonly complaints: string[] = [];
  private state: number;
  private fault: Error | undefined;

  constructor(options: Torture) {
    this.options = options;
    this.state = options.seed | 1;
    this.crew = new Array(options.living + options.volley).fill(undefined);
    this.pool = FramePool.create({
      frameSizeBytes: FRAME_BYTES,
      threadsMax: this.crew.length + 1,
      ...options.pool,
      channels: {
        work: { capacity: 5 },
        lossy: { capacity: 4, whenFull: 'drop-oldest' },
        news: { capacity: 3, mode: 'broadcast' },
        ticker: { capacity: 2, mode: 'broadcast', whenFull: 'drop-oldest' },
      },
    });
    this.control = new Int32Array(
      new SharedArrayBuffer((CELLS_AT + this.crew.length * CELL.size) * 4),
    );
    this.addressed = new Int32Array(new SharedArrayBuffer(this.pool.threadsMax * PLACES * 4));
  }

  async go(): Promise<Outcome> {
    const { kills, seconds, living, name, seed } = this.options;
    const end = Date.now() + seconds * 1000;
    let told = Date.now();
    while (this.kills < kills && Date.now() < end) {
      const victims = Math.min(kills - this.kills, 1 + this.random(this.options.volley));
      await this.recruit(living + this.options.volley, living - 1 + victims);
      await sleep(this.random(10));
      await this.volley(victims);
      await this.rest(() => {
        this.inspect();
        this.revokeOrphans();
      });
      this.check();
      if (Date.now() - told < 3000) continue;
      told = Date.now();
      console.log(`kill torture "${name}" (seed ${seed}): ${this.kills} kills of ${kills}`);
    }
    await this.leave();
    this.inspectTheEnd();
    await this.seatsCanBeTaken();
    if (this.complaints.length > 0) throw new Error(this.complaints.join('\n'));
    console.log(
      `kill torture "${name}" (seed ${seed}): ${this.kills} kills, ` +
        `${this.revoked} orphaned messages revoked, every slot home ` +
        `(${this.overcounts} counts too high for a while); died in ` +
        [...this.operations].map(([operation, count]) => `${operation} ${count}`).join(', '),
    );
    const timeWasUp = this.kills < kills;
    return { kills: this.kills, timeWasUp, operations: this.operations, revoked: this.revoked };
  }

  /** Ends every worker that is left. */
  async end(): Promise<void> {
    await Promise.all(this.crew.map((hand) => hand?.worker.terminate()));
  }

  /** An integer below `limit`. */
  private random(limit: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }

  private check(): void {
    if (this.fault !== undefined) throw this.fault;
  }

  /** Fills empty places until so many are at work or starting; waits until `working` work. */
  private async recruit(wanted: number, working: number): Promise<void> {
    for (let cell = 0; cell < this.crew.length; cell++) {
      const present = this.crew.filter((hand) => hand !== undefined).length;
      if (this.crew[cell] === undefined && present < wanted) this.crew[cell] = this.start(cell);
    }
    await this.until(
      'the new threads are at work',
      () => this.crew.filter((hand) => hand?.ready).length >= working,
    );
  }

  private start(cell: number): Hand {
    const at = CELLS_AT + cell * CELL.size;
    this.control.fill(0, at, at + CELL.size);
    this.identities += 1;
    const worker = new Worker(new URL('./torture-worker.mjs', import.meta.url), {
      name: `hand ${this.identities}`,
      workerData: {
        ref: this.pool.ref,
        me: this.identities,
        seed: (this.options.seed * 7919 + this.identities) | 1,
        cell,
        control: this.control,
        board: this.board,
        addressed: this.addressed,
      },
    });
    this.pool.watch(worker);
    const exited = new Promise<number>((resolve) => worker.once('exit', resolve));
    const hand: Hand = { worker, cell, exited, ready: false, condemned: false };
    worker.once('message', ({ names }: { names: string[] }) => {
      hand.ready = true;
      this.names = names;
    });
    worker.on('error', (fault) => {
      this.fault ??= fault as Error;
    });
    return hand;
  }

  /** Kills so many at one moment, whatever they do, and waits until they are gone. */
  private async volley(count: number): Promise<void> {
    const victims: Hand[] = [];
    for (let tries = 0; victims.length < count && tries < 100; tries++) {
      const hand = this.crew[this.random(this.crew.length)];
      if (hand === undefined || hand.condemned) continue;
      // Mostly those that are at work; some die while they start.
      if (!hand.ready && this.random(8) !== 0) continue;
      const left = this.crew.filter((other) => other?.ready && !other.condemned).length;
      if (hand.ready && left <= 2) continue;
      hand.condemned = true;
      victims.push(hand);
    }
    for (const { worker } of victims) void worker.terminate();
    await Promise.all(victims.map((hand) => hand.exited));
    for (const { cell, ready } of victims) {
      this.crew[cell] = undefined;
      const operation = Atomics.load(this.control, CELLS_AT + cell * CELL.size + CELL.operation);
      const name = ready ? (this.names[operation] ?? 'unknown') : 'start';
      this.operations.set(name, (this.operations.get(name) ?? 0) + 1);
      // Its seat may be somebody else's by now.
      Atomics.store(this.control, CELLS_AT + cell * CELL.size + CELL.seat, 0);
    }
    this.kills += victims.length;
  }

  /** Does something while nobody is in the middle of a call. */
  private async rest(look: () => void): Promise<void> {
    Atomics.store(this.control, PAUSE, 1);
    try {
      await this.until('every thread rests', () =>
        this.crew.every((hand) => hand === undefined || this.isAtRest(hand)),
      );
      // What met a living thread in the middle of a call is left in doubt, and says so: a watcher, an
      // acquire that finds nothing, or a repair settles it. Here nobody else may come by.
      await this.until('every doubt is settled', () => {
        if (this.pool.stats().inDoubt) this.pool.audit({ repair: true });
        return !this.pool.stats().inDoubt;
      });
      look();
    } finally {
      Atomics.store(this.control, PAUSE, 0);
      Atomics.notify(this.control, PAUSE);
    }
  }

  /** It rests; or it has not begun, and will rest before it touches a frame. */
  private isAtRest({ cell }: Hand): boolean {
    const at = CELLS_AT + cell * CELL.size;
    if (Atomics.load(this.control, at + CELL.working) === 0) return true;
    return Atomics.load(this.control, at + CELL.paused) === 1;
  }

  private async until(what: string, holds: () => boolean): Promise<void> {
    const end = Date.now() + REST_MS_MAX;
    while (!holds()) {
      this.check();
      if (Date.now() > end) throw new Error(`hang: ${what} did not happen; ${this.whereabouts()}`);
      await sleep(1);
    }
    this.check();
  }

  private whereabouts(): string {
    return this.crew
      .filter((hand) => hand !== undefined)
      .map(({ cell, ready }) => {
        const at = CELLS_AT + cell * CELL.size;
        const seat = (this.control[at + CELL.seat] as number) - 1;
        return `seat ${seat} ready ${ready} in ${this.names[this.control[at + CELL.operation] as number]}`;
      })
      .join('; ');
  }

  /** The exact account, while everybody rests. */
  private inspect(): void {
    const rows = this.pool.inspect();
    const audit = this.pool.audit();
    for (const { slot, problem } of audit.problems) {
      // A count that a dead thread left too high is put right by the next release, if somebody is
      // left to release it.
      const row = rows.find((report) => report.slot === slot);
      const found = row === undefined ? 0 : foundIn(row);
      if (row?.suspect !== true || found > row.references) {
        throw new Error(`slot ${slot}: ${problem}: ${JSON.stringify({ row, audit })}`);
      }
      if (found === 0) this.complain(`slot ${slot} is lost: ${problem}`);
      else this.overcounts += 1;
    }
    const sum = audit.free + audit.cached + audit.held + audit.inFlight + audit.inLanes;
    if (sum !== audit.slots) throw new Error(`the audit's sum is wrong: ${JSON.stringify(audit)}`);
    const stats = this.pool.stats();
    const cached = stats.threads.reduce((total, thread) => total + thread.cached, 0);
    if (cached !== audit.cached) {
      throw new Error(
        `${audit.cached} slots are owned by threads that do not hold them, but only ${cached} ` +
          `lie in caches: ${JSON.stringify(stats.threads)}`,
      );
    }
    // A thread that is about to start may have its seat already.
    const present = this.crew.filter((hand) => hand !== undefined);
    const ready = present.filter((hand) => hand.ready).length;
    const seats = stats.threads.length - 1;
    if (seats < ready) throw new Error(`${seats} seats are taken by ${ready} living threads`);
    const alive = new Set(present.map(({ worker }) => worker.threadId));
    for (const { threadId, seat } of stats.threads) {
      if (seat === this.pool.seat || alive.has(threadId)) continue;
      this.complain(`seat ${seat} is still taken by thread ${threadId}, which is dead`);
    }
  }

  /**
   * Revokes the messages to anybody whose numbers nobody has: at rest all numbers are on the board.
   */
  private revokeOrphans(): void {
    const board = [...this.board];
    for (const { handle, messages } of this.pool.inspect()) {
      const flying = messages.find((message) => message.to === -1)?.count ?? 0;
      const orphans = flying - board.filter((number) => number === handle).length;
      for (let k = 0; k < orphans; k++) {
        if (!this.pool.revoke(handle)) throw new Error(`message ${handle} cannot be revoked`);
        this.revoked += 1;
      }
    }
  }

  /** Notes what a repair can mend, and mends it: one run may find more than one such thing. */
  private complain(text: string): void {
    this.complaints.push(`after ${this.kills} kills ${text}`);
    this.pool.audit({ repair: true });
    if (this.complaints.length >= COMPLAINTS_MAX) throw new Error(this.complaints.join('\n'));
  }

  /** Everybody leaves in an orderly way. */
  private async leave(): Promise<void> {
    Atomics.store(this.control, STOP, 1);
    const crew = this.crew.filter((hand) => hand !== undefined);
    await this.until('the living leave', () => crew.every(({ worker }) => worker.threadId === -1));
    const codes = await Promise.all(crew.map((hand) => hand.exited));
    this.check();
    if (codes.some((code) => code !== 0)) throw new Error(`exit codes ${codes.join()}`);
    this.crew.fill(undefined);
  }

  /** Nobody is left: lanes and messages are emptied, and then every slot is here. */
  private inspectTheEnd(): void {
    const { pool } = this;
    this.board.fill(0);
    for (const name of ['work', 'lossy']) {
      const channel = pool.channel(name);
      for (let frame = channel.tryReceive(); frame !== undefined; frame = channel.tryReceive()) {
        frame.release();
      }
    }
    for (const row of pool.inspect()) {
      const [message] = row.messages;
      const orphaned =
        row.holders.length === 0 &&
        row.inLanes === 0 &&
        row.messages.length === 1 &&
        message !== undefined &&
        message.to === -1 &&
        message.count === row.references;
      if (!orphaned) throw new Error(`left over: ${JSON.stringify(row)}`);
    }
    this.revokeOrphans();
    const audit = pool.audit();
    if (!audit.ok || audit.free + audit.cached !== audit.slots) {
      throw new Error(`at the end: ${JSON.stringify(audit)}`);
    }
    const all = new Int32Array(audit.slots);
    if (!pool.slots.acquireMany(all)) {
      throw new Error(`not all ${audit.slots} slots can be acquired: ${JSON.stringify(audit)}`);
    }
    if (new Set(all).size !== all.length) throw new Error('a slot was acquired twice');
    pool.slots.releaseMany(all);
    if (pool.stats().threads.length !== 1) {
      throw new Error(`seats are left: ${JSON.stringify(pool.stats().threads)}`);
    }
  }

  /** New threads can take every seat, and leave it. */
  private async seatsCanBeTaken(): Promise<void> {
    Atomics.store(this.control, STOP, 1);
    const taken = new Set<number>();
    for (let cell = 0; cell < this.crew.length; cell++) this.crew[cell] = this.start(cell);
    for (const hand of this.crew) {
      hand?.worker.once('message', ({ seat }: { seat: number }) => taken.add(seat));
    }
    const codes = await Promise.all(this.crew.map((hand) => hand?.exited));
    this.check();
    if (codes.some((code) => code !== 0)) throw new Error(`exit codes ${codes.join()}`);
    this.crew.fill(undefined);
    this.pool.close();
  }
}
