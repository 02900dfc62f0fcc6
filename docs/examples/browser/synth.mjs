/** The worker: makes the sound, as far ahead as the channel has room. */
import { FramePool } from '/frameslab/index.js';
import { QUANTA, QUANTUM, sampleAt } from './tone.mjs';

addEventListener('message', async ({ data }) => {
  const pool = FramePool.attach(data);
  const sound = pool.channel('sound');
  for (let sequence = 0; sequence < QUANTA; sequence++) {
    const frame = await pool.acquire(QUANTUM * 4);
    const samples = frame.view(Float32Array);
    for (let k = 0; k < QUANTUM; k++) samples[k] = sampleAt(sequence * QUANTUM + k);
    frame.sequence = sequence;
    await sound.send(frame);
  }
  pool.close();
  close();
});
