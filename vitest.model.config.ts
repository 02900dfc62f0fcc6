import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

// The model: every interleaving and every kill within bounds. See test/model/explorer.ts.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/model/**/*.model.ts'],
    testTimeout: 3_600_000,
  },
});
