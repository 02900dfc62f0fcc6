/**
 * Builds `dist/` when it is missing, incomplete or older than what it is made from, so that
 * `npm run demo` works on a fresh clone and costs nothing the second time.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const outputs = ['index', 'node', 'metrics'].flatMap((name) =>
  ['js', 'cjs', 'd.ts', 'd.cts'].map((ending) => `${root}dist/${name}.${ending}`),
);
const inputs = [
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'tsup.config.ts'].map((f) => root + f),
  `${root}src`,
  ...readdirSync(`${root}src`, { recursive: true }).map((name) => `${root}src/${name}`),
];
const modified = (file) => statSync(file).mtimeMs;

// A folder's own time counts too: it moves when a file inside is deleted or renamed.
const stale =
  !outputs.every(existsSync) ||
  Math.max(...inputs.map(modified)) > Math.min(...outputs.map(modified));

if (stale) {
  const build = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: root,
    stdio: ['ignore', 2, 2], // what it prints is not the demo's output
    shell: process.platform === 'win32',
  });
  process.exitCode = build.status ?? 1;
}
