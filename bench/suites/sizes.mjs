/** The same work in pools from 16 slots to a million, empty and almost exhausted. */
import { FramePool } from 'frameslab';
import { measureInThread } from '../lib/in-thread.mjs';

const FRAMES = [16, 256, 4096, 65_536, 1_000_000];
const SHARES = [0, 0.99];
const CACHE_FRAMES = 4;
/** Beyond the cache, so that each turn refills and spills. */
const HELD = 16;

export const title = 'From 16 slots to a million';
export const passes = ({ inThread }) => inThread.passes;

export function groups() {
  const common = { note: `cacheFrames: ${CACHE_FRAMES}`, yardstick: 'Atomics.add' };
  return [
    { ...common, title: 'acquire + release, by frames in the pool', rows: rows(1, one) },
    {
      ...common,
      title: `${HELD} held at a time, by frames in the pool`,
      rows: rows(HELD, several),
    },
  ];
}

export function run({ effort, wanted }) {
  return measureInThread(groups(), wanted, effort.inThread);
}

function rows(most, work) {
  return SHARES.flatMap((share) =>
    FRAMES.filter((frames) => frames - Math.floor(frames * share) >= most).map((frames) => ({
      name: `${frames.toLocaleString('en-US')} frames, ${share === 0 ? 'none' : '99 %'} held`,
      per: most,
      make: () => work(poolOf(frames, share)),
    })),
  );
}

function one(slots) {
  return (count) => {
    for (let k = 0; k < count; k++) slots.release(slots.acquire());
  };
}

function several(slots) {
  const held = new Int32Array(HELD);
  return (count) => {
    for (let k = 0; k < count; k++) {
      for (let j = 0; j < HELD; j++) held[j] = slots.acquire();
      for (let j = 0; j < HELD; j++) slots.release(held[j]);
    }
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
  return slots;
}
