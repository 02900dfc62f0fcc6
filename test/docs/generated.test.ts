/** The generated pages say what src/ says now; the last test proves that a stale one is noticed. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './blocks.js';

const scripts = [
  ['docs/api.md', 'scripts/docs-api.mjs'],
  ['docs/memory-layout.md', 'scripts/docs-layout.mjs'],
] as const;

function check(folder: string, script: string): { status: number | null; stderr: string } {
  const done = spawnSync(process.execPath, [join(folder, script), '--check'], { encoding: 'utf8' });
  return { status: done.status, stderr: done.stderr };
}

describe('generated pages', () => {
  test.each(scripts)(
    '%s is what %s would write',
    (_, script) => {
      expect(check(root, script)).toEqual({ status: 0, stderr: '' });
    },
    180_000,
  );

  test('a changed docstring, a moved field and a false drawing are noticed', () => {
    const copy = mkdtempSync(join(tmpdir(), 'frameslab-generated-'));
    try {
      for (const name of ['src', 'scripts', 'docs', 'tsconfig.json', 'package.json']) {
        cpSync(join(root, name), join(copy, name), { recursive: true });
      }
      symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
      const change = (file: string, from: string, to: string): void => {
        const text = readFileSync(join(copy, file), 'utf8');
        expect(text).toContain(from);
        writeFileSync(join(copy, file), text.replace(from, to));
      };
      change('src/frames/frame.ts', 'True if this is the only', 'True while this is the only');
      expect(check(copy, 'scripts/docs-api.mjs').stderr).toContain('docs/api.md');

      change('src/slab/layout.ts', 'mailbox = 49', 'mailbox = 51');
      expect(check(copy, 'scripts/docs-layout.mjs').stderr).toContain('docs/memory-layout.md');
      change('src/slab/layout.ts', 'mailbox = 51', 'mailbox = 49');
      change('src/slab/layout.ts', '│ SLOTS       8 ints', '│ SLOTS       9 ints');
      expect(check(copy, 'scripts/docs-layout.mjs').stderr).toContain('drawing');
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }, 180_000);
});
