/**
 * The long suite, `npm run test:soak`: a million frames a test, progress printed, bounded in time.
 * The seed is printed; FRAMESLAB_SEED sets it, FRAMESLAB_SOAK_FRAMES the number of frames.
 */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

const soak = mergeConfig(
  base,
  defineConfig({
    test: {
      fileParallelism: false,
      testTimeout: 600_000,
      hookTimeout: 60_000,
      disableConsoleIntercept: true,
    },
  }),
);
// Instead of the default suite's, not beside them, as a merge would have it.
Object.assign(soak['test'] as object, { include: ['test/soak/**/*.test.ts'], exclude: [] });

export default soak;
