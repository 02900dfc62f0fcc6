/** The known faults of this runtime are still there; one that is mended must leave the list. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { faults } from './faults.js';
import { runtimeHere } from './here.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('every fault names tests that exist', () => {
  for (const { tests } of faults) {
    for (const [file, name] of tests) {
      expect(existsSync(root + file), file).toBe(true);
      if (name !== undefined) expect(readFileSync(root + file, 'utf8')).toMatch(name);
    }
  }
});

// With an empty list there is nothing to say, and no test that says it.
describe.each(faults.filter(({ runtime }) => runtime === runtimeHere))('$id', ({ what, probe }) => {
  test('is still there', async () => {
    expect(await probe(), `mended: take it from test/runtimes/faults.ts (${what})`).toBe(true);
  });
});
