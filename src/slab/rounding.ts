/**
 * Sizes as caches like them: whole lines of 64 bytes, powers of two, frames that do not compete.
 *
 * Pure arithmetic; any thread.
 */

/** Ints in a cache line of 64 bytes. */
export const LINE = 16;
/** From here on two lines more are little. */
const STAGGERED_BYTES_MIN = 4096;

/** The ints of whole lines that hold `ints`. */
export const lineUp = (ints: number): number => Math.ceil(ints / LINE) * LINE;
/** The bytes of whole lines that hold `bytes`. */
export const bytesUp = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** The bytes of whole pairs of lines that hold `bytes`. */
export const pairsUp = (bytes: number): number => Math.ceil(bytes / 128) * 128;

/**
 * An odd number of pairs of lines, where that costs little. Frames at a power of two from each
 * other would compete for the same few sets of the cache with the bytes that are used most, their
 * first ones. Pairs, because processors fetch two lines at a time: neighbours must not share one.
 */
export const staggered = (bytes: number): number =>
  bytes < STAGGERED_BYTES_MIN || bytes % 256 === 128 ? bytes : Math.ceil(bytes / 256) * 256 + 128;

/** The smallest power of two that is at least `n`. */
export function powerOfTwo(n: number): number {
  return n <= 1 ? 1 : 1 << (32 - Math.clz32(n - 1));
}
