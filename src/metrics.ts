/**
 * The entry `frameslab/metrics`: `stats()` as Prometheus reads it and as OpenTelemetry collects it.
 * Platform-neutral, and apart from the slab: a program that does not import it carries nothing.
 */
export {
  type InstrumentOptions,
  type MeterLike,
  type ObservationsLike,
  type ObserveOptions,
  observeStats,
} from './metrics/opentelemetry.js';
export {
  PROMETHEUS_CONTENT_TYPE,
  type PrometheusOptions,
  prometheusText,
} from './metrics/prometheus.js';
