/**
 * README.md and docs/: every code block is compiled, every program runs, every link leads somewhere.
 * The second suite proves on small pages that each of these can fail.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type Block,
  blocksOf,
  isProgram,
  markingFaults,
  outputOf,
  placeOf,
  root,
  runBlock,
  scriptNames,
  typeFaults,
  writeBlocks,
} from '../docs/blocks.js';
import { linkFaults } from '../docs/links.js';

const scratches: string[] = [];
afterAll(() => {
  for (const scratch of scratches) rmSync(scratch, { recursive: true, force: true });
});

function newScratch(): string {
  const scratch = mkdtempSync(join(tmpdir(), 'frameslab-docs-'));
  scratches.push(scratch);
  return scratch;
}

/** README.md and each page below docs/, not those of installed packages: path -> text. */
function readPages(): ReadonlyMap<string, string> {
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`);
  const names = ['README.md', ...below.sort()];
  return new Map(names.map((name) => [name, readFileSync(join(root, name), 'utf8')]));
}

describe('README and docs', () => {
  const pages = readPages();
  const blocks = [...pages].flatMap(([page, text]) => blocksOf(page, text));
  const scratch = newScratch();
  writeBlocks(scratch, blocks);

  test('a block says what it is, in words that are known', () => {
    expect(blocks.length).toBeGreaterThan(20);
    expect(markingFaults(blocks, scriptNames())).toEqual([]);
  });

  test('every code block type-checks against the real types', () => {
    expect(typeFaults(scratch, blocks)).toEqual([]);
  }, 180_000);

  const programs = blocks.filter(isProgram).map((block) => [placeOf(block), block] as const);
  test.each(programs)('the program at %s runs, and prints what the page says', async (_, block) => {
    const { status, stdout, stderr } = await runBlock(scratch, block);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const printed = outputOf(blocks, block);
    if (printed !== undefined) expect(stdout).toBe(printed);
  });

  test('the README’s two files print the sum, and that every slot came home', async () => {
    const main = blocks.find((block) => block.page === 'README.md' && isProgram(block)) as Block;
    expect(main.flags).toContain('file=main.mjs');
    const { stdout } = await runBlock(scratch, main);
    expect(stdout).toBe('sum of 1 to 1000: 500500\nevery slot came home\n');
  });

  test('every link leads to a file, and to a heading that it has', () => {
    expect(linkFaults(pages, (path) => kindOf(path))).toEqual([]);
  });

  test('the index names every page, and the README leads to the index', () => {
    const index = pages.get('docs/README.md') ?? '';
    const listed = (page: string): boolean =>
      index.includes(`(${relative('docs', page)})`) || index.includes(`(${topFolder(page)}/`);
    const missing = [...pages.keys()].filter(
      (page) => page.startsWith('docs/') && page !== 'docs/README.md' && !listed(page),
    );
    expect(missing).toEqual([]);
    expect(pages.get('README.md')).toContain('](docs/README.md)');
  });
});

describe('docs/architecture.md', () => {
  test('the tour names every file of src', () => {
    const tour = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
    const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => basename(name, '.ts'));
    const named = new Set(tour.match(/[a-z]+(?:-[a-z]+)*/g));
    expect(files.filter((name) => !named.has(name))).toEqual([]);
  });
});

/** The folder of docs/ that a page lies in, or the page itself. */
function topFolder(page: string): string {
  const folder = dirname(relative('docs', page));
  return folder === '.' ? '?' : (folder.split('/')[0] as string);
}

function kindOf(path: string): 'file' | 'folder' | undefined {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  return found.isDirectory() ? 'folder' : 'file';
}

describe('the checks of pages can fail', () => {
  const page = (...lines: string[]): string => lines.join('\n');
  const js = (code: string, ...marks: string[]): string =>
    page(`\`\`\`${['js', ...marks].join(' ')}`, code, '```');
  const typesOf = (text: string): string[] => {
    const blocks = blocksOf('page.md', text);
    const scratch = newScratch();
    writeBlocks(scratch, blocks);
    return typeFaults(scratch, blocks);
  };
  const run = (text: string): ReturnType<typeof runBlock> => {
    const blocks = blocksOf('page.md', text);
    const scratch = newScratch();
    writeBlocks(scratch, blocks);
    return runBlock(scratch, blocks.find(isProgram) as Block);
  };
  const marksOf = (text: string): string[] =>
    markingFaults(blocksOf('page.md', text), ['test:soak']);

  test('a call that the types do not know is reported with its line', () => {
    const text = page('# A page', '', js("pool.tryAcquire(1);\npool.borrow('frame');"));
    expect(typesOf(text)).toEqual([
      "page.md:5 Property 'borrow' does not exist on type 'FramePool'.",
    ]);
  });
  test('an argument of the wrong type, a missing check and a syntax error are reported', () => {
    const text = page(
      js("frame.length = 'long';"),
      js('pool.tryAcquire().release();'),
      js('const = 1;'),
      js("import { Frames } from 'frameslab';"),
      page('```ts', 'export const n: string = frame.length;', '```'),
      js('frame.release();'),
    );
    const lines = typesOf(text).map((fault) => Number(/^page.md:(\d+) /.exec(fault)?.[1]));
    // One block after the other, three lines each, the code in the second; the last one is right.
    expect([...new Set(lines)].sort((a, b) => a - b)).toEqual([2, 5, 8, 11, 14]);
  });
  test('a page’s name in a service worker is reported, on a page it is not', () => {
    const text = page(js('document.title;', 'service-worker'), js('document.title;'));
    expect(typesOf(text)).toEqual([expect.stringMatching(/^page.md:2 .*'document'/)]);
  });
  test('a program that throws, or uses what only fragments get, does not end with 0', async () => {
    expect((await run(js("throw new Error('no');", 'run'))).status).toBe(1);
    expect((await run(js('pool.stats();', 'run'))).stderr).toContain('pool is not defined');
  });
  test('what a program prints is compared with the block that follows it', () => {
    const blocks = blocksOf('page.md', page(js('', 'run'), '```text output', 'two', '```'));
    expect(outputOf(blocks, blocks[0] as Block)).toBe('two\n');
  });
  test('a file of a section is found by its program, that of another section is not', async () => {
    const other = js('export const two = 2;', 'file=other.mjs');
    const main = js("import { two } from './other.mjs';\nconsole.log(two);", 'run');
    expect((await run(page(main, other))).stdout).toBe('2\n');
    expect((await run(page(main, '## Next', other))).status).toBe(1);
  });
  test('unknown marks, unknown languages, hidden code, lost outputs, bad JSON are refused', () => {
    const lines = [
      js('1;', 'maybe'),
      page('```ts run', '1;', '```'),
      page('```python', 'pass', '```'),
      page('```', "import { FramePool } from 'frameslab';", '```'),
      page('```text output', 'nothing printed this', '```'),
      page('```json', '{ a: 1 }', '```'),
      page('```sh', 'npm run nothing', '```'),
    ];
    for (const text of lines) expect([text, marksOf(text).length]).toEqual([text, 1]);
    for (const text of [js('1;', 'run'), page('```', '│ a box │', '```')]) {
      expect([text, marksOf(text)]).toEqual([text, []]);
    }
    expect(marksOf(page('```sh', 'npm run test:soak', '```'))).toEqual([]);
  });
  test('a link to a missing file or heading is reported', () => {
    const pages = new Map([
      ['docs/a.md', '# A page\n[b](b.md#the-end) [c](c.md) [d](b.md#nowhere) [e](#a-page)'],
      ['docs/b.md', '## The `end`!\n'],
    ]);
    const kind = (path: string): 'file' | undefined => (pages.has(path) ? 'file' : undefined);
    expect(linkFaults(pages, kind)).toEqual([
      'docs/a.md links to c.md, which does not exist',
      'docs/a.md links to b.md#nowhere, a heading that docs/b.md does not have',
    ]);
  });
});
