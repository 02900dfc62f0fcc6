// Opens a pool by the name it is given, in a worker that was told nothing else; starts one more if asked.
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';

const { name, options, depth, late } = workerData;

function report() {
  try {
    const pool = FramePool.open(name, options);
    const again = FramePool.open(name) === pool && FramePool.attach(pool.ref) === pool;
    const frame = pool.acquireSync();
    frame.write(Uint8Array.of(1, 2, 3));
    frame.release();
    const { frames, frameSizeBytes, seat } = pool;
    const threads = pool.stats().threads.length;
    pool.close();
    return { found: { frames, frameSizeBytes, seat, again, threads } };
  } catch (fault) {
    return { fault: { name: fault.name, code: fault.code, message: fault.message } };
  }
}

if (depth > 0) {
  const nested = new Worker(new URL(import.meta.url), {
    workerData: { ...workerData, depth: depth - 1 },
  });
  nested.on('message', (answer) => parentPort.postMessage(answer));
  nested.on('error', (fault) => parentPort.postMessage({ fault: { message: String(fault) } }));
} else if (late) {
  parentPort.once('message', () => parentPort.postMessage(report()));
  parentPort.postMessage('ready');
} else {
  parentPort.postMessage(report());
}
