/**
 * The names that a fragment of the documentation may use without making them; a page says what they
 * are where it is not obvious. Programs (`js run`) do not get them: they would fail when they run.
 * This file lies here and not in test/, so that no test gets the names either.
 */

import type { ServerResponse } from 'node:http';
import type { Worker as NodeWorker } from 'node:worker_threads';
import type { Frame, FrameChannel, FramePool, FrameslabError, SlotTable } from 'frameslab';

declare global {
  /** A pool, created or attached. */
  const pool: FramePool;
  /** A frame that this thread holds. */
  const frame: Frame;
  /** A channel of `pool`. */
  const channel: FrameChannel;
  /** `pool.slots`. */
  const slots: SlotTable;
  /** A handle that this thread holds. */
  const handle: number;
  /** A worker thread of Node that was started. */
  const worker: NodeWorker;
  /** An HTTP answer that is being written. */
  const response: ServerResponse;
  /** An error that was caught. */
  const fault: FrameslabError;
  /** What an AudioWorklet processor extends. The DOM's types do not have its scope. */
  class AudioWorkletProcessor {
    readonly port: MessagePort;
    constructor(options?: { processorOptions?: { [name: string]: unknown } });
  }
  function registerProcessor(name: string, processor: new (options: never) => object): void;
}
