/** The second consumer: measures each frame's levels while the first one writes it. */
import { workerData } from 'node:worker_threads';
import { STAGE, samplesIn } from './frames.mjs';
import { Levels } from './levels.mjs';
import { runStage, tellMain } from './stage.mjs';

const { format, news } = workerData;
const whole = new Levels(format.channels);
const lately = new Levels(format.channels);
let steps = 0;
let toldAtMs = 0;
let toldAtSeconds = 0;

await runStage({
  expects: STAGE.processed,
  work(frame) {
    const samples = samplesIn(frame.bytes, format.sampleType);
    whole.add(samples);
    lately.add(samples);
    steps += samples.length / format.channels;
    frame.release();
    tellNow(steps / format.sampleRate);
  },
  finish() {
    const seconds = steps / format.sampleRate;
    if (seconds > toldAtSeconds) tellMain({ levels: lately.read(), seconds });
    return { levels: whole.read(), seconds };
  },
});

/** Tells main the levels, but neither more often than an eye can follow nor than main asked for. */
function tellNow(seconds) {
  const nowMs = performance.now();
  if (nowMs - toldAtMs < news.everyMs || seconds - toldAtSeconds < news.everySeconds) return;
  tellMain({ levels: lately.read(), seconds });
  lately.reset();
  toldAtMs = nowMs;
  toldAtSeconds = seconds;
}
