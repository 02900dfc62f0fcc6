/**
 * The AudioWorklet: plays a frame per quantum and hands it on. It may neither block nor allocate, so
 * it uses handles; if the page is behind, it lets the frame go.
 */
import { FramePool } from '/frameslab/index.js';
import { QUANTA, QUANTUM } from './tone.mjs';

class Player extends AudioWorkletProcessor {
  constructor({ processorOptions: ref }) {
    super();
    this.pool = FramePool.attach(ref);
    this.sound = this.pool.channel('sound');
    this.played = this.pool.channel('played');
    this.samples = new Float32Array(QUANTUM);
    this.bytes = new Uint8Array(this.samples.buffer);
    this.counts = { played: 0, silent: 0, notShown: 0 };
  }

  process(_inputs, [[output]]) {
    const { counts, pool } = this;
    const handle = this.sound.tryReceiveHandle();
    if (handle === 0) {
      if (counts.played > 0) counts.silent += 1;
      return true;
    }
    this.bytes.set(pool.slots.bytes(handle));
    output.set(this.samples);
    counts.played += 1;
    if (!this.played.trySendHandle(handle)) {
      pool.slots.release(handle);
      counts.notShown += 1;
    }
    if (counts.played < QUANTA) return true;
    this.played.close();
    pool.close();
    this.port.postMessage(counts);
    return false;
  }
}

registerProcessor('player', Player);
