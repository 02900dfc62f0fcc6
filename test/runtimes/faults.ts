/**
 * What does not run where, and why. Each entry names a fault, the version in which it was seen, the
 * tests that cannot hold because of it, and a probe that answers true while the fault is there: when a
 * runtime gets it right, faults.test.ts fails and says that the entry can go.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { type RuntimeName, runtimeHere } from './here.js';

/** What a runtime gets wrong. */
export interface Fault {
  readonly id: string;
  readonly runtime: RuntimeName;
  /** The version in which it was seen last. */
  readonly seen: string;
  /** In one sentence. */
  readonly what: string;
  /** The tests that cannot hold: a file, or those in it whose full name matches. */
  readonly tests: readonly (readonly [file: string, name?: RegExp])[];
  /** True while the fault is there. */
  probe(): Promise<boolean>;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A worker that runs `source`, with `cells` as its shared memory. */
function start(source: string, cells: Int32Array, options: WorkerOptions = {}): Worker {
  const code = `const { workerData: cells, parentPort } = require('node:worker_threads'); ${source}`;
  const worker = new Worker(code, { ...options, eval: true, workerData: cells });
  worker.on('error', () => undefined);
  return worker;
}

const cellsOf = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * count));

async function until(condition: () => boolean): Promise<void> {
  for (let k = 0; k < 10_000 && !condition(); k++) await pause(1);
  if (!condition()) throw new Error('the probe’s worker did not begin');
}

/** True if a thread goes on after its `exit` event. It ends itself as soon as that has been seen. */
async function runsAfterExit(): Promise<boolean> {
  const cells = cellsOf(2);
  const loop = 'while (Atomics.load(cells, 1) === 0 && Atomics.add(cells, 0, 1) < 1e9);';
  const worker = start(loop, cells);
  await until(() => Atomics.load(cells, 0) > 0);
  const exit = once(worker, 'exit');
  void worker.terminate();
  await exit;
  await pause(50);
  const then = Atomics.load(cells, 0);
  await pause(200);
  const now = Atomics.load(cells, 0);
  Atomics.store(cells, 1, 1);
  return now !== then;
}

async function keepsItsNumber(): Promise<boolean> {
  const worker = start('', cellsOf(1));
  await once(worker, 'exit');
  return worker.threadId !== -1;
}

async function takesNoModule(): Promise<boolean> {
  const args = ['--input-type=module', '--eval', 'console.log(await 1)'];
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout !== '1\n';
}

async function ignoresItsLimits(): Promise<boolean> {
  const hoard = `const hoard = [];
    for (let k = 0; k < 40; k++) hoard.push(Array.from({ length: 2e5 }, () => ({})));
    parentPort.postMessage(hoard.length);`;
  const limits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 };
  const worker = start(hoard, cellsOf(1), { resourceLimits: limits });
  const survived = await Promise.race([
    once(worker, 'message').then(() => true),
    once(worker, 'exit').then(() => false),
  ]);
  await worker.terminate();
  return survived;
}

/** All that is known. */
export const faults: readonly Fault[] = [
  {
    id: 'deno-exit-too-early',
    runtime: 'deno',
    seen: '2.9.6',
    what: 'terminate() reports exit at once, the thread may go on, and so watch leaves it alone',
    tests: [
      ['test/workers/killed.test.ts'],
      ['test/workers/survival.test.ts'],
      ['test/kill/long.test.ts'],
      [
        'test/workers/deaths.test.ts',
        /is terminated|in several pools|resource limits|by two threads|own child|an exit event/,
      ],
      ['test/workers/moments.test.ts', /a seat >|a slot is not lost|\(watched\)/],
      [
        'test/workers/reclaim.test.ts',
        /guard poison|guard verify|as often as one dies|a message >|stay deliverable|hand-over/,
      ],
      ['test/workers/trace.test.ts', /shows messages with their sender/],
      ['test/unit/events.test.ts', /is told by the thread that gave back/],
    ],
    probe: runsAfterExit,
  },
  {
    id: 'deno-thread-id',
    runtime: 'deno',
    seen: '2.9.6',
    what: 'a worker that has ended keeps its threadId, so it cannot be told from a living one',
    tests: [['test/workers/deaths.test.ts', /refuses a worker that has ended/]],
    probe: keepsItsNumber,
  },
  {
    id: 'deno-eval',
    runtime: 'deno',
    seen: '2.9.6',
    what: 'a child process does not take a module from --eval, so programs given that way do not start',
    tests: [
      [
        'test/unit/events.test.ts',
        /whatever a listener throws|nothing is published|a collected|that ends with|another copy/,
      ],
      ['test/unit/surroundings.test.ts', /a process >/],
    ],
    probe: takesNoModule,
  },
  {
    id: 'bun-resource-limits',
    runtime: 'bun',
    seen: '1.4.5',
    what: 'resourceLimits of a worker are ignored, so it never dies of them',
    tests: [['test/workers/deaths.test.ts', /exceeds its resource limits/]],
    probe: ignoresItsLimits,
  },
];

/** The fault of this runtime that forbids a test, if there is one. */
export function faultOf(file: string, name: string): Fault | undefined {
  return faults.find(
    ({ runtime, tests }) =>
      runtime === runtimeHere &&
      tests.some(([where, which]) => file === where && (which?.test(name) ?? true)),
  );
}
