/** The first consumer: writes each frame to the WAV file. */
import { workerData } from 'node:worker_threads';
import { AudioFileError, STAGE } from './frames.mjs';
import { runStage } from './stage.mjs';
import { WavWriter } from './wav-file.mjs';

const { format, outputPath } = workerData;
let writer;

await runStage({
  expects: STAGE.processed,
  work(frame) {
    orSay(() => {
      writer ??= new WavWriter(outputPath, format);
      writer.append(frame.bytes);
    });
    frame.release();
  },
  finish() {
    orSay(() => {
      writer ??= new WavWriter(outputPath, format); // no frame came: the sound has no samples
      try {
        writer.finish();
      } finally {
        writer.close();
      }
    });
  },
});

/** Does it, or says in a sentence why the disk would not. */
function orSay(write) {
  try {
    return write();
  } catch (error) {
    throw new AudioFileError(`${outputPath} cannot be written (${error.code ?? error.message}).`);
  }
}
