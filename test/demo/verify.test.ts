/** `--verify` is worth what it can notice. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLIP, CLIP_STEPS, demo, expectDone, folder, writeWav } from './demo.js';

const url = new URL('../../demo/verify.mjs', import.meta.url).href;
const { verify } = (await import(/* @vite-ignore */ url)) as {
  verify: (original: string, written: string) => number;
};

const { path, remove } = folder();
afterAll(remove);

const out = path('out.wav');
beforeAll(async () => expectDone(await demo([CLIP, '--out', out])));

test('what the threads wrote is what one thread computes', () => {
  expect(verify(CLIP, out)).toBe(2 * CLIP_STEPS);
});

test.for([44, 400_000, 880_043])('one other bit at byte %i is found', (at) => {
  const bytes = readFileSync(out);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path('flipped.wav'), bytes);
  expect(() => verify(CLIP, path('flipped.wav'))).toThrow(
    /differs from the recomputed sound after/,
  );
});

test('a sample too few or another rate is found', () => {
  const bytes = readFileSync(out);
  bytes.writeUInt32LE(880_000 - 4, 40);
  writeFileSync(path('short.wav'), bytes);
  expect(() => verify(CLIP, path('short.wav'))).toThrow(/in format or length/);
  writeWav(path('rate.wav'), { steps: CLIP_STEPS, channels: 2, sampleRate: 48_000 });
  expect(() => verify(CLIP, path('rate.wav'))).toThrow(/in format or length/);
});
