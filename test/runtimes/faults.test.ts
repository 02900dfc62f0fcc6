/** The known faults of this runtime are still there; one that is mended must leave the list. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { faults } from './faults.js';
import { runtimeHere } from './here.js';

declare module 'vitest' {
  interface TaskMeta {
    /** What is listed for this runtime: the script sees to it that each forbids some test. */
    knownFaults?: readonly string[];
  }
}

const here = faults.filter(({ runtime }) => runtime === runtimeHere);
const root = fileURLToPath(new URL('../..', import.meta.url));

test('every fault names files that exist', ({ task }) => {
  task.meta.knownFaults = here.map(({ what }) => what);
  for (const [file] of faults.flatMap(({ tests }) => tests)) {
    expect(existsSync(root + file), file).toBe(true);
  }
});

// With an empty list there is nothing to say, and no test that says it.
describe.each(here)('$id', ({ what, probe }) => {
  test('is still there', async () => {
    expect(await probe(), `mended: take it from test/runtimes/faults.ts (${what})`).toBe(true);
  });
});
