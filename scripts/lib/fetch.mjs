/**
 * Fetches what only one suite needs: packages of the npm registry into `.tools/`, packages of Debian
 * into the system. `npm ci` stays light; a fresh machine needs nothing installed by hand.
 *
 * Both answer at once when the thing is there already, and fail with a sentence when it cannot be had.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A failure that needs no stack: the sentence says it all. */
export class CannotRun extends Error {}

const tools = fileURLToPath(new URL('../../.tools/', import.meta.url));

/**
 * The `node_modules` folder that holds exactly `packages` (name to version) under `.tools/NAME`. It is
 * filled under another name and then renamed, so an interrupted install is never taken for a whole one.
 * Install scripts do not run: a package that needs one to work is the wrong package.
 */
export function npmPackages(name, packages) {
  const folder = join(tools, name);
  const wanted = `${JSON.stringify({ private: true, dependencies: packages }, null, 2)}\n`;
  const manifest = join(folder, 'package.json');
  const modules = join(folder, 'node_modules');
  // npm writes the manifest anew, so what was asked for is kept beside it.
  const asked = join(folder, 'asked.json');
  if (existsSync(asked) && readFileSync(asked, 'utf8') === wanted) return modules;

  const filling = `${folder}.${process.pid}`;
  rmSync(filling, { recursive: true, force: true });
  mkdirSync(filling, { recursive: true });
  writeFileSync(join(filling, 'package.json'), wanted);
  const npm = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: filling,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    timeout: 600_000,
  });
  if (npm.status !== 0) {
    rmSync(filling, { recursive: true, force: true });
    throw new CannotRun(
      `npm install of ${Object.keys(packages).join(', ')} failed: ${npm.error?.message ?? ''}\n` +
        `${npm.stdout}${npm.stderr}`,
    );
  }
  writeFileSync(join(filling, 'asked.json'), wanted);
  rmSync(folder, { recursive: true, force: true });
  renameSync(filling, folder);
  if (!existsSync(manifest)) throw new CannotRun(`${manifest} is missing after npm install`);
  return modules;
}

/** Makes sure that `file` exists, installing Debian's package `name` where root may do so. */
export function debianPackage(name, file) {
  if (existsSync(file)) return file;
  const help = `install it with: apt-get install --no-install-recommends ${name}`;
  const debian = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  if (!debian) throw new CannotRun(`there is no ${file}; ${help}`);
  for (const args of [
    ['update', '--quiet'],
    ['install', '--yes', '--quiet', '--no-install-recommends', name],
  ]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    // Another install may be at it: wait for its lock.
    const locked = ['-o', 'DPkg::Lock::Timeout=300'];
    const done = spawnSync('apt-get', [...locked, ...args], {
      env,
      encoding: 'utf8',
      timeout: 600_000,
    });
    if (done.status !== 0) {
      throw new CannotRun(
        `apt-get ${args.join(' ')} failed; ${help}\n${done.stdout}${done.stderr}`,
      );
    }
  }
  if (!existsSync(file)) throw new CannotRun(`the package ${name} did not bring ${file}`);
  return file;
}
