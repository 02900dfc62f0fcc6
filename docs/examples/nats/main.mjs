/**
 * Frames from the slab of one process, over a NATS server, into the slab of another, while the
 * server is killed twice and the reader stops for a while. Nothing is lost, nothing comes twice.
 *
 *   node docs/examples/nats/main.mjs [--frames 4000] [--bytes 16384] [--server FILE]
 *
 *   producer ── slab ── publisher ══ TCP ══ broker ══ TCP ══ reader ── slab ── consumers
 *   (thread)            (process)         (stream on disk)  (process)        (2 threads)
 *
 * Prints a line per law. Any that does not hold ends it with a non-zero exit. Everything listens on
 * 127.0.0.1 only; what it starts it ends; each wait has an end.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Broker, freePort } from './broker.mjs';
import { NatsConnection } from './connection.mjs';
import { direct } from './direct.mjs';

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '4000' },
    bytes: { type: 'string', default: '16384' },
    server: { type: 'string', default: '/usr/sbin/nats-server' },
  },
});
const total = Number(values.frames);
const bytes = Number(values.bytes);
/** Frames in each pool: the window of the publisher, the credit of the reader. */
const frames = 64;
/** Messages that the stream holds before it refuses more. */
const streamMax = 256;
const RUN_MS = 50_000;

const folder = mkdtempSync(join(tmpdir(), 'frameslab-nats-'));
const children = new Set();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
const watchdog = setTimeout(() => {
  console.error(`FAILED  waited in vain for ${waitingFor}: not done within ${RUN_MS} ms`);
  process.exit(1);
}, RUN_MS);

let failed = 0;
let passed = 0;
function law(holds, sentence, detail = '') {
  if (holds) passed += 1;
  else failed += 1;
  console.log(`${holds ? 'ok     ' : 'FAILED '} ${sentence}${detail && `: ${detail}`}`);
}

let waitingFor = 'the broker';

/** Polls until something is true; the watchdog ends a wait that never does, and says for what. */
async function until(sentence, condition) {
  waitingFor = sentence;
  while (!(await condition())) await sleep(20);
}

/** Starts one of the two processes; `ended` resolves to its report. */
function start(file, message) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)));
  children.add(child);
  const part = { finished: 0, state: undefined };
  part.ended = new Promise((resolve, reject) => {
    child.on('message', (said) => {
      if (said.ended !== undefined) resolve(said.ended);
      else Object.assign(part, said);
    });
    child.once('exit', (code) => {
      children.delete(child);
      reject(new Error(`${file} ended with ${code} before its report`));
    });
  });
  part.say = (said) => child.send(said);
  part.ask = async () => {
    part.state = undefined;
    child.send({ ask: 'state' });
    await until(`the state of ${file}`, () => part.state !== undefined);
    return part.state;
  };
  child.send(message);
  return part;
}

/** A stream on disk that keeps what is not acknowledged, and refuses what it has no room for. */
async function makeStream(control, name) {
  const config = {
    name,
    subjects: [`frames.${name}`],
    storage: 'file',
    retention: 'workqueue',
    discard: 'new',
    max_msgs: streamMax,
    duplicate_window: 120e9, // nanoseconds: longer than any outage that is to be survived
  };
  const made = await control.request(`$JS.API.STREAM.CREATE.${name}`, config);
  if (made.error !== undefined) throw new Error(made.error.description);
}

async function messagesIn(port, name) {
  const control = await NatsConnection.open(port, 'control');
  const info = await control.request(`$JS.API.STREAM.INFO.${name}`);
  control.close();
  return info.state.messages;
}

/** Sends all frames over a fresh stream; `trouble` may disturb it. */
async function transfer(broker, name, trouble) {
  const { port } = broker;
  const control = await NatsConnection.open(port, 'control');
  await makeStream(control, name);
  control.close();
  const reader = start('./reader.mjs', { port, stream: name, total, bytes, frames });
  const subject = `frames.${name}`;
  const publisher = start('./publisher.mjs', { port, subject, total, bytes, frames });
  let begun = 0;
  const reports = Promise.all([publisher.ended, reader.ended]);
  await Promise.race([reports, until('the first frame', () => reader.finished > 0)]);
  begun = performance.now();
  await Promise.race([reports, trouble?.(publisher, reader)]);
  await Promise.race([reports, until('the last frame', () => reader.finished >= total)]);
  const seconds = (performance.now() - begun) / 1000;
  const [sent, read] = await reports;
  const left = await messagesIn(port, name);
  return { sent, read, left, seconds };
}

function checkTransfer({ sent, read, left }) {
  law(sent.stored === total, 'every frame was stored in the stream', `${sent.stored} of ${total}`);
  law(read.lost === 0 && read.doubled === 0, 'each reached a thread exactly once');
  law(read.received === total, 'in the order in which it was made, or the reader had given up');
  law(read.damaged === 0, 'with the bytes it was made of');
  law(left === 0, 'and nothing is left in the stream');
  law(sent.home && read.home, 'every slot of both slabs came home');
}

function rate(frames, seconds) {
  const megabytes = (frames * bytes) / seconds / 1e6;
  return `${Math.round(frames / seconds)} frames/s, ${Math.round(megabytes)} MB/s`;
}

/** Two kills, a lost acknowledgement, and a reader that stops until the producer stands still. */
async function trouble(broker, publisher, reader) {
  const progress = (share) =>
    until(`${share} of the frames`, () => reader.finished >= total * share);
  const standstill = async () => {
    let state;
    await until('all frames to be held and the producer to wait', async () => {
      state = await publisher.ask();
      return state.held === frames && state.waiters === 1;
    });
    return state;
  };
  const killAt = async (share) => {
    await progress(share);
    await broker.kill();
    const { held } = await standstill();
    law(
      true,
      'without a broker the slab holds what is not stored, and the producer waits',
      `${held}`,
    );
    await broker.start();
  };
  await killAt(0.2);
  await progress(0.4);
  reader.say({ pause: true });
  await until(
    'a full stream',
    async () => (await messagesIn(broker.port, 'troubled')) === streamMax,
  );
  const { refused } = await standstill();
  law(refused > 0, 'a reader that stops fills the stream, then the slab, then stops the producer');
  reader.say({ pause: false });
  await progress(0.5);
  publisher.say({ ask: 'lose' });
  await until('a repetition that is recognised', async () => (await publisher.ask()).repeated > 0);
  law(true, 'what was stored and not acknowledged is published again, and stored once');
  await killAt(0.7);
}

const broker = new Broker(values.server, folder, await freePort());
await broker.start();
console.log(
  `${total} frames of ${bytes} bytes, ${frames} in each pool, ${streamMax} in the stream`,
);

console.log('\nundisturbed');
const calm = await transfer(broker, 'calm');
checkTransfer(calm);

console.log('\nthe broker is killed twice, the reader stops once');
const troubled = await transfer(broker, 'troubled', (p, r) => trouble(broker, p, r));
checkTransfer(troubled);
const { sent, read } = troubled;
law(
  sent.connections === 4 && read.connections === 3,
  'the publisher connected four times, the reader three',
);

const share = (100 * calm.read.inPlace) / (calm.read.inPlace + calm.read.copied);
console.log('\nmeasured, not judged');
console.log(`  in one slab         ${rate(total, await direct({ total, bytes, frames }))}`);
console.log(`  over the broker     ${rate(total, calm.seconds)}`);
console.log(`  with the troubles   ${rate(total, troubled.seconds)}`);
console.log(
  `  read in place       ${share.toFixed(1)} % of the payload bytes; the rest came with a header`,
);
console.log(
  `  published again     ${sent.published - total}, of which ${sent.repeated} were stored already`,
);
console.log(`  delivered again     ${read.repeated}`);

await broker.kill();
clearTimeout(watchdog);
console.log(`\n${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
