/** An AudioWorklet is a thread that may neither block nor wait. */
import { FramePool } from '../../../dist/index.js';
import { allHome, check, equal, within } from '../check.mjs';

const QUANTUM = 128;
/** The context stops after so many quanta, and the page sends as many frames. */
const STRETCH = 8;
const STRETCHES = 40;
const RATE = 48_000;

/** The sample at a moment: exactly a 32-bit float, and unlike its neighbours. */
const sampleAt = (k) => Math.fround(Math.sin(k * 0.37) * 0.9);

async function played() {
  const pool = FramePool.create({
    frameSizeBytes: QUANTUM * 4,
    frames: 12,
    threadsMax: 2,
    cacheFrames: 2,
    channels: { sound: { capacity: STRETCH } },
  });
  const quanta = STRETCH * STRETCHES;
  const context = new OfflineAudioContext(1, quanta * QUANTUM, RATE);
  await context.audioWorklet.addModule(new URL('../worklet.mjs', import.meta.url));
  const player = new AudioWorkletNode(context, 'player', {
    processorOptions: { ref: pool.ref, quanta },
    numberOfInputs: 0,
    outputChannelCount: [1],
  });
  let fail;
  const broken = new Promise((_, reject) => {
    fail = reject;
    player.onprocessorerror = () => reject(new Error('the processor threw'));
  });
  const report = new Promise((resolve) => {
    player.port.onmessage = ({ data }) => resolve(data);
  });
  player.connect(context.destination);

  const sound = pool.channel('sound');
  const feed = async (stretch) => {
    for (let k = 0; k < STRETCH; k++) {
      const frame = await pool.acquire(QUANTUM * 4, { timeoutMs: 5000 });
      const samples = new Float32Array(frame.storage.buffer, frame.byteOffset, QUANTUM);
      const from = (stretch * STRETCH + k) * QUANTUM;
      for (let n = 0; n < QUANTUM; n++) samples[n] = sampleAt(from + n);
      check(sound.trySend(frame), `stretch ${stretch}: the channel had no room`);
    }
  };
  await feed(0);
  for (let stretch = 1; stretch < STRETCHES; stretch++) {
    const stop = context.suspend((stretch * STRETCH * QUANTUM) / RATE);
    stop.then(() => feed(stretch)).then(() => context.resume(), fail);
  }
  const rendering = Promise.race([context.startRendering(), broken]);
  const rendered = await within(20_000, rendering, 'the rendering');

  const { missed } = await within(5000, Promise.race([report, broken]), 'the end of the worklet');
  equal(missed, 0, 'quanta without a frame');
  const samples = rendered.getChannelData(0);
  equal(samples.length, quanta * QUANTUM, 'samples');
  for (let k = 0; k < samples.length; k++) {
    if (samples[k] !== sampleAt(k)) equal(samples[k], sampleAt(k), `sample ${k}`);
  }
  allHome(pool);
  pool.close();
}

export const laws = {
  'an AudioWorklet plays frames out of a channel, every sample is right': played,
};
