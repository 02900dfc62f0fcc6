/**
 * The host for Node, Bun and Deno: real thread numbers, environment data for named pools, and
 * channels for events.
 * Imported by `node.ts` alone. Any thread; nothing blocks.
 */
import * as diagnostics from 'node:diagnostics_channel';
import process from 'node:process';
import * as threads from 'node:worker_threads';
import type { ThreadHost } from './host.js';

/** Newer Node versions know the name that a worker was given. */
const named = threads as unknown as { readonly threadName?: unknown };

/** Which of the runtimes that offer `node:worker_threads` this is. */
const runtime = globalThis as { readonly Bun?: unknown; readonly Deno?: unknown };

/** Node's own answers. */
export const nodeHost: ThreadHost = {
  threadId: threads.threadId,
  isMainThread: threads.isMainThread,
  threadName:
    typeof named.threadName === 'string' && named.threadName !== ''
      ? named.threadName
      : threads.isMainThread
        ? 'main'
        : `worker ${threads.threadId}`,
  platform: runtime.Bun !== undefined ? 'bun' : runtime.Deno !== undefined ? 'deno' : 'node',
  inherited: (key) => threads.getEnvironmentData(key),
  bequeath: (key, value) => {
    threads.setEnvironmentData(key, value as Parameters<typeof threads.setEnvironmentData>[1]);
    return true;
  },
  // Deno's terminate() emits it at once; a thread that computes or sleeps goes on (seen in 2.9.6).
  exitIsFinal: runtime.Deno === undefined,
  onEnd: (callback) => {
    process.once('exit', callback);
  },
  events: {
    exhausted: diagnostics.channel('frameslab:exhausted'),
    reclaim: diagnostics.channel('frameslab:reclaim'),
    leak: diagnostics.channel('frameslab:leak'),
  },
};
