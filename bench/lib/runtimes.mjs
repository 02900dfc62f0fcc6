/** Other runtimes that the bench can run on: those of the suite, fetched when they are missing. */
import { spawn } from 'node:child_process';
import { binaryOf, runtimes } from '../../scripts/lib/runtimes.mjs';

/** Deno is left out: it starts no process of its own with the flags that a suite needs. */
const known = runtimes.filter(({ id, kind }) => id !== 'node' && kind !== 'deno');

/** Name on the command line (`node-26`, `bun`) -> runtime. */
export const RUNTIMES = Object.fromEntries(
  known.map((runtime) => [runtime.id.replace(/^node(\d+)$/, 'node-$1'), runtime]),
);

/** Tells a bench that it is on the runtime it was asked for. */
export const RUNS_ON = 'FRAMESLAB_BENCH_RUNS_ON';

/** Runs `script` on the named runtime and this process's streams; answers its exit code. */
export function runOn(name, script, args) {
  const runtime = RUNTIMES[name];
  const child = spawn(binaryOf(runtime), [...runtime.args, script, ...args], {
    stdio: 'inherit',
    env: { ...process.env, [RUNS_ON]: name },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
