/** Where the ints of the shared signals stand. */
export const GO = 0;
export const STOP = 1;
export const COUNT = 2;
/** Free for the test's own use from here on. */
export const OWN = 16;

/** Blocks until main says go. */
export function waitForGo(signals) {
  Atomics.wait(signals, GO, 0);
}

/** True once main says stop. */
export function stopped(signals) {
  return Atomics.load(signals, STOP) !== 0;
}
