/**
 * Worker threads that play a scene of `scenes.mjs`, for tests of what happens when they end.
 *
 * A scene says words (`say`); a test waits for them. A test says "go on" through shared memory, so
 * that a scene that blocks can hear it. All are ended after the test, whatever became of it.
 */

import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { FramePool } from 'frameslab';
import { afterEach } from 'vitest';

/** A worker that plays a scene. */
export interface Actor {
  readonly worker: Worker;
  /** The next value that it says under this word; rejects if it ends before that. */
  said<T = unknown>(word: string): Promise<T>;
  /** Lets it pass the next `pause()` of its scene. */
  goOn(): void;
  /** Terminates it, and waits until it is gone. */
  kill(): Promise<void>;
  /** Resolves to its exit code. */
  readonly gone: Promise<number>;
  /** What it threw, if it did. */
  fault(): Error | undefined;
}

const actors = new Set<Actor>();

afterEach(async () => {
  await Promise.all([...actors].map((actor) => actor.kill()));
  actors.clear();
});

/** Starts a worker on a scene. */
export function play(
  scene: string,
  data: { readonly pool?: FramePool | undefined; readonly [key: string]: unknown } = {},
  options: WorkerOptions = {},
): Actor {
  const { pool, ...rest } = data;
  const control = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./scenes.mjs', import.meta.url), {
    name: scene,
    ...options,
    workerData: { scene, control, ref: pool?.ref, ...rest },
  });
  const heard = new Map<string, unknown[]>();
  const waiting = new Map<string, (() => void)[]>();
  let fault: Error | undefined;
  let isGone = false;
  const wakeAll = (): void => {
    for (const listeners of waiting.values())
      for (const listener of listeners.splice(0)) listener();
  };
  worker.on('message', ({ word, value }: { word: string; value: unknown }) => {
    heard.set(word, [...(heard.get(word) ?? []), value]);
    wakeAll();
  });
  worker.on('error', (error) => {
    fault = error as Error;
  });
  const gone = new Promise<number>((resolve) => {
    worker.once('exit', (code) => {
      isGone = true;
      wakeAll();
      resolve(code);
    });
  });
  const actor: Actor = {
    worker,
    gone,
    fault: () => fault,
    goOn() {
      Atomics.add(control, 0, 1);
      Atomics.notify(control, 0);
    },
    async kill() {
      await worker.terminate();
      await gone;
    },
    async said<T>(word: string) {
      for (;;) {
        const values = heard.get(word) ?? [];
        if (values.length > 0) return values.shift() as T;
        if (isGone) throw fault ?? new Error(`scene ${scene} ended and never said "${word}"`);
        await new Promise<void>((resolve) => {
          waiting.set(word, [...(waiting.get(word) ?? []), resolve]);
        });
      }
    },
  };
  actors.add(actor);
  return actor;
}
