/**
 * Threads die at random moments, and nothing is lost: a few hundred kills in the default suite; the
 * long run is `npm run test:kill`. SEED repeats a run as far as the machine lets it be repeated.
 */
import { expect, test } from 'vitest';
import { torture } from './torture.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

test.for([
  ['roomy, with caches', { frames: 60, cacheFrames: 4 }, 100],
  ['tight: everybody waits', { frames: 14, cacheFrames: 2 }, 90],
  ['without caches, guarded', { frames: 24, cacheFrames: 0, guard: 'verify' }, 70],
] as const)('%s: nothing is lost', { timeout: 120_000 }, async ([name, pool, kills]) => {
  const outcome = await torture({ name, pool, kills, seed, seconds: 60, living: 3, volley: 3 });
  expect(outcome.kills).toBe(kills);
});
