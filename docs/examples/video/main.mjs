/**
 * A 1080p film goes through a filter to a screen that is too slow for it.
 *
 *   main: Y4M file -> frame, 24 a second  >  filter: inverts it in place  >  screen: 7 a second
 *
 * The screen's channel is `drop-oldest` with room for two: the film never waits for the screen, and
 * the screen gets the newest pictures, whole and in order. What it misses is counted, and goes back
 * into the pool at once. The film is made here, so the example needs no asset.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { draw, HEIGHT, PICTURE_BYTES, WIDTH } from './picture.mjs';
import { openY4m, writeY4m } from './y4m.mjs';

const PICTURES = 30;
const RATE = 24;
const folder = mkdtempSync(join(tmpdir(), 'frameslab-'));
process.once('exit', () => rmSync(folder, { recursive: true }));
const path = join(folder, 'film.y4m');
await writeY4m(path, { width: WIDTH, height: HEIGHT, rate: RATE, pictures: PICTURES, draw });
console.log(`a film of ${PICTURES} pictures, ${WIDTH} x ${HEIGHT}, ${PICTURE_BYTES} bytes each`);

const pool = FramePool.create({
  frameSizeBytes: PICTURE_BYTES,
  frames: 8, // 2 on their way to the filter, 2 to the screen, and one in each hand
  channels: {
    film: { capacity: 2 },
    screen: { capacity: 2, mode: 'broadcast', whenFull: 'drop-oldest' },
  },
});
const screen = start('./screen.mjs');
await once(screen, 'message'); // it has subscribed
const filter = start('./filter.mjs');
const report = once(screen, 'message');
const ends = [once(filter, 'exit'), once(screen, 'exit')];

const film = await openY4m(path);
const begun = performance.now();
for (let sequence = 0; ; sequence++) {
  const frame = await pool.acquire(film.pictureBytes);
  if (!(await film.read(frame.storage))) {
    frame.release();
    break;
  }
  frame.sequence = sequence;
  await pause(Math.max(0, begun + (sequence * 1000) / RATE - performance.now()));
  await pool.channel('film').send(frame);
}
pool.channel('film').close();
await film.close();

const [shown] = await report;
await Promise.all(ends);
const { dropped } = pool.channel('screen');
console.log(`shown: ${shown.join(' ')}`);
console.log(`${shown.length} shown, ${dropped} dropped`);

// Each was whole (the screen looked); they came in order, the newest too; nothing is missing.
assert.ok(shown.every((sequence, k) => k === 0 || sequence > shown[k - 1]));
assert.equal(shown.at(-1), PICTURES - 1);
assert.equal(shown.length + dropped, PICTURES);
const { ok, held, inFlight, inLanes } = pool.audit();
assert.deepEqual({ ok, held, inFlight, inLanes }, { ok: true, held: 0, inFlight: 0, inLanes: 0 });
pool.close();
console.log('every picture was whole and in order, every frame came home');

function start(file) {
  return pool.watch(new Worker(new URL(file, import.meta.url), { workerData: pool.ref }));
}
