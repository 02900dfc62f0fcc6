/** How long one waits for an answer: round trips between two threads, and waking a sleeper. */
import { MessageChannel } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { startCrew } from '../lib/crew.mjs';
import { quantile } from '../lib/stats.mjs';
import { figure } from '../lib/table.mjs';

const ROUNDS = 10;
/** Waking takes a pause each time: fewer of those. */
const WAKES_SHARE = 0.1;

const GROUPS = [
  {
    title: 'Ping-pong, spinning: a frame there and back',
    ways: [
      ['bareSpin', 'yardstick: Atomics.store, Atomics.load in a loop'],
      ['spin', 'frameslab, trySendHandle + tryReceiveHandle', { p50Ns: 1000 }],
    ],
  },
  {
    title: 'Ping-pong, sleeping: a frame there and back',
    ways: [
      ['bareSleep', 'yardstick: Atomics.wait + notify'],
      ['sleep', 'frameslab, sendSync + receiveSync', { p50Ratio: 1.15 }],
      ['promise', 'frameslab, await send + await receive'],
      ['message', 'postMessage(index)'],
    ],
  },
  {
    title: 'Waking a thread that sleeps, one way',
    ways: [
      ['bareWake', 'yardstick: Atomics.wait + notify'],
      ['wake', 'frameslab, receiveSync'],
    ],
  },
];

export const title = 'Latency';

export async function run({ effort }) {
  const pool = FramePool.create({
    frames: 8,
    threadsMax: 3,
    channels: { there: { capacity: 4 }, back: { capacity: 4 } },
  });
  const words = new SharedArrayBuffer(512);
  const { port1, port2 } = new MessageChannel();
  const roles = new URL('../roles/latency.mjs', import.meta.url);
  const crew = await startCrew([
    [roles, 'ping', { ref: pool.ref, words, port: port1 }, [port1]],
    [roles, 'pong', { ref: pool.ref, words, port: port2 }, [port2]],
  ]);
  const samples = new Map();
  for (let round = -1; round < ROUNDS; round++) {
    for (const [way] of GROUPS.flatMap(({ ways }) => ways)) {
      const share = way.endsWith('ake') ? WAKES_SHARE : 1;
      const count = Math.ceil((effort.pings * share) / ROUNDS);
      const [ping, pong] = await crew.round({ way, count });
      const times = ping.length > 0 ? ping : pong;
      if (round >= 0) samples.set(way, [...(samples.get(way) ?? []), ...times]);
    }
  }
  await crew.end();
  return GROUPS.map((group) => results(group, samples));
}

function results({ title: name, ways }, samples) {
  const base = quantile(samples.get(ways[0][0]), 0.5);
  const rows = ways.map(([way, label, target]) => {
    const [p50, p99, p999] = [0.5, 0.99, 0.999].map((q) => quantile(samples.get(way), q));
    const text = [
      ...[p50, p99, p999].map((ns) => `${figure(ns / 1000)} µs`.padStart(10)),
      `${figure(p50 / base)} × yardstick`.padStart(18),
      verdict(target, p50, base),
    ].join('  ');
    return { name: label, p50, p99, p999, ratio: { median: p50 / base }, text };
  });
  return { title: name, note: 'p50, p99, p99.9; each includes a clock read of about 60 ns', rows };
}

function verdict(target, p50, base) {
  if (target === undefined) return '';
  const { p50Ns, p50Ratio } = target;
  if (p50Ns !== undefined) return `goal below 1 µs: ${p50 < p50Ns ? 'met' : 'MISSED'}`;
  return `goal ${p50Ratio} ×: ${p50 / base <= p50Ratio ? 'met' : 'MISSED'}`;
}
