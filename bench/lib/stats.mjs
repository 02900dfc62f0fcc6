/** Numbers from samples: medians and quartiles, because a busy machine only ever adds time. */

/** The value below which the share `q` of the samples lies, interpolated. */
export function quantile(samples, q) {
  const sorted = Float64Array.from(samples).sort();
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

export const median = (samples) => quantile(samples, 0.5);

/** Median, quartiles and the least of them. */
export function spread(samples) {
  return {
    median: median(samples),
    q1: quantile(samples, 0.25),
    q3: quantile(samples, 0.75),
    min: quantile(samples, 0),
    samples: samples.length,
  };
}

/** Ratios of samples that were taken in the same round: drift of the machine cancels. */
export function pairedRatio(samples, yardstick) {
  const ratios = [];
  for (let k = 0; k < samples.length; k++) {
    if (yardstick[k] > 0) ratios.push(samples[k] / yardstick[k]);
  }
  return spread(ratios);
}

/** Three significant figures, without an exponent. */
export function figure(value) {
  if (!Number.isFinite(value)) return '–';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
