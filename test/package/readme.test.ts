/** The README's code, as it stands: pasted into files and run; the code of docs/ is parsed. */
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'frameslab-readme-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The code block that follows a line with this text. */
function blockAfter(text: string, line: string): string {
  const at = text.indexOf(`\n${line}\n`);
  const found = /```js\n([\s\S]*?)```/.exec(text.slice(at));
  if (at < 0 || found?.[1] === undefined) throw new Error(`README.md has no block after ${line}`);
  return found[1];
}

describe('README', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');

  test('its two files run as shown', () => {
    const folder = join(scratch, 'pasted');
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    symlinkSync(root, join(folder, 'node_modules', 'frameslab'), 'dir');
    writeFileSync(join(folder, 'main.mjs'), blockAfter(readme, '`main.mjs`'));
    writeFileSync(join(folder, 'worker.mjs'), blockAfter(readme, '`worker.mjs`'));
    const ran = spawnSync(process.execPath, ['main.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toBe('sum of 1 to 1000: 500500\nevery slot came home\n');
    expect(ran.status).toBe(0);
  });

  test('every file that it links to exists', () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] as string);
    const local = links.filter((link) => !/^https?:/.test(link));
    expect(local.length).toBeGreaterThan(5);
    for (const link of local) expect([link, readable(join(root, link))]).toEqual([link, true]);
  });
});

describe('docs', () => {
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const blocks = pages.flatMap((page) => {
    const text = readFileSync(join(root, 'docs', page), 'utf8');
    return [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(
      (match, k) => [`${page}, block ${k + 1}`, match[1] as string] as const,
    );
  });
  test.each(blocks)('%s is a module that parses', (name, code) => {
    const file = join(scratch, `${name.replaceAll(/\W/g, '-')}.mjs`);
    writeFileSync(file, code);
    const checked = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
    expect(checked.stderr).toBe('');
  });
});

function readable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === 'EISDIR';
  }
}
