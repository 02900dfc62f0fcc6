/** A whole program, in a process of its own and without a test runner around it. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const FILE = fileURLToPath(new URL('./programs/main.mjs', import.meta.url));

test('ESM and CommonJS share a seat, workers of both find the pool by name, nothing keeps it alive', async () => {
  const child = spawn(process.execPath, [FILE], { stdio: ['ignore', 'pipe', 'pipe'] });
  // Whoever is kept alive is ended, and has no exit code then.
  const limit = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const [out, errors, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once('close', resolve)),
  ]);
  clearTimeout(limit);
  expect([code, errors]).toEqual([0, '']);
  const worker = { seat: 1, bytes: [1, 2, 3], code: 0 };
  expect(JSON.parse(out)).toEqual({
    seats: [0, 0],
    sameMemory: true,
    answers: [worker, worker],
    threadsAfter: 1,
    held: 0,
  });
});
