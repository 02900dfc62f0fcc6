/**
 * A thread that makes frames as fast as the pool lets it: it knows nothing of any broker.
 * When no frame is free it blocks here. That is all there is to back-pressure at the source.
 */
import { workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { fill } from './pattern.mjs';

function main() {
  const { ref, total, bytes } = workerData;
  const pool = FramePool.attach(ref);
  const out = pool.channel('out');
  for (let sequence = 1; sequence <= total; sequence++) {
    const frame = pool.acquireSync(bytes);
    frame.tag = fill(frame.storage, sequence) | 0;
    frame.sequence = sequence;
    frame.timestamp = Date.now();
    out.sendSync(frame);
  }
  out.close();
  pool.close();
}

main();
