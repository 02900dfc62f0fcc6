/**
 * Packages that pages of the documentation import and that are not installed here. The real one is
 * checked by `npm run test:observability`.
 */
declare module '@opentelemetry/api' {
  export const metrics: {
    getMeter(name: string): import('frameslab/metrics').MeterLike<object>;
  };
}
