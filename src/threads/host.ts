/**
 * What the library asks of the platform: who this thread is, and what threads inherit.
 *
 * Invariants
 * 1. The core imports nothing of any platform. Where a platform knows more than a web page does,
 *    its entry installs a host before anything else runs (see `node.ts`).
 * 2. A thread's token is a positive 31-bit integer that no other living thread has: on Node its
 *    `threadId + 1`, so that a watcher can tell which seats a worker had; elsewhere a random
 *    number.
 *
 * Any thread; nothing blocks.
 */

/** Where events of one kind are told, as `node:diagnostics_channel` has it. */
export interface EventChannel {
  /** False: nobody listens in this thread, and publishing is a waste. */
  readonly hasSubscribers: boolean;
  /** Calls every listener, now. What a listener throws does not come back to here. */
  publish(message: object): void;
}

/** What one platform knows about its threads. */
export interface ThreadHost {
  /** This thread's number where the platform has one, or −1. */
  readonly threadId: number;
  /** True on the thread that may create named pools. */
  readonly isMainThread: boolean;
  /** What people call this thread. */
  readonly threadName: string;
  /** Which platform this is, for error messages and stats. */
  readonly platform: string;
  /** A value that this thread inherited or set, under a key. */
  inherited(key: string): unknown;
  /** Sets a value that threads started from now on inherit. False: the platform cannot. */
  bequeath(key: string, value: unknown): boolean;
  /** True if no code of a worker runs any more when its `exit` event is emitted. */
  readonly exitIsFinal: boolean;
  /** Calls back when this thread ends in an orderly way, where the platform tells. */
  onEnd(callback: () => void): void;
  /** Where this thread tells what happens to a pool (see `events.ts`). */
  readonly events: Readonly<Record<'exhausted' | 'reclaim' | 'leak', EventChannel>>;
}

/** The global scope as far as this file looks at it. */
interface Surroundings {
  readonly WorkerGlobalScope?: unknown;
  readonly AudioWorkletGlobalScope?: unknown;
  readonly name?: unknown;
}

const surroundings = globalThis as unknown as Surroundings;
const inWorker =
  surroundings.WorkerGlobalScope !== undefined ||
  surroundings.AudioWorkletGlobalScope !== undefined;
const ownName = inWorker && typeof surroundings.name === 'string' ? surroundings.name : '';

/** A platform that knows no such channels. */
const silence: EventChannel = { hasSubscribers: false, publish: () => undefined };

/** A web page, a web worker or an audio worklet. */
const webHost: ThreadHost = {
  threadId: -1,
  isMainThread: !inWorker,
  threadName: ownName !== '' ? ownName : inWorker ? 'worker' : 'main',
  platform: 'web',
  inherited: () => undefined,
  bequeath: () => false,
  exitIsFinal: false,
  onEnd: () => undefined,
  events: { exhausted: silence, reclaim: silence, leak: silence },
};

let current: ThreadHost = webHost;
let token = 0;

/**
 * Makes a platform's host the one that is asked, and answers `passed`. Called once, by an entry.
 */
export function installHost<T>(host: ThreadHost, passed: T): T {
  current = host;
  return passed;
}

/** The part of Node's `process` that reports warnings; elsewhere the console does. */
interface Reporter {
  readonly process?: { emitWarning?(text: string, options: object): void };
}

/** Says something to whoever runs the program. */
export function warn(type: string, text: string, detail = ''): void {
  const reporter = (globalThis as Reporter).process;
  if (typeof reporter?.emitWarning === 'function') reporter.emitWarning(text, { type, detail });
  else console.warn(`${type}: ${text}\n${detail}`);
}

/** The host of this thread. */
export function hostOfThread(): ThreadHost {
  return current;
}

/** This thread's token. */
export function tokenOfThread(): number {
  if (current.threadId >= 0) return tokenOf(current.threadId);
  if (token === 0) token = 1 + Math.floor(Math.random() * 0x7fff_fffe);
  return token;
}

/** The token of the thread that has this number. */
export function tokenOf(threadId: number): number {
  return threadId + 1;
}

/** The thread's number behind a token, where the platform numbers threads; else −1. */
export function threadIdOf(threadToken: number): number {
  return current.threadId >= 0 ? threadToken - 1 : -1;
}
