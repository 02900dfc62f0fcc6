/**
 * One clock for all threads.
 *
 * Node's hrtime is the machine's monotonic clock, the same in every thread. Bun's begins anew in
 * each worker; there every thread compares it with the wall clock when it starts.
 */

const FLIPS = 8;
const offset = process.versions.bun === undefined ? 0 : offsetFromWallClock();

/** Nanoseconds on a clock that all threads share. Allocates a BigInt. */
export function nanoseconds() {
  return Number(process.hrtime.bigint()) + offset;
}

/**
 * The wall clock says only milliseconds, but when it moves on, it says so at once. Whoever is
 * interrupted sees it late, so the greatest difference of a few is right.
 */
function offsetFromWallClock() {
  let greatest = Number.NEGATIVE_INFINITY;
  for (let flip = 0; flip < FLIPS; flip++) {
    const before = Date.now();
    let wall = before;
    while (wall === before) wall = Date.now();
    greatest = Math.max(greatest, (wall % 1e9) * 1e6 - Number(process.hrtime.bigint()));
  }
  return greatest;
}
