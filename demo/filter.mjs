/**
 * What the processing worker does to the sound: a high-pass filter against rumble, then a gentle
 * limiter.
 *
 * 1. In place, on interleaved samples, 16-bit integers or 32-bit floats.
 * 2. Its state runs on from call to call, one filter per channel: how the sound is cut into calls
 *    changes no bit of the result. That is what `--verify` checks.
 *
 * High-pass: Robert Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter
 * coefficients", HPF, https://www.w3.org/TR/audio-eq-cookbook/, in transposed direct form II.
 *
 * Limiter: a peak detector with instant attack and smooth release, and one gain for all channels,
 * so that the stereo image stays. D. Giannoulis, M. Massberg, J. D. Reiss, "Digital Dynamic Range
 * Compressor Design: A Tutorial and Analysis", J. Audio Eng. Soc. 60(6), 2012.
 */
const CUTOFF_HZ = 80;
const QUALITY = Math.SQRT1_2; // Butterworth: flat above the cutoff, -3 dB at it
const CEILING = 0.5; // -6 dBFS
const RELEASE_SECONDS = 0.2;
const SILENCE = 1e-30; // far below any sample; a state below it would become denormal: slow

export class Filter {
  #b0;
  #b1;
  #a1;
  #a2;
  #z1;
  #z2;
  #filtered;
  #release;
  #envelope = 0;

  constructor(sampleRate, channels) {
    const cutoffHz = Math.min(CUTOFF_HZ, sampleRate / 8); // below half of any rate
    const omega = (2 * Math.PI * cutoffHz) / sampleRate;
    const alpha = Math.sin(omega) / (2 * QUALITY);
    const a0 = 1 + alpha;
    this.#b0 = (1 + Math.cos(omega)) / 2 / a0; // b2 is the same
    this.#b1 = -(1 + Math.cos(omega)) / a0;
    this.#a1 = (-2 * Math.cos(omega)) / a0;
    this.#a2 = (1 - alpha) / a0;
    this.#z1 = new Float64Array(channels);
    this.#z2 = new Float64Array(channels);
    this.#filtered = new Float64Array(channels);
    this.#release = Math.exp(-1 / (RELEASE_SECONDS * sampleRate));
  }

  /** Filters interleaved samples in place. False: the sound held something that is not a number. */
  process(samples) {
    const integers = samples instanceof Int16Array;
    const channels = this.#z1.length;
    for (let at = 0; at < samples.length; at += channels) {
      const gain = this.#gainFor(this.#highPass(samples, at, integers ? 1 / 32768 : 1));
      for (let channel = 0; channel < channels; channel++) {
        const value = this.#filtered[channel] * gain;
        samples[at + channel] = integers ? Math.round(value * 32768) : value;
      }
    }
    return this.#z1.every(Number.isFinite) && Number.isFinite(this.#envelope);
  }

  /** One sample of each channel into `#filtered`; returns the largest magnitude. */
  #highPass(samples, at, scale) {
    const z1 = this.#z1;
    const z2 = this.#z2;
    let peak = 0;
    for (let channel = 0; channel < z1.length; channel++) {
      const x = samples[at + channel] * scale;
      const y = this.#b0 * x + z1[channel];
      z1[channel] = settle(this.#b1 * x - this.#a1 * y + z2[channel]);
      z2[channel] = settle(this.#b0 * x - this.#a2 * y);
      this.#filtered[channel] = y;
      peak = Math.max(peak, Math.abs(y));
    }
    return peak;
  }

  /** The limiter: never lets a sample past the ceiling, recovers over the release time. */
  #gainFor(peak) {
    const falling = this.#release * this.#envelope + (1 - this.#release) * peak;
    this.#envelope = settle(Math.max(peak, falling));
    return this.#envelope > CEILING ? CEILING / this.#envelope : 1;
  }
}

function settle(value) {
  return value < SILENCE && value > -SILENCE ? 0 : value;
}
