/**
 * Starts the threads whose calls are recorded, and reads the histories that they wrote.
 */
import { Worker } from 'node:worker_threads';
import type { FramePool } from 'frameslab';
import type { Operation } from './linearizability.js';

/** Who does what; thread k plays `roles[k]`. */
export interface Cast {
  readonly roles: readonly ('acquirer' | 'messenger' | 'producer' | 'consumer')[];
  readonly rounds: number;
  /** Calls of each thread in a round. */
  readonly calls: number;
  readonly seed: number;
  /** The build that they load. */
  readonly library: string;
}

/** What the threads wrote in one round. */
export interface History {
  readonly operations: readonly Operation[];
  /** A handle that thread 0 held at the beginning, and its messages in flight (messengers only). */
  readonly handle: number;
  readonly flights: number;
}

const NAMES = ['', 'acquire', 'release', 'share', 'transfer', 'adopt', 'send', 'receive'];
const RECORD = 5;

const shared = (ints: number): Int32Array<SharedArrayBuffer> =>
  new Int32Array(new SharedArrayBuffer(ints * 4));

/** What was recorded, and what a thread threw, if one did: then the last rounds are missing. */
export interface Recording {
  readonly histories: readonly History[];
  readonly fault?: unknown;
}

/** Plays all rounds, and ends the threads whatever happens. */
export async function recorded(pool: FramePool, cast: Cast): Promise<Recording> {
  const { roles, rounds, calls, seed, library } = cast;
  const control = shared(80);
  const initial = shared(rounds * 2);
  const logs = roles.map(() => shared(rounds * calls * RECORD));
  const workers = roles.map((role, me) => {
    const { ref } = pool;
    const log = logs[me];
    const threads = roles.length;
    return new Worker(new URL('./history-worker.mjs', import.meta.url), {
      workerData: { library, ref, threads, me, role, rounds, calls, seed, control, log, initial },
    });
  });
  let fault: unknown;
  try {
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            worker.once('error', reject);
            worker.once('exit', (code) => {
              if (code === 0) resolve();
              else reject(new Error(`a recorded thread ended with ${code}`));
            });
          }),
      ),
    );
  } catch (thrown) {
    fault = thrown;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  const whole = (round: number): boolean =>
    logs.every((log) => log[((round + 1) * calls - 1) * RECORD] !== 0);
  const histories = [...Array(rounds).keys()].filter(whole).map((round) => ({
    operations: logs.flatMap((log, thread) => callsOf(log, thread, round * calls, calls)),
    handle: initial[round * 2],
    flights: initial[round * 2 + 1],
  }));
  if (fault === undefined && histories.length < rounds) fault = new Error('rounds are missing');
  return { histories, fault };
}

function callsOf(log: Int32Array, thread: number, from: number, count: number): Operation[] {
  return Array.from({ length: count }, (_, k) => {
    const record = log.subarray((from + k) * RECORD, (from + k + 1) * RECORD);
    const [name, argument, result, called, returned] = record;
    return { thread, name: NAMES[name], argument, result, called, returned };
  });
}
