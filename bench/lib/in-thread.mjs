/**
 * Times work inside one thread, down to a nanosecond an operation.
 *
 * tinybench takes the samples. It reads the clock (about 60 ns) around every call of a task, so a task
 * is never one operation but a batch of about half a millisecond, and a sample is divided by the
 * operations in it. Three things are added around it:
 *
 *   warm-up   whole rounds that are thrown away: V8 must have optimised the batch function itself,
 *             not only the library's methods
 *   rounds    the tasks run in turns, round after round, so that a busy minute hits all of them
 *   ratios    each round's sample is divided by the yardstick's sample of the same round
 *
 * A workload is `{ name, run(count), per }`: `run` does `count` iterations of `per` operations.
 */
import { Bench } from 'tinybench';
import { median, pairedRatio, spread } from './stats.mjs';

const BATCH_MS = 0.5;
const COUNT_MAX = 1 << 22;

/** Answers one result per workload; `ratio` is to the workload with `yardstick: true`, if any. */
export function measureInThread(workloads, { rounds, batches, warmups }) {
  const bench = new Bench({
    warmup: false,
    time: 0,
    iterations: batches,
    retainSamples: true,
    throws: true,
  });
  const tasks = workloads.map((workload) => prepare(bench, workload));
  for (let round = -warmups; round < rounds; round++) {
    for (const task of tasks) {
      const sample = sampleOf(task);
      if (round >= 0) task.samples.push(sample);
      else task.count = countFor(task, sample);
    }
  }
  const yardstick = tasks.find((task) => task.workload.yardstick === true)?.samples;
  return tasks.map(({ workload, samples }) => ({
    name: workload.name,
    ns: spread(samples),
    ratio: yardstick === undefined ? undefined : pairedRatio(samples, yardstick),
    target: workload.target,
    note: workload.note,
  }));
}

function prepare(bench, workload) {
  const task = { workload, count: 1, samples: [], timed: undefined };
  bench.add(workload.name, () => workload.run(task.count));
  task.timed = bench.tasks.at(-1);
  return task;
}

/** Nanoseconds per operation: the median of one round's batches. */
function sampleOf({ timed, workload, count }) {
  timed.reset();
  timed.runSync();
  const { latency } = timed.result;
  return (median(latency.samples) * 1e6) / (count * (workload.per ?? 1));
}

/** So many iterations that a batch lasts as long as it should. */
function countFor({ workload }, nsPerOperation) {
  const wanted = (BATCH_MS * 1e6) / (nsPerOperation * (workload.per ?? 1));
  return Math.max(1, Math.min(COUNT_MAX, Math.round(wanted)));
}
