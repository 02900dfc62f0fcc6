/**
 * Runs a scenario in every order that matters: depth first, bounded by preemptions and kills.
 *
 * A run is made of choices: who begins, who goes on where one thread has ended or waits, whether a
 * thread is interrupted at a gate, whether a wait times out, whether a thread is killed. The
 * explorer repeats the scenario from its beginning, follows the choices of the last run up to the
 * deepest one that has an untried alternative, and takes that.
 *
 * Invariants
 * 1. Bounds. Interrupting a thread that could go on costs one of `preemptions`; all other switches
 *    are free. Within the bounds nothing is left out; with `Infinity` every order is tried.
 * 2. Pruning. A state (memory, what each thread has read, who runs, what is left of the bounds)
 *    that was reached before with at least as much left is not gone through again. States are told
 *    apart by 64 bits of hash; two that are taken for one would hide what lies behind the second.
 * 3. A word that turns out to be shared while runs go on starts the exploration anew (machine.ts).
 * 4. Every run ends: more than `stepsMax` accesses are reported as a fault, as are threads that
 *    wait for ever.
 */
import { type Machine, type Scheduler, Status, type Step, type Thread } from './machine.js';
import { nameOf, type Turn, write } from './schedule.js';

/** What can be run again and again. */
export interface Subject {
  readonly machine: Machine;
  /** Brings memory and threads to the beginning of a run; the threads to start are runnable. */
  begin(): void;
  /** A thread was killed. */
  killed(thread: Thread): void;
  /** What is wrong at the end of a run, if anything. Threads that wait for ever are in `stuck`. */
  end(stuck: readonly Thread[]): string | undefined;
  /** What the run did, for the counts of the report. */
}

/** How far to go. */
export interface Bounds {
  /** Interruptions of threads that could go on. */
  readonly preemptions: number;
  /** Kills of threads that are mortal. */
  readonly kills: number;
  /** Give up after so many runs: the result says that it is not complete. */
  readonly runsMax?: number;
  /** Give up after so many milliseconds. */
  readonly msMax?: number;
}

/** A run that went wrong. */
export interface Failure {
  readonly fault: string;
  readonly schedule: string;
}

/** What was explored. */
export interface Exploration {
  /** Runs that were gone through to their end. */
  runs: number;
  /** Runs that ended where another one had been. */
  pruned: number;
  /** Runs in which a thread was killed. */
  kills: number;
  /** Different states at points of choice. */
  states: number;
  /** Accesses made. */
  steps: number;
  /** Nothing within the bounds was left out. */
  complete: boolean;
  failure: Failure | undefined;
}

const STEPS_MAX = 20_000;
const KILL = 16;
const TIME_OUT = 32;

interface Choice {
  readonly options: readonly number[];
  taken: number;
}

/** Explores one subject. */
export class Explorer implements Scheduler {
  private readonly machine: Machine;
  private choices: Choice[] = [];
  private depth = 0;
  private seen = new Seen();
  private preemptions = 0;
  private kills = 0;
  private current: Thread | undefined;
  private next: Thread | undefined;
  private pruned = false;
  private killedNow = false;
  private timedOutNow = false;
  private turnBegan = 0;
  private turns: Turn[] = [];
  private given: readonly Turn[] | undefined;
  private turn = 0;

  constructor(private readonly subject: Subject) {
    this.machine = subject.machine;
  }

  /** Explores with growing bounds, so that what fails with few interruptions is found first. */
  explore(bounds: Bounds): Exploration {
    const total: Exploration = {
      runs: 0,
      pruned: 0,
      kills: 0,
      states: 0,
      steps: 0,
      complete: true,
      failure: undefined,
    };
    const end = performance.now() + (bounds.msMax ?? Number.POSITIVE_INFINITY);
    const steps = Number.isFinite(bounds.preemptions)
      ? [...Array(bounds.preemptions + 1).keys()]
      : [0, 1, bounds.preemptions];
    for (const preemptions of steps) {
      do {
        this.machine.learned = false;
        this.pass({ ...bounds, preemptions }, total, end);
      } while (this.machine.learned && total.failure === undefined && total.complete);
      if (total.failure !== undefined || !total.complete) break;
    }
    return total;
  }

  /** One exploration with fixed bounds. */
  private pass(bounds: Bounds, total: Exploration, end: number): void {
    this.seen = new Seen();
    this.choices = [];
    do {
      const fault = this.run(bounds, undefined);
      total.steps += this.machine.threads.reduce((sum, thread) => sum + thread.steps, 0);
      if (this.pruned) total.pruned += 1;
      else total.runs += 1;
      if (!this.pruned && this.turns.some((turn) => turn.killed)) total.kills += 1;
      if (fault !== undefined) {
        total.failure = { fault, schedule: write(this.turns) };
        break;
      }
      const late = (total.runs & 63) === 0 && performance.now() > end;
      if (late || total.runs >= (bounds.runsMax ?? Number.POSITIVE_INFINITY)) {
        total.complete = false;
        break;
      }
    } while (this.advance());
    total.states += this.seen.size;
  }

  /** Runs one schedule; answers what went wrong, and the steps if they are to be recorded. */
  replay(
    turns: readonly Turn[],
    record = false,
  ): { fault?: string; schedule: string; steps: Step[] } {
    const steps: Step[] = [];
    this.machine.trace = record ? steps : undefined;
    const fault = this.run({ preemptions: 0, kills: 0 }, turns);
    this.machine.trace = undefined;
    const schedule = write(this.turns);
    return fault === undefined ? { schedule, steps } : { fault, schedule, steps };
  }

  /** Goes to the deepest choice that has an alternative; false: there is none. */
  private advance(): boolean {
    for (let last = this.choices.at(-1); last !== undefined; last = this.choices.at(-1)) {
      last.taken += 1;
      if (last.taken < last.options.length) return true;
      this.choices.pop();
    }
    return false;
  }

  private run(bounds: Bounds, given: readonly Turn[] | undefined): string | undefined {
    const { machine, subject } = this;
    this.depth = 0;
    this.preemptions = bounds.preemptions;
    this.kills = bounds.kills;
    this.pruned = false;
    this.turns = [];
    this.given = given;
    this.turn = 0;
    machine.scheduler = this;
    subject.begin();
    machine.begin();
    try {
      const fault = this.go();
      machine.gated = false;
      if (this.pruned || fault !== undefined) return fault;
      const stuck = machine.threads.filter((thread) => thread.status === Status.waiting);
      return subject.end(stuck);
    } finally {
      machine.gated = false;
    }
  }

  private go(): string | undefined {
    let thread = this.pick();
    while (thread !== undefined && !this.pruned) {
      this.current = thread;
      this.next = undefined;
      this.killedNow = false;
      this.turnBegan = thread.steps;
      const fault = this.resume(thread);
      this.turns.push({
        thread: thread.id,
        steps: thread.steps - this.turnBegan,
        killed: this.killedNow,
        timedOut: this.timedOutNow,
      });
      this.timedOutNow = false;
      if (fault !== undefined) return fault;
      if (this.killedNow) this.subject.killed(thread);
      thread = this.next === undefined ? this.pick() : this.next;
      if (thread?.status === Status.waiting) this.endWait(thread);
    }
    return undefined;
  }

  private resume(thread: Thread): string | undefined {
    try {
      const { done } = (thread.coroutine as NonNullable<typeof thread.coroutine>).next();
      if (done === true) thread.status = Status.done;
      return undefined;
    } catch (fault) {
      this.machine.gated = false;
      return `${thread.name}: ${fault instanceof Error ? fault.message : String(fault)}`;
    }
  }

  private endWait(thread: Thread): void {
    thread.status = Status.runnable;
    thread.wokenBy = 'timed-out';
    this.timedOutNow = true;
  }

  // ----------------------------------------------------------------------------------------------
  // Choosing

  /** At a gate: go on, or who else? */
  atGate(thread: Thread, visible: boolean, writes: boolean): boolean {
    if (thread.steps > STEPS_MAX) throw new Error('this run does not end');
    if (this.given !== undefined) return this.turnIsOver(thread);
    const killable = writes && this.kills > 0 && thread.mortal;
    const free = visible && this.preemptions > 0;
    if (!visible && !killable) return false;
    const options = [thread.id];
    if (free) {
      for (const other of this.machine.threads) {
        if (other === thread) continue;
        if (other.status === Status.runnable) options.push(other.id);
        else if (other.status === Status.waiting && other.mayTimeOut) options.push(other.id);
      }
    }
    if (killable) options.push(KILL);
    const option = this.choose(options);
    if (option === thread.id) return this.pruned;
    if (option === KILL) {
      this.kill(thread);
      return true;
    }
    this.preemptions -= 1;
    this.next = this.machine.threads[option] as Thread;
    return true;
  }

  /** Where a thread has ended or waits: who goes on? */
  private pick(): Thread | undefined {
    const { threads } = this.machine;
    if (this.given !== undefined) return this.pickGiven();
    const options: number[] = [];
    for (const thread of threads) if (thread.status === Status.runnable) options.push(thread.id);
    const alone = options.length === 0;
    for (const thread of threads) {
      if (thread.status !== Status.waiting || !thread.mayTimeOut) continue;
      if (alone) options.push(thread.id);
      else if (this.preemptions > 0) options.push(thread.id | TIME_OUT);
    }
    if (options.length === 0) return undefined;
    this.current = undefined;
    const option = this.choose(options);
    if ((option & TIME_OUT) !== 0) this.preemptions -= 1;
    return threads[option & ~TIME_OUT];
  }

  /** The next option; a new choice if this is beyond those of the last run. */
  private choose(options: readonly number[]): number {
    const first = options[0] as number;
    if (options.length === 1) {
      if (this.depth === this.choices.length) this.look();
      return first;
    }
    let choice = this.choices[this.depth];
    if (choice === undefined) {
      if (this.look()) return first;
      choice = { options, taken: 0 };
      this.choices.push(choice);
    }
    this.depth += 1;
    return choice.options[choice.taken] as number;
  }

  /** True if this state was gone through already. */
  private look(): boolean {
    const { machine } = this;
    let key1 = machine.memory1;
    let key2 = machine.memory2;
    for (const thread of machine.threads) {
      const where = (thread.steps << 3) ^ thread.status ^ Math.imul(thread.monitor, 0x9e3779b1);
      key1 = Math.imul(key1 ^ thread.history1, 0x5bd1e995) ^ where;
      key2 = Math.imul(key2 ^ thread.history2 ^ where, 0x27d4eb2f) ^ (key2 >>> 15);
    }
    const who = (this.current === undefined ? 9 : this.current.id) + 16 * this.kills;
    const left = Math.min(this.preemptions, 100);
    this.pruned = this.seen.covers(key1 ^ Math.imul(who, 0x85ebca6b), key2 + who, left);
    return this.pruned;
  }

  private kill(thread: Thread): void {
    this.kills -= 1;
    this.killedNow = true;
    thread.status = Status.dead;
  }

  // ----------------------------------------------------------------------------------------------
  // Following a schedule

  private turnIsOver(thread: Thread): boolean {
    const turn = this.given?.[this.turn - 1];
    if (turn === undefined || thread.steps - this.turnBegan < turn.steps) return false;
    if (turn.killed) {
      this.killedNow = true;
      thread.status = Status.dead;
    }
    return true;
  }

  private pickGiven(): Thread | undefined {
    const { threads } = this.machine;
    const given = this.given as readonly Turn[];
    while (this.turn < given.length) {
      const turn = given[this.turn] as Turn;
      this.turn += 1;
      const thread = threads[turn.thread];
      if (thread === undefined) continue;
      if (thread.status === Status.runnable && !turn.timedOut) return thread;
      if (thread.status === Status.waiting && thread.mayTimeOut && turn.timedOut) return thread;
    }
    this.turn = given.length + 1;
    return (
      threads.find((thread) => thread.status === Status.runnable) ??
      threads.find((thread) => thread.status === Status.waiting && thread.mayTimeOut)
    );
  }
}

/** Finds a shorter schedule that fails in the same way. */
export function shrink(explorer: Explorer, turns: readonly Turn[], fault: string): Turn[] {
  const kind = kindOf(fault);
  const fails = (candidate: readonly Turn[]): boolean =>
    kindOf(explorer.replay(candidate).fault ?? '') === kind;
  let best = [...turns];
  for (let improved = true; improved; ) {
    improved = false;
    for (let k = best.length - 1; k >= 0; k--) {
      const without = best.filter((_, index) => index !== k);
      if (!fails(without)) continue;
      best = without;
      improved = true;
    }
  }
  return best;
}

/** The fault without the numbers in it. */
function kindOf(fault: string): string {
  return fault.replace(/-?\d+/g, '#').replace(/^[A-H]: /, '');
}

/** The states that were gone through, and how many preemptions were left there. */
class Seen {
  size = 0;
  private capacity = 1 << 12;
  private keys = new Int32Array(this.capacity * 2);
  private left = new Uint8Array(this.capacity);

  /** True if the state was seen with at least `left`; else it is remembered. */
  covers(key1: number, key2: number, left: number): boolean {
    if (this.size * 2 > this.capacity) this.grow();
    const k = this.find(key1 | 0, key2 | 0);
    const before = this.left[k] as number;
    if (before > left) return true;
    if (before === 0) this.size += 1;
    this.keys[2 * k] = key1;
    this.keys[2 * k + 1] = key2;
    this.left[k] = left + 1;
    return false;
  }

  private find(key1: number, key2: number): number {
    const mask = this.capacity - 1;
    let k = Math.imul(key1 ^ (key2 >>> 7), 0x9e3779b1) >>> 7;
    for (k &= mask; this.left[k] !== 0; k = (k + 1) & mask) {
      if (this.keys[2 * k] === key1 && this.keys[2 * k + 1] === key2) break;
    }
    return k;
  }

  private grow(): void {
    const { keys, left, capacity } = this;
    this.capacity = capacity * 2;
    this.keys = new Int32Array(this.capacity * 2);
    this.left = new Uint8Array(this.capacity);
    for (let k = 0; k < capacity; k++) {
      if (left[k] === 0) continue;
      const at = this.find(keys[2 * k] as number, keys[2 * k + 1] as number);
      this.keys[2 * at] = keys[2 * k] as number;
      this.keys[2 * at + 1] = keys[2 * k + 1] as number;
      this.left[at] = left[k] as number;
    }
  }
}

export { nameOf };
