/**
 * Every example of `docs/examples` as a program of its own, `npm run test:examples`, and again with
 * one fault put into it. What only an example needs is fetched by the example.
 */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

const examples = mergeConfig(
  base,
  defineConfig({
    test: {
      fileParallelism: false,
      // Longer than a run may take that has to install a browser first.
      testTimeout: 200_000,
    },
  }),
);
// Instead of the default suite's, not beside them, as a merge would have it.
Object.assign(examples['test'] as object, {
  include: ['test/examples/*.test.ts'],
  exclude: [],
  reporters: ['verbose'], // a line as each run ends
});

export default examples;
