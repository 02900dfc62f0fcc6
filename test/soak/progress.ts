/** Lines that say how far a long test is. */
import { seedOfRun } from '../workers/crew.js';

/** Frames per producer and test; at least a million in all unless the environment says otherwise. */
export function framesOfSoak(): number {
  const given = process.env['FRAMESLAB_SOAK_FRAMES'];
  if (given === undefined || given === '') return 1_000_000;
  const count = Number(given);
  if (!Number.isInteger(count) || count < 4) {
    throw new Error(`FRAMESLAB_SOAK_FRAMES must be an integer from 4, got ${given}`);
  }
  return count;
}

/** The seed of this run, printed. */
export function announcedSeed(): number {
  const seed = seedOfRun();
  process.stdout.write(`soak: FRAMESLAB_SEED=${seed}\n`);
  return seed;
}

/** Prints a line every other second until the work is done; answers what the work answers. */
export async function withProgress<T>(
  name: string,
  line: () => string,
  work: Promise<T>,
): Promise<T> {
  const begin = performance.now();
  const print = (): void => {
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    process.stdout.write(`soak: ${name}: ${line()} after ${seconds} s\n`);
  };
  const timer = setInterval(print, 2000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    print();
  }
}
