/** Generated pages: written where they belong, or compared with what is there (`--check`). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Writes the pages (path -> text), or with `--check` fails unless they are as they should be. */
export function writePages(pages, command) {
  const check = process.argv.includes('--check');
  const stale = [];
  for (const [path, text] of Object.entries(pages)) {
    const file = join(root, path);
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    stale.push(path);
    if (!check) writeFileSync(file, text);
  }
  if (!check) {
    console.log(stale.length === 0 ? 'nothing has changed' : `wrote ${stale.join(', ')}`);
  } else if (stale.length > 0) {
    console.error(`${stale.join(', ')}: not what src/ says any more; run: npm run ${command}`);
    process.exitCode = 1;
  }
}

/** Rows of cells as a Markdown table; a bar in a cell is escaped. */
export function table(head, rows) {
  const line = (cells) =>
    `| ${cells.map((cell) => `${cell}`.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
