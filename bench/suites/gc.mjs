/**
 * What the garbage collector does to a live pipeline: video and audio for ten seconds, in time and
 * as fast as possible, through the pool and through what one would take instead. Each row is a
 * process of its own.
 */
import os from 'node:os';
import { MessageChannel } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { startCrew } from '../lib/crew.mjs';
import { addPauses } from '../lib/pauses.mjs';
import { figure, quantile } from '../lib/stats.mjs';

const MIB = 2 ** 20;
/** V8 does not see how much memory a `SharedArrayBuffer` holds, and collects them too late. */
const RSS_BYTES_MAX = 4096 * MIB;

/** `intervalMs: 0` is as fast as possible. `window`: so many frames exist or may be under way. */
const SCENES = [
  {
    title: '1080p video, frames of 8 MiB, 60 a second',
    sizeBytes: 8 * MIB,
    stride: 4096,
    streams: 1,
    intervalMs: 1000 / 60,
    window: 8,
  },
  {
    title: '1080p video, frames of 8 MiB, as fast as possible',
    sizeBytes: 8 * MIB,
    stride: 4096,
    streams: 1,
    intervalMs: 0,
    window: 8,
  },
  {
    title: '500 streams of audio, 20 ms each (3,840 bytes), 25,000 frames a second',
    sizeBytes: 3840,
    stride: 64,
    streams: 500,
    intervalMs: 20,
    window: 1024,
  },
];

const WAYS = [
  ['integers', 'frameslab, integers'],
  ['frames', 'frameslab, Frame objects'],
  ['transfer', 'postMessage, transferred there and back'],
  ['fresh', 'postMessage(new SharedArrayBuffer)'],
  ['copy', 'postMessage, copied'],
];

export const title = 'Live, with the collector';
export const passes = () => 1;

export function groups() {
  return SCENES.map((scene) => ({
    title: `${title}: ${scene.title}`,
    note:
      scene.intervalMs > 0
        ? `delays after a frame was due; late: by ${figure(scene.intervalMs)} ms or more`
        : 'gaps between frames at the consumer',
    rows: WAYS.map(([, name]) => ({ name })),
  }));
}

export async function run({ effort, wanted }) {
  const results = [];
  for (const [group, row] of wanted) {
    results.push({ group, row, ...(await play(SCENES[group], WAYS[row][0], effort.liveMs)) });
  }
  return results;
}

async function play(scene, way, ms) {
  const { port1, port2 } = new MessageChannel();
  const common = {
    ...scene,
    way,
    ms,
    ref: way === 'integers' || way === 'frames' ? makePool(scene).ref : undefined,
    done: new SharedArrayBuffer(64),
    clock: new SharedArrayBuffer(64),
    rssBytesMax: Math.min(RSS_BYTES_MAX, os.freemem() / 2),
  };
  const roles = new URL('../roles/live.mjs', import.meta.url);
  const crew = await startCrew([
    [roles, 'producer', { ...common, port: port1 }, [port1]],
    [roles, 'consumer', { ...common, port: port2 }, [port2]],
  ]);
  const [producer, consumer] = await crew.round({});
  await crew.end();
  if (consumer.times.length !== producer.frames) {
    throw new Error(`${way}: ${producer.frames} frames sent, ${consumer.times.length} seen`);
  }
  return report(scene, producer, consumer);
}

function makePool({ sizeBytes, window }) {
  return FramePool.create({
    frameSizeBytes: sizeBytes,
    frames: window,
    threadsMax: 3,
    preallocateBytes: sizeBytes * window,
    channels: { live: { capacity: window } },
  });
}

function report({ intervalMs }, producer, consumer) {
  const { frames, ms, swollen } = producer;
  const paced = intervalMs > 0;
  const all = paced ? consumer.times : gapsOf(consumer.times);
  const times = all.slice(Math.floor(all.length / 10)); // the first tenth warmed up
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => quantile(times, q));
  const late = paced ? times.filter((time) => time >= intervalMs).length : undefined;
  const pauses = addPauses([producer.pauses, consumer.pauses]);
  const rssMiB = process.resourceUsage().maxRSS / 1024;
  const framesPerSecond = frames / (ms / 1000);
  const text = [
    paced
      ? `late ${late} of ${times.length}`.padEnd(20)
      : `${figure(framesPerSecond)} frames/s`.padEnd(20),
    `p50 ${figure(p50)}, p99 ${figure(p99)}, max ${figure(max)} ms`.padEnd(36),
    describePauses(pauses),
  ].join('  ');
  const delays = { p50Ms: p50, p99Ms: p99, maxMs: max };
  const stopped = swollen ? `, stopped after ${figure(ms / 1000)} s: memory grew and grew` : '';
  const note = `peak memory ${figure(rssMiB)} MiB${stopped}`;
  return { frames, framesPerSecond, late, ...delays, pauses, rssMiB, swollen, text, note };
}

function describePauses(pauses) {
  if (pauses === undefined) return 'pauses are not reported by this runtime';
  const { count, totalMs, longestMs } = pauses;
  const pausesWord = count === 1 ? 'pause' : 'pauses';
  return `${count} ${pausesWord}, ${figure(totalMs)} ms, longest ${figure(longestMs)} ms`.padEnd(
    38,
  );
}

function gapsOf(times) {
  return times.slice(1).map((time, k) => time - times[k]);
}
