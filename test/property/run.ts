/**
 * How much a run of the property suite does: the seed, the factor, the library under test, and what
 * is printed about it.
 *
 * FRAMESLAB_SEED repeats a run, FRAMESLAB_RUNS multiplies it (1 in `npm test`), and
 * FRAMESLAB_LIBRARY names another build of the library, for the proof that the suite can fail.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as frameslab from 'frameslab';
import { seedOfRun } from '../workers/crew.js';

/** What the suite uses of a build of the library. */
export type Library = Pick<typeof frameslab, 'FramePool'>;

/** Where the build under test lies. CommonJS, so that a broken copy can stand beside it. */
export const LIBRARY_FILE =
  process.env['FRAMESLAB_LIBRARY'] ??
  fileURLToPath(new URL('../../dist/node.cjs', import.meta.url));

/** Loads a build. */
export function libraryAt(file: string): Library {
  return createRequire(import.meta.url)(file) as Library;
}

/** The seed of this run. */
export const seed = seedOfRun();

/** A number of cases, multiplied by FRAMESLAB_RUNS. */
export function times(cases: number): number {
  const given = process.env['FRAMESLAB_RUNS'];
  const factor = given === undefined || given === '' ? 1 : Number(given);
  if (!(factor > 0) || !Number.isFinite(factor)) {
    throw new Error(`FRAMESLAB_RUNS must be a number above 0, got ${given}`);
  }
  return Math.max(1, Math.round(cases * factor));
}

/** One line for whoever reads the log. */
export function say(line: string): void {
  process.stdout.write(`property: ${line}\n`);
}

/** Says how far a loop is, every five seconds. */
export class Progress {
  private last = performance.now();

  /** Call once per case. */
  at(line: () => string): void {
    if (performance.now() - this.last < 5000) return;
    this.last = performance.now();
    say(line());
  }
}

/** Small random numbers that a seed decides: mulberry32. */
export function randomFrom(start: number): (below: number) => number {
  let state = start | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}
