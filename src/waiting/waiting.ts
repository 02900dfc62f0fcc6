/**
 * Waiting for something that another thread will do: blocking, or as a promise.
 *
 * A wish is what is waited for: how to make it known, how to try, how to withdraw it. Both ways of
 * waiting run the same loop around the own bell (see park.ts for why no wake-up is lost):
 *
 *      read the bell · make the wish known · try · sleep until the bell shows something else
 *
 * (a blocking call looks a few times before all that)
 *
 * Invariants
 * 1. Promises of one thread are served in the order in which they were asked for. A blocking call
 *    goes before them: its thread could not use what a promise got while it blocks.
 * 2. A wish that is withdrawn gives back what came too late: an abort that races success returns
 *    the frame, or hands it to the next promise.
 * 3. The event loop stays alive exactly while a promise is pending: `waitAsync` does not keep it
 *    alive and cannot be cancelled, so a timer does the first, and nobody waits for the second.
 *
 * The seat's own thread only. `waitSync` blocks; `waitAsync` allocates.
 */
import { InvalidOptionError, PoolExhaustedError, TimeoutError } from '../errors.js';
import type { Park } from '../protocol/park.js';
import { describe } from '../slab/geometry.js';

/** What can be waited for. `undefined` stands for "not now". */
export interface Wish<T> {
  /** Wishes of one key are served in the order in which they were made. */
  readonly key: object;
  /** For error messages: "no frame was free". */
  readonly complaint: string;
  /** Makes the wish known to other threads. May be called again while it is known. */
  arm(): void;
  /** Tries to get it now. */
  attempt(): T | undefined;
  /** The wish is no longer known to anyone, unless others in this thread have the same. */
  disarm(): void;
  /** How long to sleep at the most before trying again, although nobody rang. */
  patienceMs(): number;
}

/** Options of every promise form. */
export interface WaitOptions {
  /** Give up after so many milliseconds with `TimeoutError`. Default: never. */
  readonly timeoutMs?: number;
  /** Give up when this signal aborts, with its reason. Default: none. */
  readonly signal?: AbortSignal;
}

/** How often a blocking call looks before it makes its wish known: about ten microseconds. */
const LOOKS_MAX = 32;
/** The longest timer that engines keep. */
const TIMER_MS_MAX = 0x7fff_ffff;

interface Pending {
  readonly wish: Wish<unknown>;
  /** Tries once; true if the promise is settled now. */
  serve(): boolean;
  fail(reason: unknown): void;
}

/** All that one thread waits for in one slab. */
export class Waiting {
  private readonly park: Park;
  private readonly pending = new Set<Pending>();
  private keepAlive: ReturnType<typeof setInterval> | undefined;
  private listening = false;

  /** @param park this seat's bell. */
  constructor(park: Park) {
    this.park = park;
  }

  /** Blocks until the wish is fulfilled; throws `TimeoutError`. */
  waitSync<T>(wish: Wish<T>, timeoutMs: number | undefined): T {
    const limit = timeoutOf(timeoutMs);
    // A stream's next frame is a microsecond away: whoever looks a few times more does not put its
    // peer to the trouble of waking it for every frame.
    for (let look = 0; look < LOOKS_MAX; look++) {
      const got = wish.attempt();
      if (got !== undefined) return got;
      this.park.pause(look);
    }
    const end = now() + limit;
    try {
      for (;;) {
        const seen = this.park.listen();
        wish.arm();
        const got = wish.attempt();
        if (got !== undefined) return got;
        const left = end - now();
        if (left <= 0) throw new TimeoutError(`${wish.complaint} within ${limit} ms`);
        this.sleep(seen, Math.min(left, wish.patienceMs()), wish);
      }
    } finally {
      this.disarm(wish);
    }
  }

  /** Resolves when the wish is fulfilled; rejects with `TimeoutError` or the signal's reason. */
  waitAsync<T>(wish: Wish<T>, options: WaitOptions | undefined): Promise<T> {
    const limit = timeoutOf(options?.timeoutMs);
    const signal = signalOf(options?.signal);
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      let timer: ReturnType<typeof setTimeout> | undefined;
      const onAbort = (): void => pending.fail(signal?.reason);
      const settle = (): void => {
        this.pending.delete(pending);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.disarm(wish);
        this.keepLoopAlive();
      };
      const pending: Pending = {
        wish,
        serve: () => {
          wish.arm();
          let got: T | undefined;
          try {
            got = wish.attempt();
          } catch (fault) {
            pending.fail(fault);
            return true;
          }
          if (got === undefined) return false;
          settle();
          resolve(got);
          return true;
        },
        fail: (reason) => {
          settle();
          reject(reason);
        },
      };
      this.pending.add(pending);
      // Whoever asked before is served before; the wish is known before the loop sleeps.
      if (this.serveAll().has(pending)) {
        if (limit <= TIMER_MS_MAX) {
          const onTime = (): void =>
            pending.fail(new TimeoutError(`${wish.complaint} within ${limit} ms`));
          timer = setTimeout(onTime, limit);
        }
        signal?.addEventListener('abort', onAbort, { once: true });
        this.keepLoopAlive();
        void this.listen();
      }
    });
  }

  /** True if a promise is pending for this: whoever comes now comes after it. */
  queues(key: object): boolean {
    for (const { wish } of this.pending) if (wish.key === key) return true;
    return false;
  }

  /** Fails every promise that is pending in this thread. */
  failAll(reason: unknown): void {
    for (const pending of [...this.pending]) pending.fail(reason);
  }

  private serveAll(): ReadonlySet<Pending> {
    const denied = new Set<object>();
    for (const pending of [...this.pending]) {
      const { key } = pending.wish;
      // What comes while this runs is for the first that was denied, at the ring that announces it.
      if (!this.pending.has(pending) || denied.has(key)) continue;
      if (!pending.serve()) denied.add(key);
    }
    return this.pending;
  }

  /** Serves the promises at every ring. One loop per thread; it outlives an empty queue. */
  private async listen(): Promise<void> {
    if (this.listening) return;
    this.listening = true;
    try {
      for (;;) {
        const seen = this.park.listen();
        if (this.serveAll().size === 0) return;
        await this.park.sleepAsync(seen, this.patienceMs());
      }
    } finally {
      this.listening = false;
    }
  }

  private patienceMs(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { wish } of this.pending) least = Math.min(least, wish.patienceMs());
    return least;
  }

  private disarm(wish: Wish<unknown>): void {
    for (const other of this.pending) {
      if (other.wish.key === wish.key) {
        // Others in this thread have the same wish: it stays known, and they look again.
        this.park.ringOwn();
        return;
      }
    }
    wish.disarm();
  }

  private sleep(seen: number, timeoutMs: number, wish: Wish<unknown>): void {
    try {
      this.park.sleep(seen, timeoutMs);
    } catch {
      throw new PoolExhaustedError(
        `${wish.complaint}, and this thread must not block (a browser's main thread): use the ` +
          'promise form',
      );
    }
  }

  private keepLoopAlive(): void {
    if (this.pending.size === 0) {
      clearInterval(this.keepAlive);
      this.keepAlive = undefined;
    } else if (this.keepAlive === undefined && typeof setInterval === 'function') {
      this.keepAlive = setInterval(() => undefined, TIMER_MS_MAX);
    }
  }
}

function now(): number {
  return typeof performance === 'object' ? performance.now() : Date.now();
}

/**
 * Checks what a wait is given, before anything is tried. Throws the reason of an aborted signal.
 */
export function checkWait(options: WaitOptions | undefined): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOptionError(
      `options must be an object { timeoutMs, signal }, got ${describe(options)}`,
    );
  }
  timeoutOf(options.timeoutMs);
  const signal = signalOf(options.signal);
  if (signal?.aborted === true) throw signal.reason;
}

/** The limit in milliseconds; throws `InvalidOptionError`. */
export function timeoutOf(timeoutMs: number | undefined): number {
  if (timeoutMs === undefined) return Number.POSITIVE_INFINITY;
  if (typeof timeoutMs === 'number' && timeoutMs >= 0) return timeoutMs;
  throw new InvalidOptionError(
    `timeoutMs must be a number of milliseconds from 0 to Infinity, got ${describe(timeoutMs)}`,
  );
}

function signalOf(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  if (typeof signal === 'object' && signal !== null && 'aborted' in signal) return signal;
  throw new InvalidOptionError(`signal must be an AbortSignal, got ${describe(signal)}`);
}
