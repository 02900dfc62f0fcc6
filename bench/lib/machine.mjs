/** Where and how the numbers were taken. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

const LOOK_MS = 500;
/** Beyond this, rows with several threads measure somebody else as well. */
const BUSY_SHARE = 0.1;

export async function describeMachine(command) {
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
    busyShare: await busyShare(),
    cores: cpus.length,
    date: new Date().toISOString().slice(0, 10),
  };
}

/** Were other programs running before the bench began? */
export function wasBusy(machine) {
  return machine.busyShare > BUSY_SHARE;
}

/** How much of all cores others take, while this process waits. The load average tells the past. */
async function busyShare() {
  const before = coreTimes();
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const after = coreTimes();
  const all = after.all - before.all;
  return all === 0 ? 0 : 1 - (after.idle - before.idle) / all;
}

function coreTimes() {
  const times = os.cpus().map((core) => core.times);
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  return {
    idle: sum(times.map(({ idle }) => idle)),
    all: sum(times.flatMap((one) => Object.values(one))),
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
