/**
 * Main's own part of the work: the file's sound into frames, in order, as fast as frames come home.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import { ChannelClosedError } from 'frameslab';
import { STAGE } from './frames.mjs';

const FRAMES_PER_TURN = 16; // after so many the event loop gets its turn, for Ctrl-C and the screen

/**
 * Reads the whole file, `frameSteps` steps to a frame, and sends each frame to
 * `output`, which takes it over.
 * `paced`: not faster than the sound would play. Ends early, without an error, when `signal` is
 * aborted.
 */
export async function readFrames(wav, pool, { frameSteps, clock, output, paced, signal }) {
  const startedMs = clock();
  const total = Math.ceil(wav.length / frameSteps);
  for (let sequence = 0; sequence < total && !signal.aborted; sequence++) {
    const position = sequence * frameSteps;
    if (paced) await until(startedMs + (position / wav.format.sampleRate) * 1000, clock, signal);
    else if (sequence % FRAMES_PER_TURN === 0) await setImmediate();
    const frame = await acquire(pool, signal);
    if (frame === undefined) return;
    try {
      fill(frame, wav, position, Math.min(frameSteps, wav.length - position));
      frame.sequence = sequence;
      frame.tag = STAGE.raw;
      frame.timestamp = clock();
    } catch (error) {
      frame.release();
      throw error;
    }
    if (!(await send(output, frame, signal))) return;
  }
}

/** True once the frame was sent; false when nobody needs it any more: it goes home. */
async function send(output, frame, signal) {
  try {
    await output.send(frame, { signal });
    return true;
  } catch (error) {
    frame.release();
    if (signal.aborted || error instanceof ChannelClosedError) return false;
    throw error;
  }
}

/** The bytes go from the file to where they stay: into the frame. */
function fill(frame, wav, position, steps) {
  frame.length = wav.read(position, steps, frame.storage);
}

/** A frame, as soon as one is free; `undefined` when there's no more need for one. */
async function acquire(pool, signal) {
  try {
    return await pool.acquire(undefined, { signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

async function until(dueMs, clock, signal) {
  const waitMs = dueMs - clock();
  if (waitMs < 1) return;
  try {
    await setTimeout(waitMs, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
