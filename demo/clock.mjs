/**
 * One monotonic clock for all threads, in milliseconds since `epochNs`.
 *
 * `performance.timeOrigin + performance.now()` would not do: on Node 20 two threads' sums differ by
 * up to a millisecond, ten times the latencies measured here. `process.hrtime` is one clock for the
 * process, but its bigint is slow; so each thread measures once how far its `performance.now()`
 * lies from it.
 */
export function clockSince(epochNs) {
  let offsetMs = -Infinity;
  // A pause between the two readings makes the offset look smaller, never larger: keep the largest.
  for (let tries = 0; tries < 16; tries++) {
    const sinceEpochMs = Number(process.hrtime.bigint() - epochNs) / 1e6;
    offsetMs = Math.max(offsetMs, sinceEpochMs - performance.now());
  }
  return () => performance.now() + offsetMs;
}
