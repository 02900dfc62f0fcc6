/**
 * The long kill torture, `npm run test:kill`: at least 5,000 kills in at most 25 minutes. KILLS and
 * SECONDS bound it, SEED repeats it as far as the machine lets it be repeated.
 */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

const long = mergeConfig(
  base,
  defineConfig({
    test: {
      fileParallelism: false,
      hookTimeout: 60_000,
      // Progress lines at once, not when a test has ended.
      disableConsoleIntercept: true,
    },
  }),
);
// Instead of the default suite's, not beside them, as a merge would have it.
Object.assign(long['test'] as object, { include: ['test/kill/**/*.test.ts'], exclude: [] });

export default long;
