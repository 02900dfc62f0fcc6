/** The sound: known by its position, so whoever gets a piece can tell if it is right. */
export const SAMPLE_RATE = 48_000;
export const QUANTUM = 128; // samples that an AudioWorklet makes at a time
export const QUANTA = 750; // two seconds

export function sampleAt(position) {
  return Math.fround(0.2 * Math.sin((2 * Math.PI * 440 * position) / SAMPLE_RATE));
}
