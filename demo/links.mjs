/**
 * How frames pass from thread to thread: the one file of the demo that knows by which means.
 *
 *   main --raw (a queue)--> filter --processed (a broadcast)--> writer and meter
 *
 * A frame travels through a channel in the slab, as one small integer; its bytes stay where they are.
 * Back-pressure is the channel's capacity: who is ahead waits until the one behind has taken a frame.
 */

/** The channels, as the pool declares them. */
export const CHANNELS = {
  raw: { capacity: 16, mode: 'queue' },
  processed: { capacity: 16, mode: 'broadcast', whenFull: 'wait' },
};

/** Which channels a worker reads from and writes to. */
export const WIRING = {
  filter: { input: 'raw', output: 'processed' },
  writer: { input: 'processed' },
  meter: { input: 'processed' },
};

/** In main: its own end of the way. */
export function linkToFilter(pool) {
  return pool.channel('raw');
}

/** In a worker: `input` is an async iterable of frames, `output` sends on. */
export function openLinks(pool, { input, output }) {
  const source = pool.channel(input);
  if (source.mode === 'broadcast') source.subscribe();
  return { input: source, output: output && pool.channel(output) };
}

/** A worker is gone, however it went: nobody else waits for it. */
export function closeLinksOf(pool, { input, output }) {
  if (pool.channel(input).mode === 'queue') pool.channel(input).close();
  if (output) pool.channel(output).close();
}

/** All workers are gone: takes home what nobody will receive any more. */
export function drainLinks(pool) {
  const raw = pool.channel('raw');
  for (let frame = raw.tryReceive(); frame; frame = raw.tryReceive()) frame.release();
}
