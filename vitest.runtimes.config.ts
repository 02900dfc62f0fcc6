/**
 * The tests that other runtimes are to pass, `npm run test:runtimes`: those of this folder's library,
 * and what test/runtimes asks of a runtime. What a runtime's fault forbids is skipped, with the reason
 * (test/runtimes/faults.ts). FRAMESLAB_KILLS=1 adds the kill torture.
 */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

const runtimes = mergeConfig(
  base,
  defineConfig({
    test: {
      setupFiles: ['test/runtimes/skip-faults.ts'],
      // Some runtimes start a thread ten times as slowly as Node, and this machine may be busy.
      testTimeout: 300_000,
      disableConsoleIntercept: true,
    },
  }),
);
// Instead of the default suite's, not beside them, as a merge would have it.
Object.assign(runtimes['test'] as object, {
  include: ['test/{unit,workers,runtimes,kill}/**/*.test.ts', 'test/model/orders.model.ts'],
  exclude: [],
});

export default runtimes;
