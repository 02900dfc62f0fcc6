/** An AudioWorklet is a thread that may neither block nor wait. */
import { FramePool } from '../../../dist/index.js';
import { allHome, check, equal, within } from '../check.mjs';

const QUANTUM = 128;
/** A suspended context stops after so many quanta, and the page sends as many frames. */
const STRETCH = 8;
const STRETCHES = 40;
const QUANTA = STRETCH * STRETCHES;
const RATE = 48_000;

/** The sample at a moment: exactly a 32-bit float, and unlike its neighbours. */
const sampleAt = (k) => Math.fround(Math.sin(k * 0.37) * 0.9);

function soundPool() {
  return FramePool.create({
    frameSizeBytes: QUANTUM * 4,
    frames: 12,
    threadsMax: 2,
    cacheFrames: 2,
    channels: { sound: { capacity: STRETCH } },
  });
}

/** A frame with the samples of one quantum. */
async function soundAt(pool, quantum) {
  const frame = await pool.acquire(QUANTUM * 4, { timeoutMs: 20_000 });
  const samples = new Float32Array(frame.storage.buffer, frame.byteOffset, QUANTUM);
  for (let n = 0; n < QUANTUM; n++) samples[n] = sampleAt(quantum * QUANTUM + n);
  return frame;
}

/** A worklet that plays the pool's channel; answers its end, and `fail` and `broken` for faults. */
async function playerOf(context, pool, patient) {
  await context.audioWorklet.addModule(new URL('../worklet.mjs', import.meta.url));
  const player = new AudioWorkletNode(context, 'player', {
    processorOptions: { ref: pool.ref, quanta: QUANTA, patient },
    numberOfInputs: 0,
    outputChannelCount: [1],
  });
  let fail;
  const broken = new Promise((_, reject) => {
    fail = reject;
    player.onprocessorerror = () => reject(new Error('the processor threw'));
  });
  broken.catch(() => undefined);
  const report = new Promise((resolve) => {
    player.port.onmessage = ({ data }) => resolve(data);
  });
  player.connect(context.destination);
  return { ended: Promise.race([report, broken]), broken, fail };
}

/** Every sample is the one that the page sent for that moment. */
async function checkSound(rendered, { ended, broken }, pool) {
  const sound = await within(40_000, Promise.race([rendered, broken]), 'the rendering');
  const { missed } = await within(5000, ended, 'the end of the worklet');
  equal(missed, 0, 'quanta without a frame');
  const samples = sound.getChannelData(0);
  equal(samples.length, QUANTA * QUANTUM, 'samples');
  for (let k = 0; k < samples.length; k++) {
    if (samples[k] !== sampleAt(k)) equal(samples[k], sampleAt(k), `sample ${k}`);
  }
  allHome(pool);
  pool.close();
}

/** The page sends while the context is suspended; `process` looks once per quantum. */
async function inStretches() {
  const pool = soundPool();
  const context = new OfflineAudioContext(1, QUANTA * QUANTUM, RATE);
  const player = await playerOf(context, pool, false);
  const sound = pool.channel('sound');
  const feed = async (stretch) => {
    for (let k = 0; k < STRETCH; k++) {
      const frame = await soundAt(pool, stretch * STRETCH + k);
      check(sound.trySend(frame), `stretch ${stretch}: the channel had no room`);
    }
  };
  await feed(0);
  for (let stretch = 1; stretch < STRETCHES; stretch++) {
    const stop = context.suspend((stretch * STRETCH * QUANTUM) / RATE);
    stop.then(() => feed(stretch)).then(() => context.resume(), player.fail);
  }
  await checkSound(context.startRendering(), player, pool);
}

/** The page sends while the worklet plays: both at once, with room for a few frames between. */
async function atOnce() {
  const pool = soundPool();
  const context = new OfflineAudioContext(1, QUANTA * QUANTUM, RATE);
  const player = await playerOf(context, pool, true);
  const feed = async () => {
    const sound = pool.channel('sound');
    for (let quantum = 0; quantum < QUANTA; quantum++) {
      await sound.send(await soundAt(pool, quantum), { timeoutMs: 20_000 });
    }
  };
  const rendered = context.startRendering();
  feed().catch(player.fail);
  await checkSound(rendered, player, pool);
}

const canSuspend = () => typeof globalThis.OfflineAudioContext?.prototype.suspend === 'function';

export const laws = {
  'an AudioWorklet plays frames out of a channel, every sample is right': {
    law: inStretches,
    lacks: () => (canSuspend() ? '' : 'OfflineAudioContext.suspend'),
  },
  'so does one that plays while the page sends': atOnce,
};
