/** The filter that both the threads and `--verify` use. */
import { expect, test } from 'vitest';
import { tones } from './demo.js';

interface FilterLike {
  process(samples: Int16Array | Float32Array): boolean;
}
type FilterClass = new (sampleRate: number, channels: number) => FilterLike;

const url = new URL('../../demo/filter.mjs', import.meta.url).href;
const { Filter } = (await import(/* @vite-ignore */ url)) as { Filter: FilterClass };

const RATE = 48_000;
const sine = (hertz: number, amplitude: number, steps = RATE): Float32Array =>
  Float32Array.from(
    { length: steps },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hertz * i) / RATE),
  );
const peakOf = (samples: Float32Array): number =>
  samples.reduce((m, v) => Math.max(m, Math.abs(v)), 0);

function after(samples: Float32Array, channels = 1): Float32Array {
  expect(new Filter(RATE, channels).process(samples)).toBe(true);
  return samples.subarray(samples.length / 2); // settled
}

test('how the sound is cut changes no bit of the result', () => {
  const [left = [], right = []] = tones(10_000, 2, RATE);
  const whole = Int16Array.from(
    { length: 20_000 },
    (_, i) => ((i % 2 ? right : left)[i >> 1] ?? 0) * 30_000,
  );
  const pieces = whole.slice();
  new Filter(RATE, 2).process(whole);
  const filter = new Filter(RATE, 2);
  for (let at = 0, size = 2; at < pieces.length; at += size, size = ((size * 7) % 1_998) | 0) {
    size += size % 2;
    filter.process(pieces.subarray(at, at + size));
  }
  expect(pieces).toEqual(whole);
});

test('a constant offset goes, rumble shrinks, the cutoff is at -3 dB, and a tone passes', () => {
  expect(peakOf(after(new Float32Array(RATE).fill(0.4)))).toBeLessThan(1e-6);
  expect(peakOf(after(sine(20, 0.4))) / 0.4).toBeLessThan(0.07);
  expect(peakOf(after(sine(80, 0.4))) / 0.4).toBeCloseTo(Math.SQRT1_2, 2);
  expect(peakOf(after(sine(1_000, 0.4))) / 0.4).toBeCloseTo(1, 2);
});

test('no sample passes the ceiling of half of full scale, however loud the sound is', () => {
  const loud = sine(440, 0.99);
  expect(new Filter(RATE, 1).process(loud)).toBe(true);
  expect(peakOf(loud)).toBeLessThanOrEqual(0.5);
  const absurd = sine(440, 1e30);
  expect(new Filter(RATE, 1).process(absurd)).toBe(true);
  expect(peakOf(absurd)).toBeLessThanOrEqual(0.5);
});

test('the limiter turns all channels down alike', () => {
  const stereo = new Float32Array(2 * RATE);
  const loud = sine(440, 0.9);
  for (let i = 0; i < RATE; i++) {
    stereo[2 * i] = loud[i] ?? 0;
    stereo[2 * i + 1] = (loud[i] ?? 0) / 3;
  }
  const settled = after(stereo, 2);
  const left = settled.filter((_, i) => i % 2 === 0);
  const right = settled.filter((_, i) => i % 2 === 1);
  expect(peakOf(left) / peakOf(right)).toBeCloseTo(3, 3);
});

test.for([Number.NaN, Number.POSITIVE_INFINITY])('%d in the sound is noticed', (value) => {
  const samples = sine(440, 0.5, 100);
  samples[50] = value;
  expect(new Filter(RATE, 1).process(samples)).toBe(false);
});
