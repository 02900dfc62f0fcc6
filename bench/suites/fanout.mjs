/** One frame to 1, 2 and 4 threads at once: what a frame costs the sender, back-pressure included. */
import { MessageChannel } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { measureAcrossThreads } from '../lib/across-threads.mjs';
import { startCrew } from '../lib/crew.mjs';
import { figure } from '../lib/table.mjs';

const RECEIVERS = [1, 2, 4];
const SIZE = 64 * 1024;
const CAPACITY = 64;

const WAYS = [
  ['broadcast', 'frameslab broadcast, sendSync + receiveSync'],
  ['index', 'postMessage(index) to each'],
  ['copy', 'postMessage, copied to each'],
];

export const title = 'Fan-out';

export async function run({ effort }) {
  const pool = FramePool.create({
    frameSizeBytes: SIZE,
    frames: 256,
    threadsMax: 6,
    cacheFrames: 32,
    channels: { all: { capacity: CAPACITY, mode: 'broadcast' } },
  });
  const done = new SharedArrayBuffer(64 * 8);
  const lines = Array.from({ length: Math.max(...RECEIVERS) }, () => new MessageChannel());
  const common = { ref: pool.ref, sizeBytes: SIZE, done, window: CAPACITY };
  const ports = lines.map(({ port1 }) => port1);
  const roles = new URL('../roles/fanout.mjs', import.meta.url);
  const crew = await startCrew([
    [roles, 'sender', { ...common, ports }, ports],
    ...lines.map(({ port2 }) => [roles, 'receiver', { ...common, port: port2 }, [port2]]),
  ]);
  const variants = WAYS.flatMap(([way, name]) =>
    RECEIVERS.map((receivers) => ({
      name: `${name}: ${receivers}`,
      countMax: 100_000,
      round: async (count) => (await crew.round({ way, count }, receivers + 1))[0],
    })),
  );
  const rows = await measureAcrossThreads(variants, effort.acrossThreads);
  await crew.end();
  return RECEIVERS.map((receivers, index) => {
    const own = rows.filter((_, k) => k % RECEIVERS.length === index);
    const base = own[0].ns.median;
    return {
      title: `${title} to ${receivers}, frames of 64 KiB, per frame`,
      rows: own.map((row) => ({ ...row, note: `${figure(row.ns.median / base)} × broadcast` })),
    };
  });
}
