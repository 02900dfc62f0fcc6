/** What keeps Node's event loop alive: exactly what is pending. In processes of their own. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { until } from './crew.js';

const FILE = fileURLToPath(new URL('./threads/loop-child.mjs', import.meta.url));

interface Run {
  readonly child: ReturnType<typeof spawn>;
  /** Lines so far. */
  readonly lines: () => string[];
  /** How it ended: by itself, with this code, or by a signal. */
  readonly ended: Promise<{ code: number | null; signal: string | null; errors: string }>;
}

const living = new Set<ReturnType<typeof spawn>>();

afterEach(() => {
  for (const child of living) child.kill('SIGKILL');
});

function run(mode: string): Run {
  const child = spawn(process.execPath, [FILE, mode], { stdio: ['ignore', 'pipe', 'pipe'] });
  living.add(child);
  let out = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = new Promise<{ code: number | null; signal: string | null; errors: string }>(
    (resolve) => {
      child.on('close', (code, signal) => {
        living.delete(child);
        resolve({ code, signal, errors });
      });
    },
  );
  return { child, lines: () => out.split('\n').filter((line) => line !== ''), ended };
}

test.for([
  ['acquire', 'a pending acquire, until another thread’s release serves it', 'served 1'],
  ['acquireTimedOut', 'no acquire that has timed out', 'ERR_FRAMESLAB_TIMEOUT'],
  ['acquireAborted', 'no acquire that was aborted', 'AbortError'],
  ['acquireClosed', 'no acquire that the close has rejected', 'ERR_FRAMESLAB_POOL_CLOSED'],
  ['receive', 'a pending receive, until another thread sends', 'received 1'],
  ['receiveTimedOut', 'no receive that has timed out', 'ERR_FRAMESLAB_TIMEOUT'],
  ['receiveAborted', 'no receive that was aborted', 'AbortError'],
  ['receiveClosed', 'a pending receive, until another thread closes', 'received undefined'],
  ['iterateClosed', 'an iteration, until another thread closes', 'iterated 1'],
  ['sent', 'no send that has succeeded', 'sent'],
] as const)(
  'the event loop stays alive for this and no longer (%s): %s',
  async ([mode, , says]) => {
    const { lines, ended } = run(mode);
    expect(await ended).toEqual({ code: 0, signal: null, errors: '' });
    expect(lines()).toEqual([says, 'end']);
  },
);

test('a receive that nobody serves keeps the process alive', async () => {
  const { child, lines, ended } = run('never');
  await until(() => lines().length > 0);
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(child.exitCode).toBe(null);
  child.kill();
  expect(await ended).toMatchObject({ signal: 'SIGTERM', errors: '' });
  expect(lines()).toEqual(['waiting']);
});

test('receivers that wait use no CPU: three blocked, one promise, below a tenth of one core', async () => {
  const { lines, ended } = run('idle');
  expect(await ended).toEqual({ code: 0, signal: null, errors: '' });
  const { share } = JSON.parse(lines()[0] ?? '{}');
  expect(share).toBeLessThan(0.1);
});
