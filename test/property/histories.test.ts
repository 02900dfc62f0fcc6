/**
 * Recorded histories of real threads are linearizable: what they saw could have happened one call
 * after the other. Hundreds of short rounds per scene; a number of calls that really overlapped is
 * demanded, so that the law is not held against threads that took turns.
 */
import { availableParallelism } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { overlapping } from './linearizability.js';
import { recorded } from './recorder.js';
import { LIBRARY_FILE, libraryAt, Progress, say, seed, times } from './run.js';
import { check, SCENES } from './scenes.js';

const { FramePool } = libraryAt(LIBRARY_FILE);
const numbers = { histories: 0, calls: 0, overlapping: 0, configurations: 0 };

/** Rounds per recording; on a busy machine more recordings follow, until enough calls overlapped. */
const ROUNDS = 200;
const RECORDINGS_MAX = 30;
/**
 * So many calls of each scene must have been under way together with one of another thread. A
 * machine with one core interrupts calls now and then; it cannot promise more than that.
 */
const OVERLAPS_MIN = availableParallelism() > 1 ? 20 : 1;

describe('what real threads saw could have happened one call after the other', () => {
  afterAll(() => {
    const share = ((100 * numbers.overlapping) / numbers.calls).toFixed(1);
    say(
      `seed ${seed}: ${numbers.histories} histories, ${numbers.calls} calls, ${share} % of them ` +
        `overlapping, ${numbers.configurations} configurations searched`,
    );
  });

  for (const scene of SCENES) {
    test(scene.name, { timeout: 3_600_000 }, async () => {
      const pool = FramePool.create(scene.options);
      const progress = new Progress();
      const wanted = times(1);
      const sum = { calls: 0, overlapping: 0 };
      const tooFew = (): boolean => sum.overlapping < OVERLAPS_MIN;
      for (let k = 0; k < wanted || (tooFew() && k < RECORDINGS_MAX); k++) {
        const { roles, calls } = scene;
        const cast = { roles, calls, rounds: ROUNDS, seed: (seed + k) | 0, library: LIBRARY_FILE };
        const { histories, fault } = await recorded(pool, cast);
        for (const history of histories) {
          numbers.histories += 1;
          sum.calls += history.operations.length;
          sum.overlapping += overlapping(history.operations);
          numbers.configurations += check(scene, history);
        }
        if (fault !== undefined) throw fault;
        progress.at(() => `histories of ${scene.name}: ${k + 1} of ${wanted} recordings`);
      }
      numbers.calls += sum.calls;
      numbers.overlapping += sum.overlapping;
      expect(pool.audit()).toMatchObject({ ok: true, held: 0, inFlight: 0, inLanes: 0 });
      expect(sum.overlapping).toBeGreaterThanOrEqual(OVERLAPS_MIN);
      pool.close();
    });
  }
});
