/**
 * Plays frames out of a channel: one frame of samples per quantum. `process` neither blocks nor
 * allocates. Told to be patient it looks again and again for a frame that the page has yet to send:
 * nobody hears how long an offline context takes.
 */
import { FramePool } from '../../dist/index.js';

const LOOK_MS = 10_000;

class Player extends AudioWorkletProcessor {
  constructor({ processorOptions: { ref, quanta, patient } }) {
    super();
    this.pool = FramePool.attach(ref);
    this.sound = this.pool.channel('sound');
    this.samples = new Float32Array(128);
    this.bytes = new Uint8Array(this.samples.buffer);
    this.left = quanta;
    this.patient = patient;
    this.missed = 0;
  }

  process(_inputs, outputs) {
    if (this.left === 0) return false;
    const { slots } = this.pool;
    const handle = this.receive();
    if (handle === 0) this.missed += 1;
    else {
      this.bytes.set(slots.bytes(handle));
      slots.release(handle);
      outputs[0][0].set(this.samples);
    }
    this.left -= 1;
    if (this.left === 0) {
      this.pool.close();
      this.port.postMessage({ missed: this.missed });
    }
    return this.left > 0;
  }

  receive() {
    const end = this.patient ? Date.now() + LOOK_MS : 0;
    for (;;) {
      const handle = this.sound.tryReceiveHandle();
      if (handle !== 0 || Date.now() >= end) return handle;
    }
  }
}

registerProcessor('player', Player);
