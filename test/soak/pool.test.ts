/** Hundreds of thousands of hand-overs of one frame, and millions of trades among four threads. */
import { FramePool } from 'frameslab';
import { expect, test } from 'vitest';
import { Crew, expectAllHome, OWN, resultsOf } from '../workers/crew.js';
import { verify } from '../workers/payload.js';
import { announcedSeed, framesOfSoak, withProgress } from './progress.js';

test('one frame goes round among three blocking threads and main’s promises: no wake-up is lost', async () => {
  announcedSeed();
  const count = Math.ceil(framesOfSoak() / 4);
  const pool = FramePool.create({ frameSizeBytes: 64, frames: 1, threadsMax: 4, cacheFrames: 0 });
  const crew = new Crew(pool);
  const players = await crew.startAll(
    'relay',
    [1, 2, 3].map(() => ({ count, form: 'sync' })),
  );
  crew.go();
  const line = (): string => `${pool.stats().acquires} hand-overs`;
  const work = async (): Promise<void> => {
    for (let k = 0; k < count / 10; k++) {
      const frame = await pool.acquire();
      frame.release();
    }
    await resultsOf(players);
  };
  await withProgress('hand-over', line, work());
  expect(pool.stats().acquires).toBe(3 * count + Math.ceil(count / 10));
  expectAllHome(pool);
  pool.close();
});

test.for([
  [64, 4],
  [6, 1],
  [2, 0],
] as const)(
  'four threads trade messages, %i frames, caches of %i: all whole, all home',
  async ([frames, cacheFrames]) => {
    const seed = announcedSeed();
    const posts = 8;
    const pool = FramePool.create({ frameSizeBytes: 64, frames, threadsMax: 5, cacheFrames });
    const crew = new Crew(pool);
    type Done = { adopted: number; shared: number; transferred: number };
    const players = await crew.startAll<Done>(
      'trade',
      [1, 2, 3, 4].map((k) => ({ seed: seed + 7 * k, count: framesOfSoak(), posts })),
    );
    crew.go();
    const line = (): string => `${pool.stats().acquires} acquires`;
    const done = await withProgress(`trade with ${frames} frames`, line, resultsOf(players));
    let left = 0;
    for (let k = 0; k < posts; k++) {
      const message = Atomics.exchange(crew.signals, OWN + k, 0);
      if (message === 0) continue;
      const frame = pool.adopt(message);
      verify(frame);
      frame.release();
      left += 1;
    }
    const sum = (key: keyof Done): number => done.reduce((total, row) => total + row[key], 0);
    expect(sum('adopted') + left).toBe(sum('shared') + sum('transferred'));
    expectAllHome(pool);
    pool.close();
  },
);
