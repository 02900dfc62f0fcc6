/**
 * One thread of the page. It attaches when the page sends it the pool, and then blocks for ever.
 *
 * The browser passes on a thread's first lock only when it has answered a question about locks. So
 * this thread asks one, and waits: the lock that says that it lives is then on its way before it
 * blocks.
 */
import { FramePool } from '../../dist/index.js';
import { Control } from './control.mjs';
import { work } from './roles.mjs';

addEventListener('message', async ({ data: { ref, control, thread } }) => {
  await navigator.locks.query();
  const pool = FramePool.attach(ref);
  postMessage({ seat: pool.seat });
  work(pool, new Control(control), thread);
});
