/**
 * Times work inside one thread, down to a nanosecond an operation.
 *
 * tinybench takes the samples. It reads the clock (about 60 ns) around every call of a task, so a
 * task is never one operation but a batch of about half a millisecond, and a sample is divided by
 * the operations in it. Three things are added around it:
 *
 *   warm-up   whole rounds that are thrown away: V8 must have optimised the batch function itself,
 *             not only the library's methods
 *   rounds    the tasks run in turns, round after round, so that a busy minute hits all of them
 *   yardstick each round also samples one `Atomics.add`: ratios of one round are free of drift
 *
 * A row is `{ name, per, goals, make }`: `make()` builds what it needs and answers `run(count)`,
 * which does `count` iterations of `per` operations. What nobody asked for is never built.
 */
import { Bench } from 'tinybench';
import { median } from './stats.mjs';

const BATCH_MS = 0.5;
const COUNT_MAX = 1 << 22;

/** Measures the rows that `wanted` names; answers their samples and the yardstick's, by round. */
export function measureInThread(groups, wanted, { rounds, batches, warmups }) {
  const bench = new Bench({
    warmup: false,
    time: 0,
    iterations: batches,
    retainSamples: true,
    throws: true,
  });
  const yardstick = prepare(bench, { name: 'yardstick', make: atomicAdd });
  const tasks = wanted.map(([group, row]) => ({
    ...prepare(bench, groups[group].rows[row]),
    at: { group, row },
  }));
  for (let round = -warmups; round < rounds; round++) {
    for (const task of [yardstick, ...tasks]) {
      const sample = sampleOf(task);
      if (round >= 0) task.samples.push(sample);
      else task.work.count = countFor(task, sample);
    }
  }
  return tasks.map(({ at, samples }) => ({ ...at, samples, yardstick: yardstick.samples }));
}

function atomicAdd() {
  const word = new Int32Array(new SharedArrayBuffer(64));
  return (count) => {
    for (let k = 0; k < count; k++) Atomics.add(word, 0, 1);
  };
}

function prepare(bench, { name, per = 1, make }) {
  const work = { count: 1 };
  const run = make();
  bench.add(`${bench.tasks.length} ${name}`, () => run(work.count));
  return { work, per, samples: [], timed: bench.tasks.at(-1) };
}

/** Nanoseconds per operation: the median of one round's batches. */
function sampleOf({ timed, per, work }) {
  timed.reset();
  timed.runSync();
  const { latency } = timed.result;
  return (median(latency.samples) * 1e6) / (work.count * per);
}

/** So many iterations that a batch lasts as long as it should. */
function countFor({ per }, nsPerOperation) {
  const wanted = (BATCH_MS * 1e6) / (nsPerOperation * per);
  return Math.max(1, Math.min(COUNT_MAX, Math.round(wanted)));
}
