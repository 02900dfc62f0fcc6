/**
 * A pool's numbers in the text format of Prometheus, version 0.0.4.
 *
 * Invariant: every metric is written once, with its HELP and TYPE before all of its series,
 * whatever the number of pools: the format forbids to write a metric in two places.
 *
 * Pure; any thread. Allocates the text.
 */
import { InvalidOptionError } from '../errors.js';
import type { PoolStats } from '../inspect/stats.js';
import { checkedLabels, type Labels, METRICS, type Metric } from './catalog.js';

/** The `Content-Type` to serve the text with. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Options of `prometheusText`. */
export interface PrometheusOptions {
  /** What every name begins with. Default: `frameslab`. */
  readonly prefix?: string;
  /** Labels for every series. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * The numbers as text for a scrape: of one pool, or of several by name, which becomes the label
 * `pool`. Takes what `stats()` answered, here or in another process. Throws `InvalidOptionError`.
 */
export function prometheusText(
  stats: PoolStats | Readonly<Record<string, PoolStats>>,
  options: PrometheusOptions = {},
): string {
  const { prefix = 'frameslab', labels = {} } = options;
  // The format allows a colon as well; Prometheus keeps it for its own recording rules.
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(prefix)) {
    throw new InvalidOptionError(
      `prefix must have letters, digits and _ only, no digit first, got '${prefix}'`,
    );
  }
  checkedLabels('labels', labels);
  if (!isOne(stats) && labels['pool'] !== undefined) {
    throw new InvalidOptionError('labels must not be named pool where several pools are given');
  }
  const pools: (readonly [Labels, PoolStats])[] = isOne(stats)
    ? [[labels, stats]]
    : Object.entries(stats).map(([pool, numbers]) => [{ pool, ...labels }, numbers]);
  return METRICS.map((metric) => textOf(metric, prefix, pools)).join('');
}

function isOne(stats: PoolStats | Readonly<Record<string, PoolStats>>): stats is PoolStats {
  return typeof stats['frames'] === 'number';
}

/** `frames.free` -> `frameslab_frames_free`: words, unit, and `total` for what only grows. */
function nameOf(metric: Metric, prefix: string): string {
  const unit = metric.unit === 'By' ? '_bytes' : '';
  const total = metric.kind === 'counter' ? '_total' : '';
  return `${prefix}_${metric.name.replaceAll('.', '_')}${unit}${total}`;
}

function textOf(
  metric: Metric,
  prefix: string,
  pools: readonly (readonly [Labels, PoolStats])[],
): string {
  const name = nameOf(metric, prefix);
  const lines = pools.flatMap(([common, stats]) =>
    metric
      .read(stats)
      .map(({ value, labels }) => `${name}${braced({ ...common, ...labels })} ${value}\n`),
  );
  if (lines.length === 0) return '';
  return `# HELP ${name} ${metric.help}.\n# TYPE ${name} ${metric.kind}\n${lines.join('')}`;
}

function braced(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
