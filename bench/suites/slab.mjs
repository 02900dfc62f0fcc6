/** Making a slab of 1 GiB: how long it takes, and how much of it becomes resident. */
import { FramePool } from 'frameslab';
import { spread } from '../lib/stats.mjs';

const MIB = 2 ** 20;
const FRAMES = 1024;
const ROUNDS = 9;
const PREALLOCATE = MIB;

export const title = 'A slab of 1 GiB (1,024 frames of 1 MiB)';

export function run() {
  const times = [];
  const resident = [];
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
    resident.push(process.memoryUsage().rss - rss);
    pool.close();
  }
  const plain = [];
  let made;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    made = new SharedArrayBuffer(FRAMES * MIB);
    plain.push((performance.now() - start) * 1e6);
  }
  const mib = (Math.max(...resident) / MIB).toFixed(1);
  return [
    {
      title,
      rows: [
        {
          name: `yardstick: new SharedArrayBuffer(${made.byteLength / MIB} MiB)`,
          ns: spread(plain),
        },
        { name: 'FramePool.create', ns: spread(times), target: { ns: 5e6 } },
        {
          name: `resident afterwards, of which ${PREALLOCATE / MIB} MiB preallocated`,
          text: `${mib} MiB at the most, first round included`,
          bytes: resident,
        },
      ],
    },
  ];
}
