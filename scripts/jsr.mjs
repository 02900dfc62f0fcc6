/**
 * The package for JSR: the build that npm gets, beside its types, and `jsr.json`. Without arguments
 * it is checked as JSR would check it (types, slow types, files) and nothing is sent; with
 * `--publish` it is published. Why the build and not the sources: docs/architecture.md.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CannotRun, npmPackages } from './lib/fetch.mjs';
import { root } from './lib/package.mjs';

/** Lays out what JSR gets in `folder`. */
function stage(folder) {
  const manifest = JSON.parse(readFileSync(`${root}jsr.json`, 'utf8'));
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  if (manifest.version !== version) {
    throw new CannotRun(`jsr.json says ${manifest.version}, package.json says ${version}`);
  }
  for (const name of ['jsr.json', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
    copyFileSync(root + name, join(folder, name));
  }
  mkdirSync(join(folder, 'dist'));
  const built = readdirSync(`${root}dist`);
  // Types that several entries share have no JavaScript beside them: JSR wants their own names.
  const typesOnly = (name) => !built.includes(`${name}.js`) && built.includes(`${name}.d.ts`);
  for (const name of built.filter((file) => /\.(js|d\.ts)$/.test(file))) {
    const text = readFileSync(`${root}dist/${name}`, 'utf8').replace(
      /(['"])\.\/([\w-]+)\.js\1/g,
      (path, quote, to) => (typesOnly(to) ? `${quote}./${to}.d.ts${quote}` : path),
    );
    writeFileSync(join(folder, 'dist', name), text);
  }
  // JSR finds the types of plain JavaScript by what its first line says.
  for (const path of Object.values(manifest.exports)) {
    const file = join(folder, path);
    const types = path.replace(/^.*\//, './').replace(/\.js$/, '.d.ts');
    writeFileSync(file, `/* @ts-self-types="${types}" */\n${readFileSync(file, 'utf8')}`);
  }
}

function publish(folder, dry) {
  const modules = npmPackages('deno', { deno: '2.9.6' });
  const deno = join(modules, 'deno', 'bin.cjs');
  const args = [deno, 'publish', '--allow-dirty', ...(dry ? ['--dry-run'] : [])];
  const done = spawnSync(process.execPath, args, {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 300_000,
  });
  if (done.status !== 0) throw new CannotRun(`deno publish exited with ${done.status}`);
}

const folder = mkdtempSync(join(tmpdir(), 'frameslab-jsr-'));
try {
  await import('./build-if-stale.mjs');
  if (process.exitCode) throw new CannotRun('the build failed');
  stage(folder);
  publish(folder, !process.argv.includes('--publish'));
} catch (fault) {
  console.error(fault instanceof CannotRun ? fault.message : fault);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
