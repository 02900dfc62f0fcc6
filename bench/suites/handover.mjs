/**
 * From a producer's thread to a consumer's, end to end: take a frame, write its length and its
 * number, hand it over, read the number there, give the frame back. Both threads stay warm: they
 * spin, or run their event loops where the way of handing over needs them.
 */
import { MessageChannel } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { RingBuffer } from 'ringbuf.js';
import { measureAcrossThreads, onlyWanted, withBase } from '../lib/across-threads.mjs';
import { startCrew } from '../lib/crew.mjs';
import { fasterThan, nanosecondsAtMost } from '../lib/goals.mjs';
import { sumUpTo } from '../roles/handover.mjs';

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const SIZES = [KIB, 64 * KIB, MIB, 16 * MIB];
const CAPACITY = 64;
const FRAMES = 64;
const CACHE_FRAMES = 32;
const IN_FLIGHT_BYTES_MAX = 64 * MIB;
/** What a round may allocate in ways that allocate for each frame. */
const ROUND_BYTES_MAX = 1024 * MIB;
const BATCH = 32;

const INDEX = 'postMessage(index)';
const TRANSFER = 'postMessage, transferred there and back';
const COPY = 'postMessage, copied';

/**
 * `needs` says what the threads are given: a pool, memory with rings of indices, a ring, a port.
 */
const WAYS = [
  { way: 'handles', name: 'frameslab, integer twins', needs: ['pool'] },
  { way: 'frames', name: 'frameslab, Frame objects', needs: ['pool'] },
  { way: 'batches', name: `frameslab, batches of ${BATCH}`, needs: ['pool'] },
  { way: 'ringbuf', name: 'ringbuf.js, indices there and back', needs: ['memory', 'indices'] },
  { way: 'ringbufCopy', name: 'ringbuf.js, bytes copied in and out', needs: ['bytes'] },
  { way: 'index', name: INDEX, needs: ['memory', 'port'] },
  { way: 'transfer', name: TRANSFER, needs: ['port'], bounded: true },
  { way: 'fresh', name: 'postMessage(new SharedArrayBuffer)', needs: ['port'], bounded: true },
  { way: 'copy', name: COPY, needs: ['port'], bounded: true },
];
const TWINS = 0;

export const title = 'Producer → consumer, end to end, per frame';

export function groups() {
  return SIZES.map((size) => ({
    title: `${title}, frames of ${size < MIB ? `${size / KIB} KiB` : `${size / MIB} MiB`}`,
    note: `cacheFrames: ${CACHE_FRAMES} (given explicitly), ${FRAMES} frames, capacity ${CAPACITY}`,
    yardstick: 'integer twins',
    rows: WAYS.map(({ name }, k) => ({ name, goals: k === TWINS ? goalsAt(size) : [] })),
  }));
}

function goalsAt(size) {
  const flat = {
    text: '≤ 1.1 × its cost at 1 KiB',
    most: 1.1,
    value: (row, _, [smallest]) => row.ns.median / smallest.get(row.name)?.ns.median,
  };
  return [
    nanosecondsAtMost(60),
    ...(size > SIZES[0] ? [flat] : []),
    fasterThan(INDEX, 15),
    fasterThan(TRANSFER, 60, 'transferred'),
    ...(size >= MIB ? [fasterThan(COPY, 1000, 'copied')] : []),
  ];
}

export async function run({ effort, wanted }) {
  const pairs = withBase(wanted, TWINS);
  const crews = new Map();
  for (const row of new Set(pairs.map(([, r]) => r))) crews.set(row, await startWay(WAYS[row]));
  const variants = pairs.map(([group, row]) => ({
    group,
    row,
    countMax: WAYS[row].bounded ? Math.max(8, ROUND_BYTES_MAX / SIZES[group]) : undefined,
    round: (count) => round(crews.get(row), WAYS[row].way, group, count),
  }));
  const results = await measureAcrossThreads(variants, effort.acrossThreads, TWINS);
  for (const crew of crews.values()) await crew.end();
  return onlyWanted(results, wanted);
}

function startWay({ needs, way }) {
  const lines = SIZES.map((size) => makeLine(size, needs));
  const roles = new URL('../roles/handover.mjs', import.meta.url);
  const side = (end) => {
    const setup = lines.map((line) => line[end]);
    return { setup: { way, lines: setup }, ports: setup.flatMap(({ port }) => port ?? []) };
  };
  const [producer, consumer] = [side(0), side(1)];
  return startCrew([
    [roles, 'producer', producer.setup, producer.ports],
    [roles, 'consumer', consumer.setup, consumer.ports],
  ]);
}

async function round(crew, way, line, count) {
  const whole = way === 'batches' ? Math.ceil(count / BATCH) * BATCH : count;
  const [, consumer] = await crew.round({ line, count: whole });
  if (consumer.sum !== sumUpTo(whole)) {
    throw new Error(`${way}: the consumer found ${consumer.sum}, not ${sumUpTo(whole)}`);
  }
  return consumer.ns;
}

/** What both sides need for one frame size. */
function makeLine(sizeBytes, needs) {
  const window = Math.max(4, Math.min(FRAMES, IN_FLIGHT_BYTES_MAX / sizeBytes));
  const common = { sizeBytes, window, done: new SharedArrayBuffer(64) };
  const makers = {
    pool: () => ({ ref: makePool(sizeBytes).ref }),
    memory: () => ({ memory: new SharedArrayBuffer(FRAMES * sizeBytes) }),
    indices: () => ({ indices: makeIndices() }),
    bytes: () => ({
      bytes: RingBuffer.getStorageForCapacity(sizeBytes * Math.min(4, window), Uint8Array),
    }),
  };
  for (const need of needs) Object.assign(common, makers[need]?.());
  if (!needs.includes('port')) return [common, common];
  const { port1, port2 } = new MessageChannel();
  return [
    { ...common, port: port1 },
    { ...common, port: port2 },
  ];
}

function makePool(frameSizeBytes) {
  return FramePool.create({
    frameSizeBytes,
    frames: FRAMES,
    threadsMax: 3,
    cacheFrames: CACHE_FRAMES,
    channels: { line: { capacity: CAPACITY } },
  });
}

function makeIndices() {
  const ring = (ints) => RingBuffer.getStorageForCapacity(ints, Uint32Array);
  const rings = { full: ring(CAPACITY), empty: ring(FRAMES) };
  const indices = Uint32Array.from({ length: FRAMES }, (_, k) => k);
  new RingBuffer(rings.empty, Uint32Array).push(indices);
  return rings;
}
