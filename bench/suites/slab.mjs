/** Making a slab of 1 GiB: how long it takes, and how much of it becomes resident. */
import { FramePool } from 'frameslab';
import { nanosecondsAtMost } from '../lib/goals.mjs';

const MIB = 2 ** 20;
const FRAMES = 1024;
const ROUNDS = 9;
const PREALLOCATE = MIB;

export const title = 'A slab of 1 GiB (1,024 frames of 1 MiB)';

const ROWS = [
  { name: `yardstick: new SharedArrayBuffer(${FRAMES} MiB)` },
  { name: 'FramePool.create', goals: [nanosecondsAtMost(5e6, '5 ms')] },
  { name: `resident afterwards, of which ${PREALLOCATE / MIB} MiB preallocated` },
];

export function groups() {
  return [{ title, rows: ROWS }];
}

export function run({ wanted }) {
  const created = create();
  const measured = [{ samples: plain() }, { samples: created.times }, resident(created.resident)];
  return wanted.map(([group, row]) => ({ group, row, ...measured[row] }));
}

function create() {
  const times = [];
  const grown = [];
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc?.();
    const rss = process.memoryUsage().rss;
    const start = performance.now();
    const pool = FramePool.create({
      frameSizeBytes: MIB,
      frames: FRAMES,
      preallocateBytes: PREALLOCATE,
      cacheFrames: 0,
    });
    times.push((performance.now() - start) * 1e6);
    grown.push(process.memoryUsage().rss - rss);
    pool.close();
  }
  return { times, resident: grown };
}

function plain() {
  const times = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    bytes += new SharedArrayBuffer(FRAMES * MIB).byteLength;
    times.push((performance.now() - start) * 1e6);
  }
  if (bytes !== ROUNDS * FRAMES * MIB) throw new Error('the engine left the buffers out');
  return times;
}

function resident(bytes) {
  const mib = (Math.max(...bytes) / MIB).toFixed(1);
  return { bytes, text: `${mib} MiB at the most, first round included` };
}
