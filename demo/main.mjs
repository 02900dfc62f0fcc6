#!/usr/bin/env node
/**
 * A recording runs through four threads that share its frames without copying them:
 *
 *   main reads -> a worker filters in place -> one worker writes the file, one meters the levels
 *
 * Whatever happens (a damaged file, a full disk, Ctrl-C): what is under way runs out, every worker
 * ends, and the audit accounts for every slot.
 */
import { FramePool } from 'frameslab';
import { clockSince } from './clock.mjs';
import { startCrew } from './crew.mjs';
import { AudioFileError, FRAME_SECONDS } from './frames.mjs';
import { CHANNELS, drainLinks, linkToFilter } from './links.mjs';
import { chooseOutput, readOptions, USAGE } from './options.mjs';
import { readFrames } from './reader.mjs';
import { openScreen } from './screen.mjs';
import { Stop } from './stop.mjs';
import { everySlotCameHome, row, summaryLines } from './summary.mjs';
import { verify } from './verify.mjs';
import { WavReader } from './wav-file.mjs';

const FRAMES = 64;
const THREADS = 4;
const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 };

process.exitCode = await main();

async function main() {
  const options = readOptions();
  if (options.mistake !== undefined) {
    process.stderr.write(`${options.mistake}\n\n${USAGE}`);
    return EXIT.usage;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return EXIT.ok;
  }
  try {
    const wav = new WavReader(options.inputPath);
    try {
      return await processFile(wav, options);
    } finally {
      wav.close();
    }
  } catch (error) {
    if (!(error instanceof AudioFileError)) throw error;
    return complain(error.message);
  }
}

async function processFile(wav, options) {
  const output = chooseOutput(options);
  say('reading', describe(wav, options.inputPath));
  const { account, stop } = await runThreads(wav, output.path, options);
  for (const line of summaryLines(account)) process.stdout.write(`${line}\n`);

  if (stop.firstFault !== undefined) {
    output.discard();
    return complain(stop.firstFault);
  }
  say('written', output.path);
  if (stop.interrupted) {
    say('interrupted', 'what had been read by then was filtered and written');
    return EXIT.interrupted;
  }
  if (options.verify) {
    const samples = verify(options.inputPath, output.path).toLocaleString('en');
    say('verified', `${samples} samples, recomputed in one thread, are the same bit for bit`);
  }
  return EXIT.ok;
}

/** Runs the sound through the threads. Returns when all have ended and the pool is closed. */
async function runThreads(wav, outputPath, { inputPath, paced, verify: guarded }) {
  const { format } = wav;
  const frameSteps = Math.max(1, Math.round(format.sampleRate * FRAME_SECONDS));
  const pool = FramePool.create({
    frameSizeBytes: frameSteps * wav.stride,
    frames: FRAMES,
    threadsMax: THREADS,
    channels: CHANNELS,
    guard: guarded ? 'verify' : 'off', // would notice a consumer that writes
  });
  const stop = new Stop();
  const screen = openScreen(process.stdout, wav.seconds, pool);
  const toFilter = linkToFilter(pool);
  const epochNs = process.hrtime.bigint();
  const clock = clockSince(epochNs);
  const shared = { epochNs, format, inputPath, outputPath, news: screen.news };
  const crew = startCrew(pool, shared, {
    onFault: (sentence) => stop.fault(sentence),
    onLevels: screen.show,
  });
  await crew.ready;
  const startedMs = clock();
  try {
    await readFrames(wav, pool, {
      frameSteps,
      clock,
      output: toFilter,
      paced,
      signal: stop.signal,
    });
  } catch (error) {
    stop.fault(error instanceof AudioFileError ? error.message : error.stack);
  }
  toFilter.close();
  const reports = await crew.reports;
  const elapsedMs = clock() - startedMs;
  screen.end();
  stop.disarm();
  const account = accountFor(reports, {
    elapsedMs,
    paced,
    stride: wav.stride,
    sampleRate: format.sampleRate,
  });
  return { account: { ...account, ...closePool(pool, stop) }, stop };
}

/** Main is the last to leave; by now every slot must be home. */
function closePool(pool, stop) {
  drainLinks(pool);
  const audit = pool.audit();
  const stats = pool.stats();
  if (!everySlotCameHome(audit)) stop.fault('a slot was lost: see the audit.');
  try {
    pool.close();
  } catch (error) {
    stop.fault(error.message);
  }
  return { audit, stats };
}

function accountFor({ filter, writer, meter }, { elapsedMs, paced, stride, sampleRate }) {
  const { levels = [], seconds = 0 } = meter?.result ?? {};
  const none = new Float64Array(0);
  return {
    work: {
      frames: meter?.hopsMs.length ?? 0,
      bytes: seconds * sampleRate * stride,
      seconds,
      elapsedMs,
      paced,
    },
    hops: {
      'read > filter': filter?.hopsMs ?? none,
      'filter > write': writer?.hopsMs ?? none,
      'filter > meter': meter?.hopsMs ?? none,
    },
    levels,
  };
}

function describe(wav, path) {
  const { channels, sampleRate } = wav.format;
  const sound = `${wav.seconds.toFixed(2)} s, ${channels} × ${wav.source} at ${sampleRate} Hz`;
  return `${path}: ${sound}`;
}

function say(name, text) {
  for (const line of row(name, text)) process.stdout.write(`${line}\n`);
}

function complain(sentence) {
  process.stderr.write(`${sentence}\n`);
  return EXIT.failed;
}
