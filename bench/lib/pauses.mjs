/**
 * The pauses that the garbage collector makes in this thread, as the engine itself reports them.
 */
import { PerformanceObserver } from 'node:perf_hooks';

export const canObserve = PerformanceObserver.supportedEntryTypes.includes('gc');

/**
 * Starts watching. `end(since)` answers `{ count, totalMs, longestMs }` of the pauses after
 * `since`.
 */
export function watchPauses() {
  const entries = [];
  const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
  if (canObserve) observer.observe({ entryTypes: ['gc'] });
  return {
    /** `since` is a time of `performance.now()` in this thread. */
    async end(since) {
      if (!canObserve) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 50)); // entries come through the event loop
      entries.push(...observer.takeRecords());
      observer.disconnect();
      const pauses = entries.filter(({ startTime }) => startTime >= since);
      return {
        count: pauses.length,
        totalMs: pauses.reduce((sum, { duration }) => sum + duration, 0),
        longestMs: Math.max(0, ...pauses.map(({ duration }) => duration)),
      };
    },
  };
}

/** Both threads' pauses in one. */
export function addPauses(all) {
  if (all.includes(undefined)) return undefined;
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    totalMs: all.reduce((sum, { totalMs }) => sum + totalMs, 0),
    longestMs: Math.max(...all.map(({ longestMs }) => longestMs)),
  };
}
