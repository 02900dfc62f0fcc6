/**
 * A file is hashed and compressed while it is read, without a copy between the stages.
 *
 *   main: file -> frame  >  hasher: sha256  >  two compressors: gzip  >  main: frame -> file
 *
 * The operating system reads straight into a frame and writes straight from one. Each piece becomes
 * a gzip member of its own (a file of several is a gzip file too), so the compressors need not
 * wait for each other; main puts their results back in order.
 *
 *   node docs/examples/hash-compress/main.mjs [file]
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import { FramePool } from 'frameslab';

const PIECE = 65_536;
const LAST = 1; // the tag of the empty piece at the end
const path = process.argv[2] ?? fileURLToPath(new URL('../../../demo/clip.wav', import.meta.url));
const packedPath = join(mkdtempSync(join(tmpdir(), 'frameslab-')), 'packed.gz');

const pool = FramePool.create({
  frameSizeBytes: PIECE + 1024, // what does not compress becomes a little longer
  frames: 24,
  channels: { pieces: { capacity: 4 }, hashed: { capacity: 4 }, packed: { capacity: 4 } },
});
const hasher = start('./hasher.mjs');
const workers = [hasher, start('./compressor.mjs'), start('./compressor.mjs')];
const ends = workers.map((worker) => once(worker, 'exit'));
const hashed = once(hasher, 'message');
const [[digest], packedBytes] = await Promise.all([hashed, writePacked(), readPieces()]);
await Promise.all(ends);

// The file can be had back, the hash is right, and every frame came home.
const original = readFileSync(path);
const packed = readFileSync(packedPath);
assert.equal(packed.length, packedBytes);
assert.ok(gunzipSync(packed).equals(original), 'the unpacked file differs from the original');
assert.equal(digest, createHash('sha256').update(original).digest('hex'));
const { ok, held, inFlight } = pool.audit();
assert.deepEqual({ ok, held, inFlight }, { ok: true, held: 0, inFlight: 0 });
pool.close();
console.log(`sha256 ${digest}`);
console.log(`${original.length} bytes became ${packed.length}: ${packedPath}`);
console.log('unpacked, they are the same bytes');

function start(file) {
  return pool.watch(new Worker(new URL(file, import.meta.url), { workerData: pool.ref }));
}

async function readPieces() {
  const file = await open(path);
  for (let sequence = 0; ; sequence++) {
    const frame = await pool.acquire();
    const { bytesRead } = await file.read(frame.storage, 0, PIECE); // straight into the slab
    frame.length = bytesRead;
    frame.sequence = sequence;
    frame.tag = bytesRead === 0 ? LAST : 0;
    await pool.channel('pieces').send(frame);
    if (bytesRead === 0) break;
  }
  pool.channel('pieces').close();
  await file.close();
}

async function writePacked() {
  const file = await open(packedPath, 'wx');
  const early = new Map(); // sequence -> a frame that overtook others
  let next = 0;
  let bytes = 0;
  for (let last = false; !last; ) {
    const frame = await pool.channel('packed').receive();
    early.set(frame.sequence, frame);
    for (let turn = early.get(next); turn !== undefined; turn = early.get(next)) {
      early.delete(next++);
      last = turn.tag === LAST;
      bytes += (await file.write(turn.bytes)).bytesWritten;
      turn.release();
    }
  }
  await file.close();
  return bytes;
}
