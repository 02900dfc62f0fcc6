/**
 * The long kill torture: at least 5,000 kills (KILLS) in at most 25 minutes (SECONDS), SEED to
 * repeat. Run by `npm run test:kill`.
 */
import { expect, test } from 'vitest';
import { torture } from '../workers/torture.js';

const kills = Number(process.env['KILLS'] ?? 5000);
const seconds = Number(process.env['SECONDS'] ?? 1500);
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

const POOLS = [
  ['roomy, with caches', { frames: 60, cacheFrames: 4 }],
  ['tight: everybody waits', { frames: 14, cacheFrames: 2 }],
  ['one frame to a cache', { frames: 40, cacheFrames: 1 }],
  ['without caches, guarded', { frames: 24, cacheFrames: 0, guard: 'verify' }],
  ['large caches', { frames: 30, cacheFrames: 32, guard: 'poison' }],
] as const;

const share = 1 / POOLS.length;

test.for(POOLS)('%s: nothing is lost', { timeout: 0 }, async ([name, pool]) => {
  const most = Math.ceil(kills * share);
  const outcome = await torture({
    name,
    pool,
    kills: most,
    seconds: seconds * share,
    seed,
    living: 3,
    volley: 4,
  });
  if (!outcome.timeWasUp) expect(outcome.kills).toBe(most);
});
