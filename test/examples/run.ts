/** Runs an example in a process of its own, as it is or with a fault put into a copy of it. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const examples = join(root, 'docs/examples');

/** A run that takes longer has hung. The first may have to install a browser. */
const RUN_MS = 180_000;

export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A change to one file of an example. `from` must be there exactly once. */
export interface Fault {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Runs `main.mjs` of an example below `folder`; what it writes to a temporary folder is removed. */
export async function run(name: string, folder = examples): Promise<Outcome> {
  const temporary = mkdtempSync(join(tmpdir(), 'frameslab-test-'));
  try {
    const child = spawn(process.execPath, [join(folder, name, 'main.mjs')], {
      cwd: temporary,
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_MS,
      killSignal: 'SIGKILL',
    });
    const stdout = textOf(child.stdout);
    const stderr = textOf(child.stderr);
    const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
      (resolve, reject) => {
        child.once('error', reject);
        child.once('close', (...end) => resolve(end));
      },
    );
    return { status, signal, stdout: await stdout, stderr: await stderr };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/**
 * Runs a copy of an example with a fault. The copy lies as deep in this package as the original, so
 * that it finds the library and its neighbours in the same way.
 */
export async function runBroken(name: string, { file, from, to }: Fault): Promise<Outcome> {
  const folder = join(root, '.tools', `examples-broken-${process.pid}`);
  try {
    const filter = (path: string): boolean => basename(path) !== 'node_modules';
    cpSync(examples, folder, { recursive: true, filter });
    const path = join(folder, name, file);
    const parts = readFileSync(path, 'utf8').split(from);
    if (parts.length !== 2) throw new Error(`${file} of ${name} has ${from} not exactly once`);
    writeFileSync(path, parts.join(to));
    return await run(name, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const piece of stream.setEncoding('utf8')) text += piece;
  return text;
}
