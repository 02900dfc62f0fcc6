/**
 * The built library as coroutines, one instance per modelled thread.
 *
 * An instance has its own global object (the registry of attachments lives there), its own clock,
 * random numbers that are the same in every run, and the thread number that its host is asked for.
 * `mutate` is how a deliberately broken variant is made: it changes the built text before the
 * transformation.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type * as Frameslab from 'frameslab';
import { Gate, type Machine, type Steps, type Thread } from './machine.js';
import { PARAMETERS, type Site, type Transformed, transform } from './transform.js';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
/** Limits of loops that wait for others by looking again: all looks but a few are alike. */
const LIMITS: readonly (readonly [RegExp, string])[] = [
  [/\bSPINS_MAX = 256\b/, 'SPINS_MAX = 1'],
  [/\bLOOKS_MAX = 32\b/, 'LOOKS_MAX = 1'],
  [/\bPAUSE_STEPS = 32\b/, 'PAUSE_STEPS = 0'],
  [/\bVERDICT_ATTEMPTS_MAX = 1e3\b/, 'VERDICT_ATTEMPTS_MAX = 3'],
];

/** The number of the first modelled thread. */
const THREAD_ID = 100;

// Every coroutine says that it is one: a call can tell by its result.
const coroutine = Object.getPrototypeOf(function* () {}).prototype as object;
Object.defineProperty(coroutine, '$generator', { value: true });

/** A change of the built modules, by name. */
export type Mutation = (texts: ReadonlyMap<string, string>) => ReadonlyMap<string, string>;

/** The library, transformed once. */
export class Library {
  readonly sites: readonly Site[];
  private readonly modules: ReadonlyMap<string, Transformed>;
  private readonly bodies = new Map<string, (...given: unknown[]) => unknown>();

  constructor(mutate: Mutation = (texts) => texts) {
    const texts = new Map<string, string>();
    const read = (name: string): void => {
      if (texts.has(name)) return;
      texts.set(name, readFileSync(DIST + name, 'utf8'));
      for (const [, other] of (texts.get(name) as string).matchAll(/from "\.\/([^"]+)"/g)) {
        read(other as string);
      }
    };
    read('node.js');
    for (const [limit] of LIMITS) {
      const fits = [...texts.values()].filter((text) => limit.test(text)).length;
      if (fits !== 1) throw new Error(`the model's limit ${limit} does not fit the build`);
    }
    for (const [name, text] of mutate(texts)) texts.set(name, fewerLooks(text));
    this.modules = transform(texts);
    this.sites = [...this.modules.values()].flatMap((module) => module.sites);
    for (const [name, { code }] of this.modules) {
      this.bodies.set(name, new Function(...PARAMETERS, code) as (...given: unknown[]) => unknown);
    }
  }

  /** A fresh instance for one thread. */
  instance(machine: Machine, thread: Thread): Instance {
    const gate = new Gate(machine, thread, this.sites);
    const scope: Record<symbol, unknown> = {};
    const loaded = new Map<string, unknown>([
      ['node:worker_threads', hostOf(thread)],
      ['node:diagnostics_channel', { channel: () => ({ hasSubscribers: false }) }],
    ]);
    const load = (name: string): unknown => {
      const key = name.replace(/^\.\//, '');
      if (!loaded.has(key)) {
        const body = this.bodies.get(key);
        if (body === undefined) throw new Error(`the library imports ${name}`);
        loaded.set(key, body(load, gate, higherOrder, arrayFrom, scope, ...surroundings(thread)));
      }
      return loaded.get(key);
    };
    const names = load('node.js') as typeof Frameslab;
    const registered = () => Object.getOwnPropertySymbols(scope).map((key) => scope[key]);
    return { gate, names, registered, forget: () => forget(scope, gate) };
  }
}

/** What one thread has of the library. Its functions are coroutines, whatever their types say. */
export interface Instance {
  readonly gate: Gate;
  readonly names: typeof Frameslab;
  /** What the library keeps on the global object. */
  registered(): unknown[];
  /** The thread has attached to nothing. */
  forget(): void;
}

/** What a call of the transformed library really answers. */
export function steps<T>(call: T): Steps<T> {
  return call as unknown as Steps<T>;
}

/** The value of a call that may or may not be a coroutine. */
export function* result<T>(call: T): Steps<T> {
  const coroutine = call as { $generator?: true } | undefined;
  return coroutine?.$generator === true ? yield* steps(call) : call;
}

/** Runs a coroutine to its end where there is no gate. */
export function finish<T>(call: T): T extends Steps<infer R> ? R : T {
  type Result = T extends Steps<infer R> ? R : T;
  const coroutine = call as unknown as Steps<Result> & { $generator?: true };
  if (coroutine?.$generator !== true) return call as Result;
  const { done, value } = coroutine.next();
  if (done !== true) throw new Error('a coroutine yields where there is no gate');
  return value as Result;
}

function fewerLooks(text: string): string {
  return LIMITS.reduce((changed, [limit, smaller]) => changed.replace(limit, smaller), text);
}

function forget(scope: Record<symbol, unknown>, gate: Gate): void {
  gate.i32 = undefined;
  gate.f64 = undefined;
  for (const key of Object.getOwnPropertySymbols(scope)) delete scope[key];
}

/** The token that a modelled thread claims its seats with. */
export function tokenOf(thread: Thread): number {
  return THREAD_ID + thread.id + 1;
}

function hostOf(thread: Thread): unknown {
  const inherited = new Map<string, unknown>();
  return {
    threadId: THREAD_ID + thread.id,
    isMainThread: false,
    threadName: thread.name,
    getEnvironmentData: (key: string) => inherited.get(key),
    setEnvironmentData: (key: string, value: unknown) => inherited.set(key, value),
  };
}

/** `performance`, `Date` and `Math` as a modelled thread sees them. */
function surroundings(thread: Thread): unknown[] {
  const performance = { now: () => thread.clock };
  const Time = { now: () => 1_700_000_000_000 + thread.clock };
  const Numbers = Object.create(Math, { random: { value: () => 0.25 } }) as Math;
  return [performance, Time, Numbers];
}

type Callback = (...given: unknown[]) => unknown;

/** `array.map(callback)` and its like, for a callback that is a coroutine. */
function* higherOrder(receiver: unknown, name: string, ...given: unknown[]): Steps<unknown> {
  if (!Array.isArray(receiver)) {
    const method = (receiver as Record<string, Callback>)[name] as Callback;
    return yield* result(method.apply(receiver, given));
  }
  const callback = given[0] as Callback;
  const answers: unknown[] = [];
  let sum = given[1];
  for (let k = 0; k < receiver.length; k++) {
    const element: unknown = receiver[k];
    if (name === 'reduce') {
      sum = yield* result(callback(sum, element, k, receiver));
      continue;
    }
    const answer = yield* result(callback(element, k, receiver));
    if (name === 'find' && answer) return element;
    if (name === 'every' && !answer) return false;
    if (name === 'some' && answer) return true;
    if (name === 'filter' ? answer : name === 'map')
      answers.push(name === 'map' ? answer : element);
  }
  const ends: Record<string, unknown> = { every: true, some: false, reduce: sum };
  return name === 'map' || name === 'filter' ? answers : ends[name];
}

/** `Array.from(list, callback)`. */
function arrayFrom(list: ArrayLike<unknown>, callback: Callback): Steps<unknown> {
  return higherOrder(Array.from(list), 'map', callback);
}
