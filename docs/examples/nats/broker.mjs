/**
 * A NATS server of our own: on loopback, with JetStream in a folder that outlives a kill.
 * The one who started it stops it; it never outlives this process.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_TRIES = 200;
const READY_STEP_MS = 50;

export class Broker {
  #process;
  #file;
  #folder;

  /** @param file the server's program; @param folder where it may write; @param port its port. */
  constructor(file, folder, port) {
    this.#file = file;
    this.#folder = folder;
    this.port = port;
    // Frames may be larger than a broker's usual messages: see "framing" in docs/distribution.md.
    const lines = [
      `listen: "127.0.0.1:${port}"`,
      'max_payload: 8MB',
      'max_pending: 64MB',
      `jetstream { store_dir: ${JSON.stringify(folder)}, max_mem: 64MB, max_file: 1GB }`,
    ];
    writeFileSync(join(folder, 'server.conf'), `${lines.join('\n')}\n`);
    process.once('exit', () => this.#process?.kill('SIGKILL'));
  }

  /** Starts it and resolves when it accepts connections. */
  async start() {
    const log = join(this.#folder, 'server.log');
    const arguments_ = ['--config', join(this.#folder, 'server.conf'), '--log', log];
    this.#process = spawn(this.#file, arguments_, { stdio: 'ignore' });
    const failed = once(this.#process, 'exit').then(([code]) => {
      throw new Error(`${this.#file} ended with ${code}; see ${log}`);
    });
    failed.catch(() => undefined); // only the start is raced against it
    await Promise.race([failed, this.#ready()]);
  }

  /** Ends it without a word of warning, as a crash or the kernel would. */
  async kill() {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  async #ready() {
    for (let k = 0; k < READY_TRIES; k++) {
      const socket = connect({ port: this.port, host: '127.0.0.1' });
      const greeted = await new Promise((resolve) => {
        socket.once('data', () => resolve(true)).once('close', () => resolve(false));
        socket.on('error', () => undefined);
      });
      socket.destroy();
      if (greeted) return;
      await sleep(READY_STEP_MS);
    }
    throw new Error(`the broker did not answer on port ${this.port}`);
  }
}

/** A port that nobody listens on now. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
