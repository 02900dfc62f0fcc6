/**
 * The processing worker: filters each frame where it lies, and hands it to both consumers at once.
 */
import { workerData } from 'node:worker_threads';
import { Filter } from './filter.mjs';
import { AudioFileError, FRAME_SECONDS, STAGE, samplesIn } from './frames.mjs';
import { runStage } from './stage.mjs';

const { format, inputPath } = workerData;
const filter = new Filter(format.sampleRate, format.channels);

await runStage({
  expects: STAGE.raw,
  work(frame, handOver) {
    // `storage` and not `bytes`: it would refuse if anybody else could see this frame.
    const samples = samplesIn(frame.storage.subarray(0, frame.length), format.sampleType);
    if (!filter.process(samples)) {
      const seconds = (frame.sequence * FRAME_SECONDS).toFixed(2);
      throw new AudioFileError(
        `${inputPath} is damaged: the sound at ${seconds} s is not a number.`,
      );
    }
    frame.tag = STAGE.processed;
    return handOver(frame);
  },
  finish() {},
});
