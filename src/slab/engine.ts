/**
 * What the engine must offer before a slab can be made or attached to: shared memory, and every
 * operation on it that cannot be replaced by another.
 *
 * Asked before anything is touched, because an operation that is found missing in the middle of a
 * protocol leaves it half done. `waitAsync` may be missing (see park.ts), and so may `wait`: where
 * a thread may not block it is of no use.
 *
 * Any thread; nothing blocks.
 */
import { SharedMemoryUnavailableError } from '../errors.js';

/** Throws `SharedMemoryUnavailableError`, with the recipe, where there is no shared memory. */
export function requireSharedMemory(): void {
  if (typeof SharedArrayBuffer !== 'function') {
    throw new SharedMemoryUnavailableError(
      'this page has no SharedArrayBuffer because it is not cross-origin isolated: serve it over ' +
        'HTTPS (or localhost) with the headers "Cross-Origin-Opener-Policy: same-origin" and ' +
        '"Cross-Origin-Embedder-Policy: require-corp", then crossOriginIsolated is true',
    );
  }
  const missing = missingOperations();
  if (missing.length > 0) {
    throw new SharedMemoryUnavailableError(
      `this thread's Atomics lacks ${missing.join(', ')}: something replaced the engine's own ` +
        'before the library was used',
    );
  }
}

function missingOperations(): string[] {
  if (typeof Atomics !== 'object') return ['everything'];
  const kinds = {
    add: typeof Atomics.add,
    and: typeof Atomics.and,
    compareExchange: typeof Atomics.compareExchange,
    exchange: typeof Atomics.exchange,
    load: typeof Atomics.load,
    notify: typeof Atomics.notify,
    or: typeof Atomics.or,
    store: typeof Atomics.store,
    sub: typeof Atomics.sub,
  };
  return Object.entries(kinds)
    .filter(([, kind]) => kind !== 'function')
    .map(([name]) => name);
}
