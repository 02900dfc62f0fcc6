/**
 * A pool's numbers as observable instruments of OpenTelemetry.
 *
 * Invariant: one `stats()` per collection, whatever the number of instruments: all numbers that are
 * collected together are of one reading.
 *
 * In the thread that has the pool. Works with a `Meter` of `@opentelemetry/api`; imports nothing.
 */
import { InvalidOptionError, PoolClosedError } from '../errors.js';
import type { PoolStats } from '../inspect/stats.js';
import { checkedLabels, type Labels, METRICS } from './catalog.js';

/** Where a callback puts the numbers: `BatchObservableResult` of `@opentelemetry/api`. */
export interface ObservationsLike<Instrument> {
  /** Notes one value of an instrument. */
  observe(instrument: Instrument, value: number, attributes: Record<string, string>): void;
}

/** `Meter` of `@opentelemetry/api`, as far as it is used here. */
export interface MeterLike<Instrument> {
  /** Makes an instrument for a number that goes up and down. */
  createObservableGauge(name: string, options: InstrumentOptions): Instrument;
  /** Makes an instrument for a number that only goes up. */
  createObservableCounter(name: string, options: InstrumentOptions): Instrument;
  /** From now on the callback is called at every collection. */
  addBatchObservableCallback(
    callback: (result: ObservationsLike<Instrument>) => void,
    instruments: Instrument[],
  ): void;
  /** From now on it is not called any more. */
  removeBatchObservableCallback(
    callback: (result: ObservationsLike<Instrument>) => void,
    instruments: Instrument[],
  ): void;
}

/** What an instrument is made with. */
export interface InstrumentOptions {
  /** One sentence. */
  description: string;
  /** As the Unified Code for Units of Measure writes it. */
  unit: string;
}

/** Options of `observeStats`. */
export interface ObserveOptions {
  /** What every name begins with. Default: `frameslab`. */
  readonly prefix?: string;
  /** Attributes of every series: the pool's name above all, where there are several. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * Observes a pool with this meter until the answered function is called, or this thread has closed
 * the pool. Call it for each pool in one thread only: the numbers are those of the whole slab.
 * Throws `InvalidOptionError`.
 */
export function observeStats<Instrument>(
  meter: MeterLike<Instrument>,
  pool: { stats(): PoolStats },
  options: ObserveOptions = {},
): () => void {
  const { prefix = 'frameslab', attributes = {} } = options;
  if (!/^[a-zA-Z][a-zA-Z0-9_.\-/]*$/.test(prefix)) {
    throw new InvalidOptionError(
      `prefix must have letters, digits, _ . - and / only, a letter first, got '${prefix}'`,
    );
  }
  const common: Labels = { ...checkedLabels('attributes', attributes) };
  const instruments = METRICS.map(({ name, kind, unit, help }) => {
    const made = { description: `${help}.`, unit };
    return kind === 'counter'
      ? meter.createObservableCounter(`${prefix}.${name}`, made)
      : meter.createObservableGauge(`${prefix}.${name}`, made);
  });
  const observe = (result: ObservationsLike<Instrument>): void => {
    const stats = statsOf(pool);
    if (stats === undefined) stop();
    else
      METRICS.forEach((metric, k) => {
        for (const { value, labels } of metric.read(stats)) {
          result.observe(instruments[k] as Instrument, value, { ...common, ...labels });
        }
      });
  };
  const stop = (): void => meter.removeBatchObservableCallback(observe, instruments);
  meter.addBatchObservableCallback(observe, instruments);
  return stop;
}

/** The numbers, or `undefined` once this thread has closed the pool. */
function statsOf(pool: { stats(): PoolStats }): PoolStats | undefined {
  try {
    return pool.stats();
  } catch (fault) {
    if (fault instanceof PoolClosedError) return undefined;
    throw fault;
  }
}
