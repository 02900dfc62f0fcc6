/** Where and how the numbers were taken. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

export function describeMachine(command) {
  const { name, version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const cpus = os.cpus();
  return {
    command,
    library: `${name} ${version}`,
    commit: commitName(),
    runtime: runtimeName(),
    machine: `${cpus[0]?.model ?? 'unknown'}, ${cpus.length} cores, ${gib(os.totalmem())} GiB`,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    loadAverage: os.loadavg()[0],
    cores: cpus.length,
    date: new Date().toISOString().slice(0, 10),
  };
}

/**
 * The commit that was measured, with a `+` if the working tree differs; nothing outside a clone.
 */
function commitName() {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const git = (...args) => {
    const { status, stdout } = spawnSync('git', args, { cwd, encoding: 'utf8' });
    return status === 0 ? stdout.trim() : undefined;
  };
  const head = git('rev-parse', '--short', 'HEAD');
  if (head === undefined) return undefined;
  return git('status', '--porcelain', '--', 'src', 'bench') === '' ? head : `${head}+`;
}

function runtimeName() {
  const { bun, deno, node, v8 } = process.versions;
  if (bun !== undefined) return `Bun ${bun}`;
  if (deno !== undefined) return `Deno ${deno}, V8 ${v8}`;
  return `Node ${node}, V8 ${v8}`;
}

function gib(bytes) {
  return Math.round(bytes / 2 ** 30);
}
