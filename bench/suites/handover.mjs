/**
 * From a producer's thread to a consumer's, end to end: take a frame, write its length and its number,
 * hand it over, read the number there, give the frame back. Both threads stay warm: they spin, or run
 * their event loops where the way of handing over needs them.
 */
import { MessageChannel } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { RingBuffer } from 'ringbuf.js';
import { measureAcrossThreads } from '../lib/across-threads.mjs';
import { startCrew } from '../lib/crew.mjs';
import { figure } from '../lib/table.mjs';
import { sumUpTo } from '../roles/handover.mjs';

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const SIZES = [KIB, 64 * KIB, MIB, 16 * MIB];
const CAPACITY = 64;
const FRAMES = 64;
const CACHE_FRAMES = 32;
const IN_FLIGHT_BYTES_MAX = 64 * MIB;
const BATCH = 32;

const WAYS = [
  ['handles', 'frameslab, integer twins', { ns: 60 }],
  ['frames', 'frameslab, Frame objects'],
  ['batches', `frameslab, batches of ${BATCH}`],
  ['ringbuf', 'ringbuf.js, indices there and back'],
  ['ringbufCopy', 'ringbuf.js, bytes copied in and out'],
  ['index', 'postMessage(index)'],
  ['transfer', 'postMessage, transferred there and back'],
  ['copy', 'postMessage, copied'],
];

export const title = 'Producer → consumer, end to end, per frame';

export async function run({ effort }) {
  const lines = SIZES.map(makeLine);
  const roles = new URL('../roles/handover.mjs', import.meta.url);
  const crew = await startCrew([
    [roles, 'producer', lines.map(([producer]) => producer), lines.map(([p]) => p.port)],
    [roles, 'consumer', lines.map(([, consumer]) => consumer), lines.map(([, c]) => c.port)],
  ]);
  const variants = SIZES.flatMap((size, line) =>
    WAYS.map(([way, name, target]) => ({
      name,
      target,
      size,
      way,
      yardstick: false,
      countMax: way.startsWith('ringbufC') || way === 'copy' ? undefined : 200_000,
      round: (count) => round(crew, way, line, count),
    })),
  );
  const rows = await measureAcrossThreads(variants, effort.acrossThreads);
  await crew.end();
  return SIZES.map((size, line) =>
    group(size, rows.slice(line * WAYS.length).slice(0, WAYS.length)),
  );
}

async function round(crew, variant, line, count) {
  const whole = variant === 'batches' ? Math.ceil(count / BATCH) * BATCH : count;
  const [, consumer] = await crew.round({ variant, line, count: whole });
  if (consumer.sum !== sumUpTo(whole)) {
    throw new Error(`${variant}: the consumer found ${consumer.sum}, not ${sumUpTo(whole)}`);
  }
  return consumer.ns;
}

function group(size, rows) {
  const base = rows[0].ns.median;
  return {
    title: `${title}, frames of ${size < MIB ? `${size / KIB} KiB` : `${size / MIB} MiB`}`,
    note: `cacheFrames: ${CACHE_FRAMES} (given explicitly), ${FRAMES} frames, capacity ${CAPACITY}`,
    rows: rows.map((row) => ({ ...row, note: `${figure(row.ns.median / base)} × integer twins` })),
  };
}

/** What both sides need for one frame size: the slab, and what the rivals use instead. */
function makeLine(sizeBytes) {
  const pool = FramePool.create({
    frameSizeBytes: sizeBytes,
    frames: FRAMES,
    threadsMax: 3,
    cacheFrames: CACHE_FRAMES,
    channels: { line: { capacity: CAPACITY } },
  });
  const window = Math.max(4, Math.min(FRAMES, IN_FLIGHT_BYTES_MAX / sizeBytes));
  const ring = (ints) => RingBuffer.getStorageForCapacity(ints, Uint32Array);
  const ringBuffers = {
    full: ring(CAPACITY),
    empty: ring(FRAMES),
    bytes: RingBuffer.getStorageForCapacity(sizeBytes * Math.min(4, window), Uint8Array),
  };
  new RingBuffer(ringBuffers.empty, Uint32Array).push(
    Uint32Array.from({ length: FRAMES }, (_, k) => k),
  );
  const { port1, port2 } = new MessageChannel();
  const shared = {
    ref: pool.ref,
    sizeBytes,
    ringBuffers,
    memory: new SharedArrayBuffer(FRAMES * sizeBytes),
    done: new SharedArrayBuffer(64),
    window,
  };
  return [
    { ...shared, port: port1 },
    { ...shared, port: port2 },
  ];
}
