/** The same work in pools from 16 slots to a million, empty and almost exhausted. */
import { FramePool } from 'frameslab';
import { measureInThread } from '../lib/in-thread.mjs';

const FRAMES = [16, 256, 4096, 65_536, 1_000_000];
const FULL = 0.99;
const CACHE_FRAMES = 4;
/** Beyond the cache, so that each turn refills and spills. */
const HELD = 16;
const word = new Int32Array(new SharedArrayBuffer(64));

export const title = 'From 16 slots to a million';

export function run({ effort }) {
  const empty = FRAMES.map((frames) => poolOf(frames, 0));
  const full = FRAMES.map((frames) => poolOf(frames, FULL));
  const pools = [...empty, ...full];
  const one = pools.map(({ slots, label }) => ({
    name: label,
    run(count) {
      for (let k = 0; k < count; k++) slots.release(slots.acquire());
    },
  }));
  const several = pools.filter(({ free }) => free >= HELD).map(holding);
  const note = `cacheFrames: ${CACHE_FRAMES}`;
  return [
    group('acquire + release, by frames in the pool', one, note, effort),
    group(`${HELD} held at a time, by frames in the pool`, several, note, effort),
  ];
}

function group(name, workloads, note, effort) {
  const rows = measureInThread([yardstick(), ...workloads], effort.inThread);
  return { title: name, note, yardstick: 'Atomics.add', rows };
}

function holding({ slots, label }) {
  const held = new Int32Array(HELD);
  return {
    name: label,
    per: HELD,
    run(count) {
      for (let k = 0; k < count; k++) {
        for (let j = 0; j < HELD; j++) held[j] = slots.acquire();
        for (let j = 0; j < HELD; j++) slots.release(held[j]);
      }
    },
  };
}

/** A pool with a share of its frames held; spread over the slab, as after some time of use. */
function poolOf(frames, share) {
  const { slots } = FramePool.create({
    frameSizeBytes: 64,
    frames,
    threadsMax: 2,
    cacheFrames: CACHE_FRAMES,
  });
  const held = Math.floor(frames * share);
  if (held > 0) {
    const handles = new Int32Array(frames);
    slots.acquireMany(handles);
    // A stride that is prime to the number of frames meets each of them once.
    const stride = 7919;
    for (let k = 0; k < frames - held; k++) slots.release(handles[(k * stride) % frames]);
  }
  const label = `${frames.toLocaleString('en-US')} frames, ${share === 0 ? 'none' : '99 %'} held`;
  return { slots, label, free: frames - held };
}

function yardstick() {
  return {
    name: 'yardstick: one Atomics.add',
    yardstick: true,
    run(count) {
      for (let k = 0; k < count; k++) Atomics.add(word, 0, 1);
    },
  };
}
