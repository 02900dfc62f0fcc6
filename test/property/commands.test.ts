/**
 * Random sequences of commands on a pool of random options, against a plain reference model. After
 * each command everything that the pool reports, and every byte of every frame, must be what the
 * model says; a refusal must be the model's, and must have changed nothing.
 */
import * as fc from 'fast-check';
import { afterAll, describe, test } from 'vitest';
import { ALPHABETS, play, sequences, shapes } from './commands.js';
import { LIBRARY_FILE, libraryAt, Progress, say, seed, times } from './run.js';

const library = libraryAt(LIBRARY_FILE);
const numbers = { sequences: 0, commands: 0 };

describe('a pool does what a plain model of it does', () => {
  afterAll(() => {
    say(`seed ${seed}: ${numbers.sequences} sequences, ${numbers.commands} commands`);
  });

  for (const [part, alphabet] of Object.entries(ALPHABETS)) {
    test(`with random sequences of commands on ${part}`, { timeout: 3_600_000 }, () => {
      const progress = new Progress();
      const all = times(250);
      let run = 0;
      const property = fc.property(shapes, sequences(alphabet, 60), (shape, steps) => {
        run += 1;
        numbers.sequences += 1;
        numbers.commands += steps.length;
        progress.at(() => `commands on ${part}: ${run} of ${all} sequences`);
        play(library, shape, steps);
      });
      fc.assert(property, { numRuns: all, seed });
    });
  }
});
