/**
 * Times work that several threads do together: rounds of a few milliseconds each, the variants in
 * turns, so that a busy minute hits all of them. How many items a round has is found in the warm-up.
 */
import { pairedRatio, spread } from './stats.mjs';

const COUNT_MIN = 4;
const COUNT_MAX = 2_000_000;
const GROWTH_MAX = 16;

/**
 * A variant is `{ name, round(count), countMax? }`, where `round` resolves to nanoseconds per item.
 * Ratios are to the variant with `yardstick: true`, if any.
 */
export async function measureAcrossThreads(variants, { rounds, roundMs, warmups }) {
  const state = variants.map(() => ({
    count: COUNT_MIN,
    best: Number.POSITIVE_INFINITY,
    samples: [],
  }));
  for (let round = -warmups; round < rounds; round++) {
    for (const [index, variant] of variants.entries()) {
      const { samples, count } = state[index];
      const sample = await variant.round(count);
      if (round >= 0) {
        samples.push(sample);
        continue;
      }
      // The best warm-up counts: one that shared its core with somebody says nothing about the rest.
      state[index].best = Math.min(state[index].best, sample);
      state[index].count = countFor(variant, state[index].best, count, roundMs);
    }
  }
  const yardstick = variants.findIndex((variant) => variant.yardstick === true);
  return variants.map((variant, index) => ({
    name: variant.name,
    ns: spread(state[index].samples),
    ratio: yardstick < 0 ? undefined : pairedRatio(state[index].samples, state[yardstick].samples),
    target: variant.target,
    note: variant.note,
  }));
}

function countFor({ countMax = COUNT_MAX }, sample, count, roundMs) {
  const wanted = Math.round((roundMs * 1e6) / sample);
  return Math.max(COUNT_MIN, Math.min(countMax, count * GROWTH_MAX, wanted));
}
