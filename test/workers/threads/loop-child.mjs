/**
 * A process of its own: what keeps its event loop alive, and what does not. It prints what it saw;
 * the test sees whether it ends by itself.
 */
import { Worker } from 'node:worker_threads';
import { FramePool } from 'frameslab';

const [mode] = process.argv.slice(2);
const pool = FramePool.create({
  frameSizeBytes: 64,
  frames: 1,
  cacheFrames: 0,
  threadsMax: 8,
  channels: { work: { capacity: 4 }, news: { capacity: 4, mode: 'broadcast' } },
});
const channel = pool.channel('work');

/** A worker that runs this source, with the pool attached; the loop does not stay alive for it. */
function helper(source) {
  const code = `
    import('node:worker_threads').then(async ({ workerData, parentPort }) => {
      const { FramePool } = await import(workerData.library);
      const pool = FramePool.attach(workerData.ref);
      ${source}
    });`;
  const library = import.meta.resolve('frameslab');
  const worker = new Worker(code, { eval: true, workerData: { ref: pool.ref, library } });
  worker.unref();
  return worker;
}

const sleep = (ms) => `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms});`;
const started = (worker) => new Promise((resolve) => worker.once('message', resolve));
const say = (text) => process.stdout.write(`${text}\n`);

const modes = {
  /** Another thread releases later: the pending promise alone keeps the loop alive until then. */
  async acquire() {
    const worker = helper(`const frame = pool.acquireSync(); parentPort.postMessage(0);
      ${sleep(400)} frame.release();`);
    worker.ref();
    await started(worker);
    worker.unref();
    const frame = await pool.acquire();
    say(`served ${frame.refCount}`);
    frame.release();
  },
  async acquireTimedOut() {
    const held = pool.acquireSync();
    await pool.acquire(0, { timeoutMs: 50 }).catch((fault) => say(fault.code));
    held.release();
  },
  async acquireAborted() {
    const held = pool.acquireSync();
    const controller = new AbortController();
    const pending = pool.acquire(0, { signal: controller.signal });
    controller.abort();
    await pending.catch((reason) => say(reason.name));
    held.release();
  },
  async acquireClosed() {
    const other = helper(`pool.acquireSync(); parentPort.postMessage(0); ${sleep(60_000)}`);
    other.ref();
    await started(other);
    other.unref();
    const pending = pool.acquire();
    pool.close();
    await pending.catch((fault) => say(fault.code));
    await other.terminate();
  },
  /** Another thread sends later. */
  async receive() {
    helper(`${sleep(300)} pool.channel('work').sendSync(pool.acquireSync());`);
    const frame = await channel.receive();
    say(`received ${frame.refCount}`);
    frame.release();
  },
  async receiveTimedOut() {
    await channel.receive({ timeoutMs: 50 }).catch((fault) => say(fault.code));
  },
  async receiveAborted() {
    const controller = new AbortController();
    const pending = channel.receive({ signal: controller.signal });
    controller.abort();
    await pending.catch((reason) => say(reason.name));
  },
  async receiveClosed() {
    helper(`${sleep(300)} pool.channel('work').close();`);
    say(`received ${await channel.receive()}`);
  },
  async iterateClosed() {
    helper(`pool.channel('work').sendSync(pool.acquireSync()); ${sleep(300)}
      pool.channel('work').close();`);
    let count = 0;
    for await (const frame of channel) {
      count += 1;
      frame.release();
    }
    say(`iterated ${count}`);
  },
  /** The channel has room from the start: nothing is pending, and nothing keeps the loop alive. */
  async sent() {
    await channel.send(await pool.acquire());
    say('sent');
  },
  /** A promise that nobody fulfils keeps the loop alive: only the test ends this process. */
  async never() {
    say('waiting');
    await channel.receive();
  },
  /** Three blocked workers and a pending promise, all idle: how much CPU the process takes. */
  async idle() {
    const idlers = [0, 1, 2].map(() =>
      helper(`parentPort.postMessage(0); pool.channel('work').receiveSync();`),
    );
    for (const idler of idlers) idler.ref();
    await Promise.all(idlers.map(started));
    for (const idler of idlers) idler.unref();
    const pending = channel.receive();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = { cpu: process.cpuUsage(), ms: performance.now() };
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const used = process.cpuUsage(before.cpu);
    const ms = performance.now() - before.ms;
    say(JSON.stringify({ share: (used.user + used.system) / 1000 / ms }));
    channel.close();
    await pending;
    await Promise.all(idlers.map((idler) => idler.terminate()));
  },
};

await modes[mode]();
say('end');
