/** What the workloads of the pool are made of. Sizes are those of the README's first example. */
import { MemPool } from '@thi.ng/malloc';
import { FramePool } from 'frameslab';
import { MutexPool } from '../rivals/mutex-pool.mjs';
import { TreiberPool } from '../rivals/treiber.mjs';

export const SIZE = 4096;
export const FRAMES = 2048;

/** Made when it is first asked for, and shared by the rows of one process. */
const once = (make) => {
  let made;
  return () => {
    made ??= make();
    return made;
  };
};

const poolWith = (cache) =>
  once(() => FramePool.create({ frameSizeBytes: SIZE, frames: FRAMES, threadsMax: 4, ...cache }));

/** A pool as it comes. */
export const standard = poolWith({});
/** Pools whose caches hold what is held at a time, as one would choose for such a use. */
export const roomy = {
  128: poolWith({ cacheFrames: 128 }),
  256: poolWith({ cacheFrames: 256 }),
  1024: poolWith({ cacheFrames: 1024 }),
};
export const treiber = once(() => TreiberPool.create(FRAMES));
export const mutex = once(() => MutexPool.create(FRAMES));
/** Not for threads: an allocator over one buffer, in the thread that owns it. */
export const heap = once(() => new MemPool({ size: 1050 * (SIZE + 64) }));

/** What the loops compute goes here, so that nobody can leave them out. */
let sink = 0;
export const keep = (value) => {
  sink ^= value;
  return sink;
};
