/**
 * That the properties can fail: each known flaw is found by the suite that is there for it.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALPHABETS, play, sequences, shapes } from './commands.js';
import { COMMAND_FLAWS, FUZZ_FLAWS, HISTORY_FLAWS, withFlaw } from './flaws.js';
import { fuzzed } from './fuzz-run.js';
import { recorded } from './recorder.js';
import { libraryAt, say, seed } from './run.js';
import { check, SCENES } from './scenes.js';

describe('random sequences find a library in which', () => {
  test.each(COMMAND_FLAWS)('%s: %s', async (alphabet, ...flaw) => {
    await withFlaw(flaw, (file) => {
      const library = libraryAt(file);
      const property = fc.property(shapes, sequences(ALPHABETS[alphabet], 60), (shape, steps) => {
        play(library, shape, steps);
      });
      const { failed, numRuns } = fc.check(property, { numRuns: 3000, seed, endOnFailure: true });
      expect(failed).toBe(true);
      say(`${flaw[0]}: found in sequence ${numRuns}`);
    });
  });
});

describe('damaged slabs find a library in which', () => {
  test.each(FUZZ_FLAWS)('%s: %s', async (kind, ...flaw) => {
    await withFlaw(flaw, async (file) => {
      const { faults, cases } = await fuzzed(kind, 600, file);
      expect(faults.length).toBeGreaterThan(0);
      say(`${flaw[0]}: found in ${faults[0].split(':')[0]} of ${cases}`);
    });
  });
});

describe('recorded histories find a library in which', () => {
  test.each(HISTORY_FLAWS)('%s: %s', async (name, ...flaw) => {
    await withFlaw(flaw, async (library) => {
      const scene = SCENES.find((candidate) => candidate.name === name);
      if (scene === undefined) throw new Error(`there is no scene '${name}'`);
      const { roles, calls } = scene;
      let found: unknown;
      let recordings = 0;
      for (; found === undefined && recordings < 60; recordings++) {
        const pool = libraryAt(library).FramePool.create(scene.options);
        const cast = { roles, calls, rounds: 50, seed: (seed + recordings) | 0, library };
        try {
          // What the threads threw is another matter: the order of their calls must tell.
          for (const history of (await recorded(pool, cast)).histories) check(scene, history);
        } catch (fault) {
          found = fault;
        }
      }
      expect(String(found)).toMatch('no order of these calls is possible');
      say(`${flaw[0]}: found in recording ${recordings}: ${String(found).split('\n')[0]}`);
    });
  });
});
