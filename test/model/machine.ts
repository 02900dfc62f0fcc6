/**
 * The modelled machine: one memory, some threads, and the gate that every access goes through.
 *
 * Invariants
 * 1. Threads are coroutines of one real thread, so what happens between two gates is one step, and
 *    a run is a pure function of the choices that were made at its gates.
 * 2. Sequential consistency: an access takes effect at once, in the order of the gates. What this
 *    leaves out, compilers and processors that reorder plain accesses, is not modelled here.
 * 3. A gate is a point of choice if another thread has been seen to access the same word, one of
 *    the two writing (`visible`). All other accesses commute with everything that other threads do,
 *    so that choosing there would only give the same runs again. Words become visible while runs go
 *    on; whoever explores starts anew when `learned` says so.
 * 4. `memory1/2` is a hash of the memory, and `history1/2` of all that a thread has read. A thread
 *    is deterministic, so both and the number of its steps say in which state the whole is.
 *
 * A kill is a coroutine that is never resumed: no `finally` runs, as in a thread that ends.
 */
import { ATOMICS, type Site } from './transform.js';

/** What a thread does at a gate: an operation of `Atomics` by its number, or one of these. */
export const READ = ATOMICS.length;
export const STORE = READ + 1;
export const WAIT = READ + 2;
const ATOMIC_LOAD = 0;
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
  }
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
  /** `visible`: the order matters here. `writes`: a kill here differs from one before. */
  atGate(thread: Thread, visible: boolean, writes: boolean): boolean;
}

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
  /** A word became visible. */
  learned = false;
  scheduler: Scheduler | undefined;
  trace: Step[] | undefined;

  private readonly visible: Uint8Array;
  private readonly readers: Uint8Array;
  private readonly writers: Uint8Array;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.memory = new Int32Array(buffer);
    this.visible = new Uint8Array(this.memory.length);
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
    return this.visible.reduce((sum, one) => sum + one, 0);
  }

  /** Starts a run: the memory is as it should be now. */
  begin(): void {
    this.memory1 = 0;
    this.memory2 = 0;
    this.gated = true;
  }

  /** True if the order of this access and those of other threads matters. */
  isVisible(thread: Thread, address: number, writes: boolean): boolean {
    const bit = 1 << thread.id;
    const { readers, writers, visible } = this;
    if (writes) writers[address] = (writers[address] as number) | bit;
    else readers[address] = (readers[address] as number) | bit;
    if (visible[address] === 1) return true;
    const others =
      ((writers[address] as number) | (writes ? (readers[address] as number) : 0)) & ~bit;
    if (others === 0) return false;
    visible[address] = 1;
    this.learned = true;
    return true;
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
export class Gate {
  /** The views that are used all the time; others are looked at more closely. */
  i32: Int32Array | undefined;
  f64: Float64Array | undefined;

  private operation = 0;
  private array: View;
  private index = 0;
  private first = 0;
  private second: number | undefined;
  private site = 0;
  private address = -1;
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
    const wide = this.array instanceof Float64Array;
    const writes = operation !== READ && operation !== ATOMIC_LOAD && operation !== NOTIFY;
    const before = machine.memory[address] as number;
    if (writes) {
      machine.changing(address);
      if (wide) machine.changing(address + 1);
    }
    const result = this.perform();
    if (writes) {
      machine.changed(address);
      if (wide) machine.changed(address + 1);
    }
    thread.steps += 1;
    if (operation !== STORE && operation !== 1) {
      this.remember(wide ? before : (result as number) | 0);
      if (wide) this.remember(machine.memory[address + 1] as number);
    }
    if (machine.trace !== undefined) this.record(before, result);
    return result;
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
    if (!machine.gated) return false;
    const address = this.addressOf(array, index);
    this.address = address;
    if (address < 0) return false;
    const writes = operation !== READ && operation !== ATOMIC_LOAD;
    let visible = machine.isVisible(thread, address, writes);
    if (array instanceof Float64Array) {
      visible = machine.isVisible(thread, address + 1, writes) || visible;
    }
    if (this.quiet || (!visible && !writes)) return false;
    return (machine.scheduler as Scheduler).atGate(thread, visible, writes);
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
      return this.machine.gated ? this.machine.wake(this.address, first ?? Infinity) : 0;
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
