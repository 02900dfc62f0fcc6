/**
 * One frame to 1, 2 and 4 threads at once: what a frame costs the sender, back-pressure included.
 */
import { MessageChannel } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { measureAcrossThreads, onlyWanted, withBase } from '../lib/across-threads.mjs';
import { startCrew } from '../lib/crew.mjs';

const RECEIVERS = [1, 2, 4];
const SIZE = 64 * 1024;
const CAPACITY = 64;
const BROADCAST = 0;

const WAYS = [
  ['broadcast', 'frameslab broadcast, sendSync + receiveSync'],
  ['index', 'postMessage(index) to each'],
  ['copy', 'postMessage, copied to each'],
];

export const title = 'Fan-out';

export function groups() {
  return RECEIVERS.map((receivers) => ({
    title: `${title} to ${receivers}, frames of 64 KiB, per frame`,
    yardstick: 'broadcast',
    rows: WAYS.map(([, name]) => ({ name })),
  }));
}

export async function run({ effort, wanted }) {
  const pairs = withBase(wanted, BROADCAST);
  const crews = new Map();
  for (const row of new Set(pairs.map(([, r]) => r))) crews.set(row, await startWay(WAYS[row][0]));
  const variants = pairs.map(([group, row]) => ({
    group,
    row,
    countMax: 100_000,
    round: async (count) => (await crews.get(row).round({ count }, RECEIVERS[group] + 1))[0],
  }));
  const results = await measureAcrossThreads(variants, effort.acrossThreads, BROADCAST);
  for (const crew of crews.values()) await crew.end();
  return onlyWanted(results, wanted);
}

function startWay(way) {
  const pool = FramePool.create({
    frameSizeBytes: SIZE,
    frames: 256,
    threadsMax: 6,
    cacheFrames: 32,
    channels: { all: { capacity: CAPACITY, mode: 'broadcast' } },
  });
  const done = new SharedArrayBuffer(64 * 8);
  const lines = Array.from({ length: Math.max(...RECEIVERS) }, () => new MessageChannel());
  const common = { way, ref: pool.ref, sizeBytes: SIZE, done, window: CAPACITY };
  const ports = lines.map(({ port1 }) => port1);
  const roles = new URL('../roles/fanout.mjs', import.meta.url);
  return startCrew([
    [roles, 'sender', { ...common, ports }, ports],
    ...lines.map(({ port2 }) => [roles, 'receiver', { ...common, port: port2 }, [port2]]),
  ]);
}
