import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Where the machine-readable result goes, when somebody asks for one. */
const reportFile = process.env['FRAMESLAB_TEST_REPORT'];

const built = (entry: string): string =>
  fileURLToPath(new URL(`./dist/${entry}.js`, import.meta.url));

export default defineConfig({
  resolve: {
    // A test and the worker threads that it starts run the same shipped file.
    alias: [
      { find: /^frameslab$/, replacement: built('node') },
      { find: /^frameslab\/metrics$/, replacement: built('metrics') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // The long suites, and what is asked of other runtimes, have configurations of their own.
    exclude: ['test/soak/**', 'test/kill/**', 'test/examples/**', 'test/runtimes/**'],
    server: { deps: { external: [/\/dist\/[^/]+\.js$/] } },
    pool: 'forks',
    isolate: true,
    maxWorkers: 2,
    retry: 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters:
      reportFile === undefined ? ['default'] : ['default', ['json', { outputFile: reportFile }]],
  },
});
