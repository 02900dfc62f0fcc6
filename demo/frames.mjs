/** What the demo's threads agree on about a frame, beside its bytes. */

/** `frame.tag`: how far a frame has come. Who gets one out of turn says so. */
export const STAGE = { raw: 1, processed: 2 };

/**
 * `frame.sequence` counts the frames; `frame.timestamp` says when it was handed over, by
 * `clock.mjs`.
 */
export const FRAME_SECONDS = 0.02;

/** The samples in a frame's bytes, in place: `Int16Array` or `Float32Array`. */
export function samplesIn(bytes, sampleType) {
  const Samples = sampleType === 'int16' ? Int16Array : Float32Array;
  return new Samples(bytes.buffer, bytes.byteOffset, bytes.byteLength / Samples.BYTES_PER_ELEMENT);
}

/** A fault of the file or the disk, not of the program: told in one sentence, without a stack. */
export class AudioFileError extends Error {}
