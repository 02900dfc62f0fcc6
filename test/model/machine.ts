/**
 * The modelled machine: one memory, some threads, and the gate that every access goes through.
 *
 * Invariants
 * 1. Threads are coroutines of one real thread, so what happens between two gates is one step, and
 *    a run is a pure function of the choices that were made at its gates.
 * 2. Sequential consistency: an access takes effect at once, in the order of the gates. What this
 *    leaves out, compilers and processors that reorder plain accesses, is not modelled here.
 * 3. A gate is a point of choice if another thread has been seen to access the same word, one of
 *    the two writing (*visible*). All other accesses commute with everything that other threads do,
 *    so that choosing there would only give the same runs again. Words become visible while runs go
 *    on; whoever explores starts anew when `learned` says so.
 * 4. `memory1/2` is a hash of the words that are visible, or that are looked at when a run has ended
 *    (*shown*), and `history1/2` of all that a thread has read. A thread is deterministic, so both
 *    and the number of its steps say in which state the whole is: a word that one thread alone uses
 *    says no more than that thread's history does.
 * 5. A thread sleeps (explorer.ts) until somebody does what its next step could depend on: writes
 *    its word, reads it if the step writes, or touches the laws' own numbers if the step does.
 *
 * A kill is a coroutine that is never resumed: no `finally` runs, as in a thread that ends.
 */
import { ATOMICS, type Site } from './transform.js';

/** What a thread does at a gate: an operation of `Atomics` by its number, or one of these. */
export const READ = ATOMICS.length;
export const STORE = READ + 1;
export const WAIT = READ + 2;
const ATOMIC_LOAD = 0;
const ATOMIC_STORE = 1;
const COMPARE_EXCHANGE = 8;
const NOTIFY = 9;

/** Names of all operations, by number. */
export const OPERATIONS: readonly string[] = [...ATOMICS, 'read', 'store', 'wait'];

export enum Status {
  /** Waits for somebody to die. */
  idle,
  runnable,
  /** In `Atomics.wait`. */
  waiting,
  done,
  dead,
}

/** A coroutine: the modelled code yields nothing and is sent nothing. */
export type Steps<T = void> = Generator<undefined, T, undefined>;

/** One modelled thread. */
export class Thread {
  status = Status.idle;
  /** How many accesses it has made. */
  steps = 0;
  history1 = 0;
  history2 = 0;
  /** Part of the state that its history does not tell, set by monitors. */
  monitor = 0;
  /** Milliseconds on its clock; only a wait that times out lets them pass. */
  clock = 0;
  coroutine: Steps | undefined;
  /** While it waits: on which word, and whether the wait ends by itself. */
  waitsAt = -1;
  mayTimeOut = false;
  wokenBy: 'ok' | 'timed-out' = 'ok';
  /** May be killed. */
  mortal = false;
  /** A kill here may differ from one that was possible earlier in this turn. */
  dirty = true;
  /** Its next step while it sleeps, and what else that step touches up to its next gate. */
  asleepOn: Footprint | undefined;

  constructor(
    readonly id: number,
    readonly name: string,
  ) {}

  reset(): void {
    this.status = Status.idle;
    this.steps = 0;
    this.history1 = 0;
    this.history2 = 0;
    this.monitor = 0;
    this.clock = 0;
    this.coroutine = undefined;
    this.waitsAt = -1;
    this.mayTimeOut = false;
    this.dirty = true;
    this.asleepOn = undefined;
  }
}

/** What a step touches, from its gate to the next one of the same thread. */
export interface Footprint {
  readonly address: number;
  readonly words: number;
  readonly writes: boolean;
  /** It looks at, or changes, what the laws count. */
  counts: boolean;
  /** It makes further visible accesses where nobody can come between. */
  wide: boolean;
}

/** One access, as a trace shows it. */
export interface Step {
  readonly thread: Thread;
  readonly operation: number;
  readonly address: number;
  readonly before: number;
  readonly after: number;
  readonly result: unknown;
  readonly site: Site;
}

/** Who decides at a gate. True: the thread yields. */
export interface Scheduler {
  /** `visible`: the order matters here. `writes`: a kill here may differ from one before. */
  atGate(thread: Thread, gate: Announced): boolean;
  /** The gate at which the next choice of an earlier run was made: the same is taken again. */
  atStop(): boolean;
  /** A thread touches, between two gates, what the laws count (or several words at once). */
  touched(thread: Thread, wide: boolean): void;
}

/** What is announced at a gate. */
export interface Announced {
  readonly address: number;
  readonly words: number;
  readonly visible: boolean;
  readonly writes: boolean;
}

const VISIBLE = 1;
const SHOWN = 2;

type View = Int32Array | Float64Array;

/** Memory, threads, and what is known about accesses. */
export class Machine {
  /** The whole memory in ints: an address is an index into it. */
  readonly memory: Int32Array;
  readonly threads: Thread[] = [];
  /** False: accesses are made without a gate, for preparation and inspection. */
  gated = false;
  memory1 = 0;
  memory2 = 0;
  /** A word became visible or shown. */
  learned = false;
  /** True: accesses without a gate are looking at the end of a run. */
  showing = false;
  /** An earlier run is repeated up to its last choice: nothing is hashed or noted. */
  repeating = false;
  /** Where its next choice was made at a gate; −1: between turns. */
  stopThread = -1;
  stopSteps = -1;
  /** If it is set, only these accesses are points of choice. */
  focus: ((address: number, site: number) => boolean) | undefined;
  /** How many threads sleep. */
  asleep = 0;
  scheduler: Scheduler | undefined;
  trace: Step[] | undefined;

  private readonly known: Uint8Array;
  private readonly readers: Uint8Array;
  private readonly writers: Uint8Array;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.memory = new Int32Array(buffer);
    this.known = new Uint8Array(this.memory.length);
    this.readers = new Uint8Array(this.memory.length);
    this.writers = new Uint8Array(this.memory.length);
  }

  addThread(name: string): Thread {
    if (this.threads.length === 8) throw new Error('at most 8 threads');
    const thread = new Thread(this.threads.length, name);
    this.threads.push(thread);
    return thread;
  }

  /** How many words are points of choice. */
  get visibleWords(): number {
    return this.known.reduce((sum, one) => sum + (one & VISIBLE), 0);
  }

  /** Starts a run: the memory is as it should be now. */
  begin(): void {
    this.memory1 = 0;
    this.memory2 = 0;
    this.asleep = 0;
    this.gated = true;
  }

  /** True if the order of this access and those of other threads matters. */
  isVisible(thread: Thread, address: number, writes: boolean): boolean {
    const bit = 1 << thread.id;
    const { readers, writers, known } = this;
    if (writes) writers[address] = (writers[address] as number) | bit;
    else readers[address] = (readers[address] as number) | bit;
    if (((known[address] as number) & VISIBLE) !== 0) return true;
    const others =
      ((writers[address] as number) | (writes ? (readers[address] as number) : 0)) & ~bit;
    if (others === 0) return false;
    known[address] = (known[address] as number) | VISIBLE;
    this.learned = true;
    return true;
  }

  /** A word is looked at when a run has ended: who is killed before it is written leaves it so. */
  show(address: number): void {
    const known = this.known[address] as number;
    if ((known & SHOWN) !== 0) return;
    this.known[address] = known | SHOWN;
    if (known === 0 && this.writers[address] !== 0) this.learned = true;
  }

  /** True if a word says something that the histories of the living do not. */
  matters(address: number): boolean {
    return this.known[address] !== 0;
  }

  /** Notes that a word is about to change; call `changed` with the same address after it did. */
  changing(address: number): void {
    const value = this.memory[address] as number;
    this.memory1 = (this.memory1 - mix1(address, value)) | 0;
    this.memory2 = (this.memory2 - mix2(address, value)) | 0;
  }

  changed(address: number): void {
    const value = this.memory[address] as number;
    this.memory1 = (this.memory1 + mix1(address, value)) | 0;
    this.memory2 = (this.memory2 + mix2(address, value)) | 0;
  }

  /** Puts a thread to sleep that was interrupted before this step. */
  sleep(thread: Thread, step: Footprint): void {
    thread.asleepOn = step;
    this.asleep += 1;
  }

  /** Wakes who sleeps on something that this access could change, or could see changed. */
  disturb(by: Thread, address: number, words: number, writes: boolean): void {
    for (const thread of this.threads) {
      const step = thread.asleepOn;
      if (step === undefined || thread === by) continue;
      const apart = address >= step.address + step.words || address + words <= step.address;
      if (step.wide || (!apart && (writes || step.writes))) this.rouse(thread);
    }
  }

  /** Wakes who sleeps before a step that touches what the laws count. */
  disturbCounts(by: Thread): void {
    for (const thread of this.threads) {
      const step = thread.asleepOn;
      if (step !== undefined && thread !== by && (step.counts || step.wide)) this.rouse(thread);
    }
  }

  private rouse(thread: Thread): void {
    thread.asleepOn = undefined;
    this.asleep -= 1;
  }

  /** A thread touches what the laws count: the order of such touches matters. */
  touch(thread: Thread): void {
    if (!this.gated || this.repeating) return;
    thread.dirty = true;
    if (this.asleep > 0) this.disturbCounts(thread);
    this.scheduler?.touched(thread, false);
  }

  /** Wakes up to `count` threads that wait on a word; answers how many. */
  wake(address: number, count: number): number {
    let woken = 0;
    for (const thread of this.threads) {
      if (woken === count) break;
      if (thread.status !== Status.waiting || thread.waitsAt !== address) continue;
      thread.status = Status.runnable;
      thread.wokenBy = 'ok';
      woken += 1;
    }
    return woken;
  }
}

/** The gate of one thread: what the transformed text calls. */
export class Gate implements Announced {
  /** The views that are used all the time; others are looked at more closely. */
  i32: Int32Array | undefined;
  f64: Float64Array | undefined;

  private operation = 0;
  private array: View;
  private index = 0;
  private first = 0;
  private second: number | undefined;
  private site = 0;
  address = -1;
  words = 1;
  visible = false;
  writes = false;
  /** Nobody comes between: see `plain`. */
  private quiet = false;

  constructor(
    private readonly machine: Machine,
    readonly thread: Thread,
    private readonly sites: readonly Site[],
  ) {
    this.array = machine.memory;
  }

  /** Announces a plain read. */
  load(site: number, array: View, index: number): boolean {
    return this.announce(site, READ, array, index, 0, undefined);
  }

  /** Announces a plain store. */
  store(site: number, array: View, index: number, value: number): boolean {
    return this.announce(site, STORE, array, index, value, undefined);
  }

  /** Announces `Atomics[operation](array, index, first, second)`. */
  atomic(
    site: number,
    operation: number,
    array: Int32Array,
    index: number,
    first?: number,
    second?: number,
  ): boolean {
    return this.announce(site, operation, array, index, first as number, second);
  }

  /** Does what was announced; the thread does not look at the result. */
  effect(): number | undefined {
    const { thread } = this;
    const { history1, history2 } = thread;
    const result = this.act();
    thread.history1 = history1;
    thread.history2 = history2;
    return result;
  }

  /** Does what was announced. */
  act(): number | undefined {
    const { machine, address, operation } = this;
    if (!machine.gated || address < 0) return this.perform();
    const { thread } = this;
    thread.steps += 1;
    if (machine.repeating) return this.perform();
    const wide = this.array instanceof Float64Array;
    const before = machine.memory[address] as number;
    const result = isWriting(operation) ? this.write(wide) : this.perform();
    if (machine.asleep > 0) {
      const harmless = operation === READ || operation === ATOMIC_LOAD;
      machine.disturb(thread, address, wide ? 2 : 1, !harmless);
    }
    if (operation !== STORE && operation !== ATOMIC_STORE) {
      this.remember(wide ? before : (result as number) | 0);
      if (wide) this.remember(machine.memory[address + 1] as number);
    }
    if (machine.trace !== undefined) this.record(before, result);
    return result;
  }

  /** Does what was announced, and keeps the hash of the memory. */
  private write(wide: boolean): number | undefined {
    const { machine, address } = this;
    const first = machine.matters(address);
    const second = wide && machine.matters(address + 1);
    if (!first && !second) return this.perform();
    this.thread.dirty = true;
    if (first) machine.changing(address);
    if (second) machine.changing(address + 1);
    const result = this.perform();
    if (first) machine.changed(address);
    if (second) machine.changed(address + 1);
    return result;
  }

  /** `copyWithin` to a lower place: element by element, the lowest first. */
  *copyWithin(site: number, array: View, to: number, from: number, end: number): Steps<View> {
    for (let k = 0; from + k < end && to < from; k++) {
      if (this.load(site, array, from + k)) yield;
      const value = this.act() as number;
      if (this.store(site, array, to + k, value)) yield;
      this.act();
    }
    if (to > from) throw new Error('the model: copyWithin to a higher place');
    return array;
  }

  /** `Atomics.wait`. */
  *wait(
    site: number,
    array: Int32Array,
    index: number,
    value: number,
    timeoutMs = Number.POSITIVE_INFINITY,
  ): Steps<'ok' | 'not-equal' | 'timed-out'> {
    const { machine, thread } = this;
    if (!machine.gated) throw new Error('a wait where nobody else runs');
    if (this.announce(site, WAIT, array, index, value, undefined)) yield;
    thread.steps += 1;
    const now = machine.memory[this.address] as number;
    if (machine.asleep > 0) machine.disturb(thread, this.address, 1, true);
    if (now !== value) {
      this.remember(1);
      if (machine.trace !== undefined) this.record(now, 'not-equal');
      return 'not-equal';
    }
    thread.status = Status.waiting;
    thread.waitsAt = this.address;
    thread.mayTimeOut = Number.isFinite(timeoutMs);
    if (machine.trace !== undefined) this.record(now, 'sleeps');
    yield;
    thread.dirty = true; // others went on meanwhile
    this.remember(thread.wokenBy === 'ok' ? 2 : 3);
    if (thread.wokenBy === 'timed-out') thread.clock += timeoutMs;
    return thread.wokenBy;
  }

  /**
   * For a call from a constructor or an accessor, where nothing can yield: what it calls runs to its
   * end in one step. Its accesses count as made, but nobody comes between them.
   */
  plain<T>(result: T): T {
    const coroutine = result as (Steps<T> & { $generator?: true }) | undefined;
    if (coroutine?.$generator !== true) return result;
    const quiet = this.quiet;
    this.quiet = true;
    try {
      const { done, value } = coroutine.next();
      if (done !== true) throw new Error('the model: a constructor or an accessor waits');
      return value;
    } finally {
      this.quiet = quiet;
    }
  }

  private announce(
    site: number,
    operation: number,
    array: View,
    index: number,
    first: number,
    second: number | undefined,
  ): boolean {
    this.site = site;
    this.operation = operation;
    this.array = array;
    this.index = index;
    this.first = first;
    this.second = second;
    const { machine, thread } = this;
    if (!machine.gated) {
      if (machine.showing) this.show(array, index);
      return false;
    }
    const address = this.addressOf(array, index);
    this.address = address;
    if (address < 0) return false;
    if (machine.repeating) {
      if (thread.steps !== machine.stopSteps || thread.id !== machine.stopThread) return false;
      return (machine.scheduler as Scheduler).atStop();
    }
    this.writes = operation !== READ && operation !== ATOMIC_LOAD;
    this.words = array instanceof Float64Array ? 2 : 1;
    this.visible = machine.isVisible(thread, address, this.writes);
    if (this.words === 2) {
      this.visible = machine.isVisible(thread, address + 1, this.writes) || this.visible;
    }
    if (machine.focus !== undefined && this.visible) this.visible = machine.focus(address, site);
    const scheduler = machine.scheduler as Scheduler;
    if (this.quiet) {
      if (this.visible) scheduler.touched(thread, true);
      return false;
    }
    if (!this.visible && !this.writes) return false;
    return scheduler.atGate(thread, this);
  }

  private show(array: View, index: number): void {
    const address = this.addressOf(array, index);
    if (address < 0) return;
    this.machine.show(address);
    if (array instanceof Float64Array) this.machine.show(address + 1);
  }

  private addressOf(array: View, index: number): number {
    if (array === this.i32) return index;
    if (array === this.f64) return index * 2;
    if (array.buffer !== this.machine.buffer) return -1;
    return (array.byteOffset + index * array.BYTES_PER_ELEMENT) >> 2;
  }

  private perform(): number | undefined {
    const { operation, array, index, first } = this;
    if (operation === READ) return array[index];
    if (operation === STORE) {
      array[index] = first;
      return first;
    }
    const ints = array as Int32Array;
    if (operation === COMPARE_EXCHANGE) {
      return Atomics.compareExchange(ints, index, first, this.second as number);
    }
    if (operation === NOTIFY) {
      if (!this.machine.gated) return 0;
      const woken = this.machine.wake(this.address, first ?? Number.POSITIVE_INFINITY);
      if (woken > 0) this.thread.dirty = true;
      return woken;
    }
    if (operation === ATOMIC_LOAD) return Atomics.load(ints, index);
    const name = ATOMICS[operation] as 'add' | 'sub' | 'and' | 'or' | 'xor' | 'exchange' | 'store';
    return Atomics[name](ints, index, first);
  }

  private remember(value: number): void {
    const { thread } = this;
    thread.history1 = (Math.imul(thread.history1 ^ value, 0x5bd1e995) + 0x3c6ef372) | 0;
    const turned = (thread.history2 << 13) | (thread.history2 >>> 19);
    thread.history2 = (Math.imul(turned ^ value, 0x2c1b3c6d) + 0x297a2d39) | 0;
  }

  private record(before: number, result: unknown): void {
    const { machine, thread, operation, address } = this;
    const site = this.sites[this.site] ?? { where: 'model', line: 0 };
    const after = machine.memory[address] as number;
    machine.trace?.push({ thread, operation, address, before, after, result, site });
  }
}

function isWriting(operation: number): boolean {
  return operation !== READ && operation !== ATOMIC_LOAD && operation !== NOTIFY;
}

function mix1(address: number, value: number): number {
  let hash = Math.imul(value ^ Math.imul(address + 1, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function mix2(address: number, value: number): number {
  let hash = Math.imul(value ^ Math.imul(address + 7, 0x27d4eb2f), 0x165667b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 14);
}
