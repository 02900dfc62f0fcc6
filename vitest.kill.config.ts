import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The long kill torture: too long for the default suite. See `npm run test:kill`. */
export default defineConfig({
  resolve: {
    // A test and the worker threads that it starts run the same shipped file.
    alias: { frameslab: fileURLToPath(new URL('./dist/node.js', import.meta.url)) },
  },
  test: {
    include: ['test/kill/**/*.test.ts'],
    server: { deps: { external: [/\/dist\/[^/]+\.js$/] } },
    pool: 'forks',
    maxWorkers: 1,
    retry: 0,
    bail: 1,
    // Progress lines at once, not when a test has ended.
    disableConsoleIntercept: true,
  },
});
