/** One thread of the page. It attaches when the page sends it the pool, and then blocks for ever. */
import { FramePool } from '../../dist/index.js';
import { Control } from './control.mjs';
import { work } from './roles.mjs';

addEventListener('message', ({ data: { ref, control, thread } }) => {
  const pool = FramePool.attach(ref);
  postMessage({ seat: pool.seat });
  work(pool, new Control(control), thread);
});
