/**
 * The property suite alone and at length, `npm run test:property`: progress printed as it goes.
 * FRAMESLAB_RUNS multiplies the cases of `npm test` (20 here), FRAMESLAB_SEED repeats a run.
 */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

process.env['FRAMESLAB_RUNS'] ||= '20';

const long = mergeConfig(
  base,
  defineConfig({
    test: {
      fileParallelism: false,
      testTimeout: 3_600_000,
      hookTimeout: 60_000,
      disableConsoleIntercept: true,
    },
  }),
);
// Instead of the default suite's, not beside them, as a merge would have it.
Object.assign(long['test'] as object, { include: ['test/property/**/*.test.ts'] });

export default long;
