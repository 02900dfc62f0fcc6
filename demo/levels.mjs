/**
 * Peak and RMS of each channel over a stretch of sound, 1 being full scale. Reads samples, never
 * writes.
 */
export class Levels {
  #peaks;
  #squares;
  #count = 0;

  constructor(channels) {
    this.#peaks = new Float64Array(channels);
    this.#squares = new Float64Array(channels);
  }

  add(samples) {
    const scale = samples instanceof Int16Array ? 1 / 32768 : 1;
    const channels = this.#peaks.length;
    for (let channel = 0; channel < channels; channel++) {
      let peak = this.#peaks[channel];
      let squares = 0;
      for (let at = channel; at < samples.length; at += channels) {
        const value = samples[at] * scale;
        squares += value * value;
        peak = Math.max(peak, Math.abs(value));
      }
      this.#peaks[channel] = peak;
      this.#squares[channel] += squares;
    }
    this.#count += samples.length / channels;
  }

  /**
   * One `{ peak, rms }` for each channel in dBFS: a square wave at full scale is 0, silence is
   * -Infinity.
   */
  read() {
    return Array.from(this.#peaks, (peak, channel) => ({
      peak: 20 * Math.log10(peak),
      rms: 10 * Math.log10(this.#count === 0 ? 0 : this.#squares[channel] / this.#count),
    }));
  }

  reset() {
    this.#peaks.fill(0);
    this.#squares.fill(0);
    this.#count = 0;
  }
}
