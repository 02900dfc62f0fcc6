/**
 * Times work that several threads do together: rounds of a few milliseconds each, the variants in
 * turns, so that a busy minute hits all of them. How many items a round has is found in the
 * warm-up.
 */
import { pairedRatio } from './stats.mjs';

const COUNT_MIN = 4;
const COUNT_MAX = 2_000_000;
const GROWTH_MAX = 16;

/**
 * A variant is `{ group, row, round(count), countMax? }`, where `round` resolves to nanoseconds per
 * item. Answers its samples, and their ratio to those of the row `base` of the same group, if any.
 */
export async function measureAcrossThreads(variants, { rounds, roundMs, warmups }, base) {
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
  return variants.map(({ group, row }, index) => {
    const { samples } = state[index];
    const other = variants.findIndex((v) => v.group === group && v.row === base);
    const ratio = other < 0 ? undefined : pairedRatio(samples, state[other].samples);
    return { group, row, samples, ratio };
  });
}

/** The pairs that `wanted` names, and the row `base` of each group among them. */
export function withBase(wanted, base) {
  const all = new Map();
  for (const [group, row] of wanted) {
    all.set(`${group} ${base}`, [group, base]).set(`${group} ${row}`, [group, row]);
  }
  return [...all.values()];
}

/** Leaves out what was measured for the sake of others. */
export function onlyWanted(results, wanted) {
  return results.filter(({ group, row }) => wanted.some(([g, r]) => g === group && r === row));
}

function countFor({ countMax = COUNT_MAX }, sample, count, roundMs) {
  const wanted = Math.round((roundMs * 1e6) / sample);
  return Math.max(COUNT_MIN, Math.min(countMax, count * GROWTH_MAX, wanted));
}
