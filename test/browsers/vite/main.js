/** A page as somebody writes it for Vite: the library by its name, a worker by its address. */
import { FramePool } from 'frameslab';

const FRAMES = 500;

async function shared() {
  const pool = FramePool.create({
    frameSizeBytes: 64,
    frames: 8,
    threadsMax: 2,
    channels: { there: { capacity: 4 }, back: { capacity: 4 } },
  });
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  const broken = new Promise((_, reject) => {
    worker.onerror = (event) => reject(new Error(`the worker: ${event.message}`));
  });
  worker.postMessage(pool.ref);
  const send = async () => {
    for (let n = 1; n <= FRAMES; n++) {
      const frame = await pool.acquire();
      frame.write(Float64Array.of(n));
      await pool.channel('there').send(frame);
    }
    pool.channel('there').close();
  };
  const receive = async () => {
    for (let n = 1; n <= FRAMES; n++) {
      const frame = await pool.channel('back').receive({ timeoutMs: 20_000 });
      const [square] = frame.view(Float64Array);
      if (square !== n * n) throw new Error(`${square} instead of the square of ${n}`);
      frame.release();
    }
  };
  await Promise.race([Promise.all([send(), receive()]), broken]);
  await new Promise((resolve) => {
    worker.onmessage = resolve;
    worker.postMessage('close');
  });
  const threads = pool.stats().threads.length;
  if (threads !== 1 || !pool.audit().ok) throw new Error(JSON.stringify(pool.inspect()));
  pool.close();
  worker.terminate();
}

const laws = { 'a page and a worker that Vite built from the tarball share frames': shared };

globalThis.namesOfLaws = () => Object.keys(laws).map((name) => ({ name, lacks: '' }));
globalThis.checkLaw = (name) =>
  laws[name]().then(
    () => '',
    (fault) => `${fault}\n${fault.stack}`,
  );
