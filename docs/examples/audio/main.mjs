/**
 * A WAV file goes through two workers, and becomes a WAV file again.
 *
 * Main cuts the sound into frames of 20 ms and sends them into a queue. Whichever worker is free
 * takes the next, halves its volume where it lies, and sends the same frame back. They come back as
 * the workers finish; `sequence` says where each belongs.
 *
 *   node docs/examples/audio/main.mjs [input.wav]
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import wavefile from 'wavefile';

const clip = fileURLToPath(new URL('../../../demo/clip.wav', import.meta.url));
const input = readWav(process.argv[2] ?? clip);
const frameSamples = Math.round(input.sampleRate / 50) * input.channels;
const frames = Math.ceil(input.samples.length / frameSamples);

const pool = FramePool.create({
  frameSizeBytes: frameSamples * 2,
  frames: 32,
  channels: { raw: { capacity: 8 }, halved: { capacity: 8 } },
});
const workers = [start('./worker.mjs'), start('./worker.mjs')];
const ends = workers.map((worker) => once(worker, 'exit'));

const output = new Int16Array(input.samples.length);
await Promise.all([send(), collect()]);
await Promise.all(ends);

const path = join(mkdtempSync(join(tmpdir(), 'frameslab-')), 'halved.wav');
const wav = new wavefile.WaveFile();
wav.fromScratch(input.channels, input.sampleRate, '16', output);
writeFileSync(path, wav.toBuffer());

// What lies in the file is what it must be, and every frame came home.
const written = readWav(path);
assert.deepEqual(
  written.samples,
  input.samples.map((sample) => sample >> 1),
);
const { ok, held, inFlight } = pool.audit();
assert.deepEqual({ ok, held, inFlight }, { ok: true, held: 0, inFlight: 0 });
pool.close();
console.log(`${frames} frames of 20 ms went through ${workers.length} workers`);
console.log(`${written.samples.length} samples are halved exactly: ${path}`);

function start(file) {
  return pool.watch(new Worker(new URL(file, import.meta.url), { workerData: pool.ref }));
}

async function send() {
  for (let sequence = 0; sequence < frames; sequence++) {
    const frame = await pool.acquire(); // waits while all frames are under way
    frame.write(input.samples.subarray(sequence * frameSamples, (sequence + 1) * frameSamples));
    frame.sequence = sequence;
    await pool.channel('raw').send(frame);
  }
  pool.channel('raw').close(); // the workers drain it, and end
}

async function collect() {
  for (let count = 0; count < frames; count++) {
    const frame = await pool.channel('halved').receive();
    output.set(frame.view(Int16Array), frame.sequence * frameSamples);
    frame.release();
  }
}

function readWav(file) {
  const wav = new wavefile.WaveFile(readFileSync(file));
  if (wav.bitDepth !== '16') wav.toBitDepth('16');
  const { numChannels: channels, sampleRate } = wav.fmt;
  return { channels, sampleRate, samples: wav.getSamples(true, Int16Array) };
}
