/** The page: starts the others, draws what was played, and checks every sample. It never blocks. */
import { FramePool } from '/frameslab/index.js';
import { QUANTA, QUANTUM, SAMPLE_RATE, sampleAt } from './tone.mjs';

const button = document.querySelector('button');
const output = document.querySelector('output');
const canvas = document.querySelector('canvas');

button.addEventListener('click', async () => {
  button.disabled = true;
  output.textContent = await play().catch((fault) => `wrong: ${fault.message}`);
  output.className = 'done';
});

async function play() {
  const pool = FramePool.create({
    frameSizeBytes: QUANTUM * 4,
    frames: 128,
    channels: { sound: { capacity: 32 }, played: { capacity: 64 } },
  });
  const synth = new Worker(new URL('./synth.mjs', import.meta.url), { type: 'module' });
  pool.watch(synth);
  synth.postMessage(pool.ref);

  const context = new AudioContext({ sampleRate: SAMPLE_RATE });
  await context.audioWorklet.addModule(new URL('./player.mjs', import.meta.url));
  const player = new AudioWorkletNode(context, 'player', {
    numberOfInputs: 0,
    outputChannelCount: [1],
    processorOptions: pool.ref,
  });
  const report = new Promise((resolve, reject) => {
    player.port.onmessage = ({ data }) => resolve(data);
    player.onprocessorerror = () => reject(new Error('the worklet threw'));
    synth.onerror = ({ message }) => reject(new Error(`the worker threw: ${message}`));
  });
  player.connect(context.destination);
  const [{ played, silent, notShown }, shown] = await Promise.all([report, show(pool)]);
  await context.close();

  if (played !== QUANTA || shown + notShown !== played) throw new Error('quanta are missing');
  const { ok, held, inFlight, inLanes } = pool.audit();
  if (!ok || held + inFlight + inLanes > 0) throw new Error('a frame did not come home');
  pool.close();
  return `${played} quanta played, ${shown} shown and right, ${silent} silent ones between`;
}

/** Looks once per picture at what has been played since, until the channel ends. */
async function show(pool) {
  const channel = pool.channel('played');
  let shown = 0;
  let latest = -1;
  for (;;) {
    const ended = channel.closed; // before the look: what was sent before the end is seen
    for (let frame = channel.tryReceive(); frame !== undefined; frame = channel.tryReceive()) {
      const samples = frame.view(Float32Array);
      const from = frame.sequence * QUANTUM;
      const right = samples.every((sample, k) => sample === sampleAt(from + k));
      if (!right || frame.sequence <= latest) throw new Error(`quantum ${frame.sequence} is wrong`);
      latest = frame.sequence;
      shown += 1;
      if (channel.depth === 0) draw(samples);
      frame.release();
    }
    if (ended) return shown;
    await new Promise(requestAnimationFrame);
  }
}

function draw(samples) {
  const pen = canvas.getContext('2d');
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.beginPath();
  for (const [k, sample] of samples.entries()) pen.lineTo(k * 4, 100 - sample * 400);
  pen.stroke();
}
