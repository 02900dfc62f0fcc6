/** docs/verification.md lists the scenarios, bounds and flaws that test/model has, and no others. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { floors } from '../model/floors.js';
import { mutants } from '../model/mutants.js';
import { root } from './blocks.js';

const page = readFileSync(join(root, 'docs/verification.md'), 'utf8');

/** The rows of the table whose head begins so, each as its cells. */
function rowsUnder(head: string): string[][] {
  const lines = page.split('\n');
  const from = lines.findIndex((line) => line.startsWith(head)) + 2;
  expect(from, head).toBeGreaterThan(1);
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'));
  return lines.slice(from, from + length).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

const shown = (bound: number): string =>
  bound < 0 ? '–' : Number.isFinite(bound) ? `${bound}` : 'all';

test('every scenario stands there with the bounds that are asked for', () => {
  const asked = Object.entries(floors).map(([name, bounds]) => [name, ...bounds.map(shown)]);
  expect(rowsUnder('| scenario |')).toEqual(asked);
});

test('every flaw stands there with the scenario that finds it', () => {
  const known = mutants.map(({ flaw, scenario }) => [flaw, scenario]);
  expect(rowsUnder('| flaw |').map((row) => row.slice(0, 2))).toEqual(known);
  expect(page).toContain(`All ${mutants.length} are found`);
});
