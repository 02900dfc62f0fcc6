/** How long one waits for an answer: round trips between two threads, and waking a sleeper. */
import { MessageChannel } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { onlyWanted, withBase } from '../lib/across-threads.mjs';
import { startCrew } from '../lib/crew.mjs';
import { figure, pairedRatio, quantile } from '../lib/stats.mjs';

const ROUNDS = 10;
/** Waking takes a pause each time: fewer of those. */
const WAKES_SHARE = 0.1;
const YARDSTICK = 0;

const GROUPS = [
  {
    title: 'Ping-pong, spinning: a frame there and back',
    ways: [
      ['bareSpin', 'yardstick: Atomics.store, Atomics.load in a loop'],
      ['spin', 'frameslab, integer twins', 'belowMicrosecond'],
    ],
  },
  {
    title: 'Ping-pong by calls that may sleep: a frame there and back',
    note: 'ours look around for a while before they sleep; in the last group everybody is asleep',
    ways: [
      ['bareSleep', 'yardstick: Atomics.wait + notify'],
      ['sleep', 'frameslab, sendSync + receiveSync', 'nearYardstick'],
      ['promise', 'frameslab, await send + await receive'],
      ['message', 'postMessage(index)'],
    ],
  },
  {
    title: 'Waking a thread that sleeps, one way',
    ways: [
      ['bareWake', 'yardstick: Atomics.wait + notify'],
      ['wake', 'frameslab, receiveSync', 'nearYardstick'],
    ],
  },
];

const GOALS = {
  belowMicrosecond: { text: 'p50 ≤ 1 µs', most: 1000, value: (row) => row.p50 },
  nearYardstick: { text: '≤ 1.15 ×', most: 1.15, value: (row) => row.ratio?.median },
};

export const title = 'Latency';

export function groups() {
  return GROUPS.map((group) => ({
    title: group.title,
    note: ['p50, p99, p99.9, each with a clock read of about 60 ns', group.note ?? []]
      .flat()
      .join('; '),
    yardstick: 'yardstick',
    rows: group.ways.map(([, name, goal]) => ({ name, goals: goal ? [GOALS[goal]] : [] })),
  }));
}

export async function run({ effort, wanted }) {
  const pairs = withBase(wanted, YARDSTICK);
  const matches = [];
  for (const [group, row] of pairs) {
    const [way] = GROUPS[group].ways[row];
    matches.push({ group, row, way, crew: await startWay(way), samples: [], medians: [] });
  }
  for (let round = -1; round < ROUNDS; round++) {
    for (const { way, crew, samples, medians } of matches) {
      const share = way.endsWith('ake') ? WAKES_SHARE : 1;
      const count = Math.ceil((effort.pings * share) / ROUNDS);
      const [ping, pong] = await crew.round({ count });
      const times = ping.length > 0 ? ping : pong;
      if (round < 0) continue;
      for (const time of times) samples.push(time);
      medians.push(quantile(times, 0.5));
    }
  }
  for (const { crew } of matches) await crew.end();
  return onlyWanted(
    matches.map((match) => result(match, matches)),
    wanted,
  );
}

function result({ group, row, samples, medians }, matches) {
  const base = matches.find((match) => match.group === group && match.row === YARDSTICK);
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map((q) => quantile(samples, q));
  const text = [p50, p99, p999].map((ns) => `${figure(ns / 1000)} µs`.padStart(10)).join('  ');
  return { group, row, p50, p99, p999, text, ratio: pairedRatio(medians, base.medians) };
}

function startWay(way) {
  const pool = FramePool.create({
    frames: 8,
    threadsMax: 3,
    channels: { there: { capacity: 4 }, back: { capacity: 4 } },
  });
  const words = new SharedArrayBuffer(256 + 1024 * 8);
  const { port1, port2 } = new MessageChannel();
  const roles = new URL('../roles/latency.mjs', import.meta.url);
  const common = { way, ref: pool.ref, words };
  return startCrew([
    [roles, 'ping', { ...common, port: port1 }, [port1]],
    [roles, 'pong', { ...common, port: port2 }, [port2]],
  ]);
}
