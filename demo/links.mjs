/**
 * How frames pass from thread to thread: the one file of the demo that knows by which means.
 *
 *   main --raw--> filter --processed--> writer and meter
 *
 * A frame travels as a handle, one small integer, by `postMessage`; its bytes stay where they are.
 * Back-pressure is the pool itself: main can't read on before a frame has come home.
 */
import { MessageChannel } from 'node:worker_threads';

const END = 0; // no frame's message is ever 0

/** In main: makes the links. `toFilter` is main's own end; `wiring` goes to each worker. */
export function makeLinks() {
  const raw = new MessageChannel();
  const toWriter = new MessageChannel();
  const toMeter = new MessageChannel();
  return {
    toFilter: senderTo([raw.port1]),
    wiring: {
      filter: { input: raw.port2, outputs: [toWriter.port1, toMeter.port1] },
      writer: { input: toWriter.port2, outputs: [] },
      meter: { input: toMeter.port2, outputs: [] },
    },
  };
}

/** What of a worker's wiring has to be moved to it rather than copied. */
export function transferListOf({ input, outputs }) {
  return [input, ...outputs];
}

/** In a worker: `input` is an async iterable of frames, `output` sends on. */
export function openLinks(pool, { input, outputs }) {
  return { input: receive(pool, input), output: senderTo(outputs) };
}

/** Sends each frame to every port, by reference. The sender's own reference goes with the last. */
function senderTo(ports) {
  return {
    send(frame) {
      const last = ports.length - 1;
      for (let i = 0; i < last; i++) ports[i].postMessage(frame.share());
      ports[last].postMessage(frame.transfer());
    },
    close() {
      for (const port of ports) port.postMessage(END);
    },
  };
}

async function* receive(pool, port) {
  const arrived = [];
  let wake = () => {};
  const push = (message) => {
    arrived.push(message);
    wake();
  };
  port.on('message', push);
  port.on('close', () => push(END)); // the sender is gone, and sent no END
  for (;;) {
    while (arrived.length === 0) await new Promise((resolve) => (wake = resolve));
    const message = arrived.shift();
    if (message === END) break;
    yield pool.adopt(message);
  }
  port.close();
}
