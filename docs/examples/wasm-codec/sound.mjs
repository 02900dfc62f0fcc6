/** The sound that is encoded, and how to say how much of it is left. */

/** So many samples of a tone with overtones that swells slowly. */
export function tone(hertz, length, sampleRate) {
  const turn = (2 * Math.PI * hertz) / sampleRate;
  const overtone = (n, k) => Math.sin(n * turn * k) / 2 ** n;
  return Float32Array.from({ length }, (_, k) => {
    const wave = overtone(1, k) + overtone(2, k) + overtone(3, k);
    return wave * (0.5 + 0.4 * Math.sin(k / 30_000));
  });
}

/** How far the signal is above what was added to it, in decibels. */
export function signalToNoiseDb(signal, decoded) {
  let power = 0;
  let noise = 0;
  for (let k = 0; k < signal.length; k++) {
    power += signal[k] ** 2;
    noise += (signal[k] - decoded[k]) ** 2;
  }
  return 10 * Math.log10(power / noise);
}
