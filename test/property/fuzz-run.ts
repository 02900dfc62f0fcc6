/**
 * Runs the fuzzer's cases in a worker. It says in shared memory which case and which call it is at; a
 * case that does not end is a failure, and the worker is ended.
 */
import { Worker } from 'node:worker_threads';
import { afterEach } from 'vitest';
import { BASES } from './fuzz-bases.js';
import { LIBRARY_FILE, Progress, seed } from './run.js';

/** A case of a few milliseconds that is still going after so long hangs, on any machine. */
const HANG_MS = 60_000;
/** What came of the cases of a kind. */
export interface FuzzResult {
  readonly cases: number;
  readonly attached: number;
  readonly noticed: number;
  readonly calls: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

const running = new Set<Worker>();
/** Of this run. */
export const numbers = { cases: 0, attached: 0, calls: 0 };

afterEach(async () => {
  await Promise.all([...running].map((worker) => worker.terminate()));
  running.clear();
});

/** Runs the cases of a kind in a worker that may hang. */
export async function fuzzed(
  kind: string,
  cases: number,
  library = LIBRARY_FILE,
): Promise<FuzzResult> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const name = new Uint8Array(new SharedArrayBuffer(64));
  const worker = new Worker(new URL('./fuzz-worker.mjs', import.meta.url), {
    workerData: { library, bases: BASES, kind, seed, to: cases, progress, name },
  });
  running.add(worker);
  const lines = new Progress();
  let seen = 0;
  let since = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_resolve, reject) => {
    timer = setInterval(() => {
      const at = Atomics.load(progress, 0);
      lines.at(() => `${kind}: ${at} of ${cases} cases`);
      if (at !== seen) [seen, since] = [at, performance.now()];
      if (performance.now() - since < HANG_MS) return;
      const call = Buffer.from(name).toString('latin1').replaceAll('\0', '');
      reject(new Error(`${kind}, seed ${seed}: case ${at - 1} hangs in ${call}`));
    }, 500);
  });
  const done = new Promise<FuzzResult>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the fuzzer ended early, with ${code}`)));
  });
  try {
    const result = await Promise.race([done, hang]);
    numbers.cases += result.cases;
    numbers.attached += result.attached;
    numbers.calls += result.calls;
    return result;
  } finally {
    clearInterval(timer);
  }
}
