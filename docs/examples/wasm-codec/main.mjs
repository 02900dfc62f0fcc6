/**
 * A WebAssembly codec works on frames where they lie: the slab is inside the codec's own memory.
 *
 *   main: sound -> frame, in the codec's memory  >  encoder: Ogg Vorbis in place  >  main: .ogg
 *
 * The result is decoded by another library and compared with what went in: it must have the same
 * length, and sound the same (Vorbis is lossy: the signal has to be 20 dB above the difference).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { install } from '../install.mjs';
import { signalToNoiseDb, tone } from './sound.mjs';

install('wasm-codec', {
  'wasm-media-encoders': '0.7.0',
  '@wasm-audio-decoders/ogg-vorbis': '0.1.20',
});
const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis');

const stream = { channels: 2, sampleRate: 48_000, quality: 6 };
const SAMPLES = 5 * stream.sampleRate;
const FRAME_SAMPLES = 960; // 20 ms
const SIGNAL_TO_NOISE_MIN_DB = 20;
const sound = [220, 330].map((hertz) => tone(hertz, SAMPLES, stream.sampleRate));

const encoder = new Worker(new URL('./encoder.mjs', import.meta.url), {
  workerData: {
    stream,
    pool: {
      frameSizeBytes: FRAME_SAMPLES * stream.channels * 4,
      frames: 24,
      channels: { sound: { capacity: 8 }, packed: { capacity: 8 } },
    },
  },
});
const [ref] = await once(encoder, 'message');
const pool = FramePool.attach(ref);
pool.watch(encoder);
const [report, end] = [once(encoder, 'message'), once(encoder, 'exit')];

const [ogg] = await Promise.all([collect(), send()]);
const [bytesIn] = await report;
await end;
const path = join(mkdtempSync(join(tmpdir(), 'frameslab-')), 'chord.ogg');
writeFileSync(path, ogg);
console.log(`${bytesIn} bytes of samples, encoded in place, became ${ogg.length}: ${path}`);

const decoder = new OggVorbisDecoder();
await decoder.ready;
const { channelData, errors } = await decoder.decodeFile(ogg);
decoder.free();
assert.deepEqual(errors, []);
assert.equal(channelData.length, stream.channels);
for (const [channel, samples] of channelData.entries()) {
  assert.equal(samples.length, SAMPLES, `samples of channel ${channel}`);
  const db = signalToNoiseDb(sound[channel], samples);
  console.log(`channel ${channel}: ${samples.length} samples, ${db.toFixed(1)} dB above the noise`);
  assert.ok(db >= SIGNAL_TO_NOISE_MIN_DB, `channel ${channel} does not sound the same`);
}
const { ok, held, inFlight } = pool.audit();
assert.deepEqual({ ok, held, inFlight }, { ok: true, held: 0, inFlight: 0 });
pool.close();

async function send() {
  for (let from = 0; from < SAMPLES; from += FRAME_SAMPLES) {
    const frame = await pool.acquire();
    for (const samples of sound) {
      const piece = samples.subarray(from, from + FRAME_SAMPLES);
      frame.write(piece, frame.length); // one channel after the other
    }
    await pool.channel('sound').send(frame);
  }
  pool.channel('sound').close();
}

async function collect() {
  const pieces = [];
  for await (const frame of pool.channel('packed')) {
    pieces.push(frame.copy());
    frame.release();
  }
  return Buffer.concat(pieces);
}
