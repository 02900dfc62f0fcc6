/**
 * The same work once more, in one thread and without the library: reads the file, filters it, and
 * compares with what the threads wrote, bit for bit. The pieces are of another size than the frames
 * on purpose.
 */
import { Buffer } from 'node:buffer';
import { Filter } from './filter.mjs';
import { AudioFileError, samplesIn } from './frames.mjs';
import { WavReader } from './wav-file.mjs';

const PIECE_STEPS = 10_007;

/**
 * Compares `written` with what `original` must become; returns the samples compared. Throws at the
 * first other bit.
 */
export function verify(original, written) {
  const input = new WavReader(original);
  try {
    const output = new WavReader(written);
    try {
      return compare(input, output, written);
    } finally {
      output.close();
    }
  } finally {
    input.close();
  }
}

function compare(input, output, written) {
  const { channels, sampleRate, sampleType } = input.format;
  const { format } = output;
  const alike =
    format.channels === channels &&
    format.sampleRate === sampleRate &&
    format.sampleType === sampleType &&
    output.length === input.length;
  if (!alike) {
    throw new AudioFileError(`${written} differs from the recomputed sound in format or length.`);
  }
  const filter = new Filter(sampleRate, channels);
  const expected = new Uint8Array(PIECE_STEPS * input.stride);
  const found = new Uint8Array(PIECE_STEPS * input.stride);
  for (let position = 0; position < input.length; position += PIECE_STEPS) {
    const steps = Math.min(PIECE_STEPS, input.length - position);
    const bytes = input.read(position, steps, expected);
    filter.process(samplesIn(expected.subarray(0, bytes), sampleType));
    output.read(position, steps, found);
    if (Buffer.compare(expected.subarray(0, bytes), found.subarray(0, bytes)) !== 0) {
      const seconds = (position / sampleRate).toFixed(3);
      throw new AudioFileError(`${written} differs from the recomputed sound after ${seconds} s.`);
    }
  }
  return input.length * channels;
}
