/**
 * What the three workers have in common: take each frame that comes, work on it, say how long it
 * was under way, and see to it that every frame goes home, whatever happens.
 *
 * A stage that fails tells main and goes on receiving, so that what is still under way finds
 * somebody who releases it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { clockSince } from './clock.mjs';
import { AudioFileError } from './frames.mjs';
import { openLinks } from './links.mjs';

/**
 * Runs this worker's stage to its end.
 * `expects`: the frame's tag when it arrives. `work(frame, handOver)`: owns the frame, and either
 * hands it over or releases it. `finish()`: called once after the last frame, also after a failure;
 * what it returns goes to main.
 */
export async function runStage({ expects, work, finish }) {
  const pool = FramePool.attach(workerData.pool);
  const { input, output } = openLinks(pool, workerData.wiring);
  const clock = clockSince(workerData.epochNs);
  const hopsMs = [];
  let failed = false;

  const attempt = async (step) => {
    try {
      return await step();
    } catch (error) {
      failed = true;
      tellMain({ fault: error instanceof AudioFileError ? error.message : error.stack });
      return undefined;
    }
  };
  const handOver = (frame) => {
    frame.timestamp = clock();
    return output.send(frame);
  };

  tellMain({ ready: true });
  for await (const frame of input) {
    hopsMs.push(clock() - frame.timestamp);
    if (!failed) {
      await attempt(() => {
        expectInTurn(frame, hopsMs.length - 1, expects);
        return work(frame, handOver);
      });
    }
    if (!frame.released) frame.release();
  }
  output?.close();
  const result = await attempt(finish);
  pool.close();
  tellMain({ done: { hopsMs: Float64Array.from(hopsMs), result } });
}

/** Any news for main but the end. */
export function tellMain(news) {
  parentPort.postMessage(news);
}

function expectInTurn(frame, sequence, tag) {
  if (frame.sequence === sequence && frame.tag === tag) return;
  throw new Error(
    `frame ${sequence} at stage ${tag} was expected, ` +
      `and frame ${frame.sequence} at stage ${frame.tag} came`,
  );
}
