/** The package as a stranger gets it: packed, and installed from the tarball without a network. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CannotRun } from './fetch.mjs';

/** The repository's own folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));
const windows = process.platform === 'win32';

/** Runs a command and returns its standard output; anything but success is a failed check. */
export function run(command, args, cwd) {
  const shell = windows && command === 'npm';
  const done = spawnSync(command, args, { cwd, shell, encoding: 'utf8', stdio: 'pipe' });
  if (done.error !== undefined) throw done.error;
  if (done.status === 0) return done.stdout;
  const printed = `${done.stdout}${done.stderr}`.trimEnd();
  throw new CannotRun(`${command} ${args.join(' ')} exited with ${done.status}\n${printed}`);
}

/** Packs `dist/` as it is into `folder`; answers the tarball, and what npm says is in it. */
export function pack(folder) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const listed = JSON.parse(run('npm', args, root));
  const [report] = Array.isArray(listed) ? listed : Object.values(listed);
  return { tarball: join(folder, basename(report.filename)), report };
}

/** Makes `folder` an empty project and installs the tarball into it. */
export function install(tarball, folder) {
  mkdirSync(folder, { recursive: true });
  const manifest = { name: 'consumer', private: true, version: '1.0.0', type: 'commonjs' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], folder);
}
