/**
 * A thread that works on frames and gives each back with its verdict in the tag: it knows nothing
 * of any broker. The work here is to check that the bytes are those of the sequence number.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { checksum } from './pattern.mjs';

function main() {
  const { ref, input } = workerData;
  const pool = FramePool.attach(ref);
  const frames = pool.channel(input);
  const done = pool.channel('done');
  let damaged = 0;
  for (let frame = frames.receiveSync(); frame !== undefined; frame = frames.receiveSync()) {
    if ((checksum(frame.bytes) | 0) !== frame.tag) damaged += 1;
    done.sendSync(frame);
  }
  pool.close();
  parentPort.postMessage({ damaged });
}

main();
