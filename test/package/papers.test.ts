/** What the papers say of each other: one version everywhere, and no command that is not there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { version } from 'frameslab';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');
const manifest = JSON.parse(read('package.json'));
const papers = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => `docs/${name}`),
];

describe('the version', () => {
  test('of the library is the one of its package, on npm and on JSR', () => {
    expect(version).toBe(manifest.version);
    expect(JSON.parse(read('jsr.json')).version).toBe(manifest.version);
  });
});

describe.each(papers)('%s', (paper) => {
  const text = read(paper);

  test('names only scripts that package.json has', () => {
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(named.filter((name) => manifest.scripts[name as string] === undefined)).toEqual([]);
  });

  test('links only to files that are there', () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, to]) => to as string);
    const dead = links
      .filter((to) => !/^[a-z]+:/.test(to))
      .filter((to) => !existsSync(resolve(root, dirname(paper), to)));
    expect(dead).toEqual([]);
  });
});
