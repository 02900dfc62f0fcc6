/**
 * Real threads for tests: starts workers of `threads/`, hears their results, and always ends them.
 * Every test of this folder gets its threads here; `afterEach` ends what is left, whatever happened.
 */
import { Worker } from 'node:worker_threads';
import type { AuditReport, FramePool } from 'frameslab';
import { afterEach, expect } from 'vitest';

const FILE = new URL('./threads/worker.mjs', import.meta.url);

/** Ints of the shared signals; `threads/signals.mjs` has the same. */
export const GO = 0;
export const STOP = 1;
export const COUNT = 2;
export const OWN = 16;
const SIGNALS = 4096;

/** A worker that plays a role. */
export interface Player<T = unknown> {
  readonly worker: Worker;
  /** Its seat; it has attached. */
  readonly seat: number;
  /** What its role answered; rejects if it ended without an answer, or if any of the crew threw. */
  readonly result: Promise<T>;
  /** Resolves when the thread is gone. */
  readonly gone: Promise<void>;
}

const living = new Set<Worker>();

afterEach(async () => {
  await Promise.all([...living].map((worker) => worker.terminate()));
});

/** Threads that share one pool and one set of signals. */
export class Crew {
  readonly pool: FramePool;
  readonly signals = new Int32Array(new SharedArrayBuffer(SIGNALS * 4));

  /** Rejects with the first fault of any thread: then nobody may wait for the others. */
  private readonly trouble: Promise<never>;
  private onTrouble: (fault: unknown) => void = () => undefined;

  constructor(pool: FramePool) {
    this.pool = pool;
    this.trouble = new Promise((_resolve, reject) => {
      this.onTrouble = reject;
    });
    this.trouble.catch(() => undefined);
  }

  /** Starts a worker in a role; resolves when it has attached and waits for `go`. */
  async start<T = unknown>(role: string, data: object = {}): Promise<Player<T>> {
    const { ref } = this.pool;
    const worker = new Worker(FILE, {
      workerData: { role, ref, signals: this.signals.buffer, data },
    });
    living.add(worker);
    let answered = false;
    let onReady: (seat: number) => void;
    let onFault: (fault: unknown) => void;
    const ready = new Promise<number>((resolve, reject) => {
      onReady = resolve;
      onFault = reject;
    });
    const own = new Promise<T>((resolve, reject) => {
      worker.on('message', (news: { ready?: true; seat: number; result: T }) => {
        if (news.ready === true) {
          onReady(news.seat);
          return;
        }
        answered = true;
        resolve(news.result);
      });
      worker.on('error', (fault) => {
        reject(fault);
        onFault(fault);
        this.onTrouble(fault);
      });
      worker.on('exit', () => {
        if (answered) return;
        const fault = new Error(`the ${role} worker ended without a result`);
        reject(fault);
        onFault(fault);
      });
    });
    const result = Promise.race([own, this.trouble]);
    result.catch(() => undefined); // looked at later, or never if the worker is to be killed
    const gone = new Promise<void>((resolve) => {
      worker.on('exit', () => {
        living.delete(worker);
        resolve();
      });
    });
    return { worker, seat: await ready, result, gone };
  }

  /** Starts one worker per element. */
  startAll<T = unknown>(role: string, rows: readonly object[]): Promise<Player<T>[]> {
    return Promise.all(rows.map((data) => this.start<T>(role, data)));
  }

  /** Lets all begin. */
  go(): void {
    this.raise(GO);
  }

  /** Tells all to end. */
  stop(): void {
    this.raise(STOP);
  }

  /** Resolves when `signals[COUNT]` has reached `count`. */
  async counted(count: number): Promise<void> {
    await Promise.race([this.trouble, until(() => Atomics.load(this.signals, COUNT) >= count)]);
  }

  private raise(at: number): void {
    Atomics.store(this.signals, at, 1);
    Atomics.notify(this.signals, at);
  }
}

/** Results of all players, and their threads gone. */
export async function resultsOf<T>(players: readonly Player<T>[]): Promise<T[]> {
  const results = await Promise.all(players.map(({ result }) => result));
  await Promise.all(players.map(({ gone }) => gone));
  return results;
}

/** Looks again and again, a millisecond apart; 50 seconds at the most. */
export async function until(condition: () => boolean): Promise<void> {
  for (let k = 0; k < 50_000 && !condition(); k++) await pause(1);
  if (!condition()) throw new Error('what was waited for has not happened');
}

/** So many milliseconds, at the least. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The audit's verdict, with nothing held anywhere. */
export function expectAllHome(pool: FramePool): void {
  const audit: AuditReport = pool.audit();
  expect(audit.problems).toEqual([]);
  expect(audit).toMatchObject({ ok: true, held: 0, inFlight: 0, inLanes: 0, unaccounted: 0 });
  expect(audit.free + audit.cached).toBe(audit.slots);
}

/** A seed: the one in FRAMESLAB_SEED, or a new one. Print it, or name it in the expectation. */
export function seedOfRun(): number {
  const given = process.env['FRAMESLAB_SEED'];
  if (given === undefined || given === '') return 1 + Math.floor(Math.random() * 0x7fff_fffe);
  const seed = Number(given);
  if (!Number.isInteger(seed)) throw new Error(`FRAMESLAB_SEED must be an integer, got ${given}`);
  return seed;
}

/** The error that `action` throws; `undefined` if it throws none. */
export function faultOf(action: () => unknown): { readonly code?: string } | undefined {
  try {
    action();
    return undefined;
  } catch (fault) {
    return fault as { readonly code?: string };
  }
}
