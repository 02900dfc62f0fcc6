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
 *    are free. Within the bounds every run is made, or one that is equivalent to it by 2, 3 or 4
 *    and costs no more. If no choice was refused for want of a preemption, more would add nothing:
 *    then the bound is infinite.
 * 2. States. A state (memory, what each living thread has read, who runs, who sleeps, what the laws
 *    count, what is left of the bounds) that was reached before with at least as much left is not
 *    gone through again. States are told apart by 64 bits of hash; two that are taken for one would
 *    hide what lies behind the second.
 * 3. Sleep. A thread that is interrupted before a step sleeps until somebody does what the step
 *    depends on, and is not chosen while it sleeps. Why nothing is lost, within the same bound:
 *
 *      this run      … A interrupted before s │ others, nothing that s depends on │ A: s, …
 *      the other one … A: s, and on to its next gate │ the same others │ A: …
 *
 *    The other run does the same accesses with the same values, and switches away from A once, at
 *    its next gate, or for nothing where A ends or waits. It is tried first. A step is all that A
 *    does up to its next gate, with what it adds to the laws' counts; two steps depend on each
 *    other if they touch the same word, one of them writing, or both touch those counts. Who goes
 *    first where a thread has *ended* is not put to sleep: there the other run may cost more. Sleep
 *    is part of the state (2), so that a state in which fewer sleep is gone through anew.
 * 4. Kills. A dead thread's reads are nobody's business. So a kill is tried before a write only if,
 *    since the last gate where one was tried, the thread was interrupted, or changed a word that
 *    others use or that is looked at when the run has ended; and after its last step.
 * 5. A word that turns out to be shared starts the pass anew (machine.ts).
 * 6. Every run ends: more than `STEPS_MAX` accesses are reported as a fault, as are threads that
 *    wait for ever.
 *
 * `reduced: false` switches 3 and 4 off; `reduction.model.ts` compares.
 */
import {
  type Announced,
  type Footprint,
  type Machine,
  type Scheduler,
  Status,
  type Step,
  type Thread,
} from './machine.js';
import { type Turn, write } from './schedule.js';
import { Seen } from './seen.js';

/** What can be run again and again. */
export interface Subject {
  readonly machine: Machine;
  /** What the laws count, for the hash of a state. */
  readonly counted: number;
  /** Brings memory and threads to the beginning of a run; the threads to start are runnable. */
  begin(): void;
  /** A thread was killed. */
  killed(thread: Thread): void;
  /** What is wrong at the end of a run, if anything. Threads that wait for ever are in `stuck`. */
  end(stuck: readonly Thread[]): string | undefined;
}

/** How far to go. */
export interface Bounds {
  /** Interruptions of threads that could go on. */
  readonly preemptions: number;
  /** Kills of threads that are mortal. */
  readonly kills: number;
  /** Give up after so many accesses: the result says that it is not complete. */
  readonly stepsMax?: number;
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
  /** Runs that ended where another one had been, or where all that could go on slept. */
  pruned: number;
  /** Runs in which a thread was killed. */
  kills: number;
  /** Different states at points of choice. */
  states: number;
  /** Accesses made. */
  steps: number;
  /** Nothing within the bounds was left out. */
  complete: boolean;
  /** Up to so many preemptions nothing was left out: −1: none; Infinity: whatever their number. */
  bound: number;
  /** Runs of the last pass: with the bound, or with one more preemption if that is not finished. */
  passRuns: number;
  failure: Failure | undefined;
}

const STEPS_MAX = 20_000;
const KILL = 16;
const TIME_OUT = 32;
const BETWEEN_TURNS = -1;

/** A point of choice of the present run, and what the machine's hashes were there. */
interface Choice extends Footprint {
  readonly options: readonly number[];
  taken: number;
  /** The thread at whose gate it is made, and how many accesses it had made; or which turn. */
  readonly thread: number;
  readonly steps: number;
  readonly hashes: Int32Array;
  readonly asleep: readonly (Footprint | undefined)[] | undefined;
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
  private refused = false;
  private killedNow = false;
  private timedOutNow = false;
  private turnBegan = 0;
  private turns: Turn[] = [];
  private given: readonly Turn[] | undefined;
  private turn = 0;
  /** By thread: the step that it is making, if it could have been interrupted before it. */
  private readonly making: (Footprint | undefined)[] = [];

  /** @param reduced false: without the reductions 3 and 4, to compare. */
  constructor(
    private readonly subject: Subject,
    private readonly reduced = true,
  ) {
    this.machine = subject.machine;
  }

  /** Explores with growing bounds, so that what fails with few interruptions is found first. */
  explore(bounds: Bounds): Exploration {
    const total = nothing();
    const deadline = performance.now() + (bounds.msMax ?? Number.POSITIVE_INFINITY);
    for (let preemptions = 0; preemptions <= bounds.preemptions; preemptions++) {
      this.pass({ ...bounds, preemptions }, total, deadline);
      if (total.failure !== undefined || !total.complete) break;
      total.bound = this.refused ? preemptions : Number.POSITIVE_INFINITY;
      if (!this.refused) break;
    }
    return total;
  }

  /** One exploration with fixed bounds, from the beginning whenever a word turns out to be shared. */
  private pass(bounds: Bounds, total: Exploration, deadline: number): void {
    do {
      this.seen = new Seen();
      this.choices = [];
      this.refused = false;
      this.machine.learned = false;
      total.passRuns = 0;
      this.walk(bounds, total, deadline);
      total.states += this.seen.size;
    } while (this.machine.learned && total.failure === undefined && total.complete);
  }

  private walk(bounds: Bounds, total: Exploration, deadline: number): void {
    const { machine } = this;
    for (let count = 1; ; count++) {
      const fault = this.run(bounds, undefined);
      for (const thread of machine.threads) total.steps += thread.steps;
      if (this.pruned) total.pruned += 1;
      else total.runs += 1;
      if (!this.pruned) total.passRuns += 1;
      if (!this.pruned && this.turns.some((turn) => turn.killed)) total.kills += 1;
      if (fault !== undefined) total.failure = { fault, schedule: write(this.turns) };
      if (fault !== undefined || machine.learned || !this.advance()) return;
      const late = (count & 63) === 0 && performance.now() > deadline;
      if (late || total.steps >= (bounds.stepsMax ?? Number.POSITIVE_INFINITY)) {
        total.complete = false;
        return;
      }
    }
  }

  /** Runs one schedule; answers what went wrong, and the steps if they are to be recorded. */
  replay(
    turns: readonly Turn[],
    record = false,
  ): { fault?: string; schedule: string; steps: Step[] } {
    const steps: Step[] = [];
    this.machine.trace = record ? steps : undefined;
    this.choices = [];
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
    this.making.fill(undefined);
    machine.scheduler = this;
    subject.begin();
    machine.begin();
    machine.repeating = this.choices.length > 0;
    this.aim();
    try {
      const fault = this.go();
      machine.gated = false;
      if (this.pruned || fault !== undefined) return fault;
      const stuck = machine.threads.filter((thread) => thread.status === Status.waiting);
      return subject.end(stuck);
    } finally {
      machine.gated = false;
      machine.repeating = false;
    }
  }

  private go(): string | undefined {
    let thread = this.pick();
    while (thread !== undefined) {
      if (this.pruned) return undefined;
      this.current = thread;
      this.next = undefined;
      this.killedNow = false;
      this.turnBegan = thread.steps;
      const fault = this.resume(thread);
      if (this.pruned) return undefined;
      if (thread.status === Status.done) this.mayDieIdle(thread);
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
      if (thread.status !== Status.runnable) this.making[thread.id] = undefined;
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
  atGate(thread: Thread, gate: Announced): boolean {
    if (thread.steps > STEPS_MAX) throw new Error('this run does not end');
    if (this.given !== undefined) return this.turnIsOver(thread);
    // A step goes on to the next gate at which the thread can be interrupted.
    if (gate.visible) this.making[thread.id] = undefined;
    const killable = gate.writes && this.mayDie(thread);
    if (!gate.visible && !killable) return false;
    const options = [thread.id];
    if (gate.visible) this.addOthers(thread, options);
    if (killable) {
      options.push(KILL);
      thread.dirty = false;
    }
    return this.follow(thread, this.choose(options, thread, gate));
  }

  /** Who may go on instead of a thread that could go on. */
  private addOthers(thread: Thread, options: number[]): void {
    for (const other of this.machine.threads) {
      if (other === thread || other.asleepOn !== undefined) continue;
      const ready =
        other.status === Status.runnable || (other.status === Status.waiting && other.mayTimeOut);
      if (!ready) continue;
      if (this.preemptions > 0) options.push(other.id);
      else this.refused = true;
    }
  }

  private mayDie(thread: Thread): boolean {
    return this.kills > 0 && thread.mortal && (thread.dirty || !this.reduced);
  }

  /** At the gate of the next choice of the run that is repeated. */
  atStop(): boolean {
    const thread = this.machine.threads[this.machine.stopThread] as Thread;
    const choice = this.choices[this.depth] as Choice;
    return this.follow(thread, this.take(choice));
  }

  /** Does what was chosen at a gate. True: the thread yields. */
  private follow(thread: Thread, option: number): boolean {
    if (option === thread.id) return this.pruned;
    if (option === KILL) {
      this.kill(thread);
      return true;
    }
    this.preemptions -= 1;
    this.next = this.machine.threads[option] as Thread;
    thread.dirty = true;
    const step = this.choices[this.depth - 1] as Choice;
    if (!this.sleeps || this.pruned || this.machine.repeating) return true;
    this.machine.sleep(thread, step);
    return true;
  }

  /** With a focus a step goes over gates where others meet it: nobody sleeps. */
  private get sleeps(): boolean {
    return this.reduced && this.machine.focus === undefined;
  }

  /** What a step touches beside its word. */
  touched(thread: Thread, wide: boolean): void {
    const step = this.making[thread.id];
    if (step === undefined) return;
    if (wide) step.wide = true;
    else step.counts = true;
  }

  /** A thread that has ended may still be killed before anybody else does something. */
  private mayDieIdle(thread: Thread): void {
    if (this.given !== undefined) {
      const turn = this.given[this.turn - 1];
      if (turn?.killed === true) this.kill(thread);
      return;
    }
    if (this.machine.repeating) {
      const choice = this.choices[this.depth] as Choice;
      const here =
        choice.thread === thread.id && choice.steps === thread.steps && choice.options[1] === KILL;
      if (here && this.take(choice) === KILL) this.kill(thread);
      return;
    }
    if (!this.mayDie(thread)) return;
    thread.status = Status.runnable;
    const option = this.choose([thread.id, KILL], thread);
    thread.status = Status.done;
    if (option === KILL) this.kill(thread);
  }

  /** Where a thread has ended or waits: who goes on? */
  private pick(): Thread | undefined {
    const { threads } = this.machine;
    if (this.given !== undefined) return this.pickGiven();
    if (this.machine.repeating) {
      const choice = this.choices[this.depth] as Choice;
      if (choice.thread === BETWEEN_TURNS && choice.steps === this.turns.length)
        return this.picked(this.take(choice));
    }
    const options: number[] = [];
    let ready = 0;
    for (const thread of threads) {
      if (thread.status !== Status.runnable) continue;
      ready += 1;
      if (thread.asleepOn === undefined) options.push(thread.id);
    }
    for (const thread of threads) {
      if (thread.status !== Status.waiting || !thread.mayTimeOut) continue;
      if (ready === 0) options.push(thread.id);
      else if (this.preemptions > 0) options.push(thread.id | TIME_OUT);
      else this.refused = true;
    }
    this.current = undefined;
    if (options.length === 0) {
      this.pruned = ready > 0; // all that could go on sleep
      return undefined;
    }
    return this.picked(this.choose(options, undefined));
  }

  private picked(option: number): Thread {
    if ((option & TIME_OUT) !== 0) this.preemptions -= 1;
    return this.machine.threads[option & ~TIME_OUT] as Thread;
  }

  /** A new choice, beyond those of the last run. */
  private choose(options: readonly number[], thread: Thread | undefined, gate?: Announced): number {
    const first = options[0] as number;
    if (this.machine.repeating) return first;
    if (this.look() || options.length === 1) return first;
    const choice: Choice = {
      options,
      taken: 0,
      thread: thread === undefined ? BETWEEN_TURNS : thread.id,
      steps: thread === undefined ? this.turns.length : thread.steps,
      address: gate?.address ?? 0,
      words: gate?.words ?? 1,
      writes: gate?.writes ?? true,
      counts: false,
      wide: false,
      hashes: this.hashes(),
      asleep:
        this.machine.asleep > 0 ? this.machine.threads.map(({ asleepOn }) => asleepOn) : undefined,
    };
    this.choices.push(choice);
    this.depth += 1;
    if (thread !== undefined && gate?.visible === true) this.making[thread.id] = choice;
    return first;
  }

  // ----------------------------------------------------------------------------------------------
  // Repeating a run up to its last choice

  /** Takes the same option again; at the last choice the machine's hashes are what they were. */
  private take(choice: Choice): number {
    this.depth += 1;
    if (this.depth === this.choices.length) {
      this.machine.repeating = false;
      this.recall(choice);
    }
    this.aim();
    return choice.options[choice.taken] as number;
  }

  private aim(): void {
    const { machine } = this;
    const choice = this.choices[this.depth];
    machine.stopThread = choice?.thread ?? BETWEEN_TURNS;
    machine.stopSteps = choice?.steps ?? 0;
  }

  private hashes(): Int32Array {
    const { machine } = this;
    const hashes = new Int32Array(2 + 3 * machine.threads.length);
    hashes[0] = machine.memory1;
    hashes[1] = machine.memory2;
    machine.threads.forEach((thread, k) => {
      hashes[2 + 3 * k] = thread.history1;
      hashes[3 + 3 * k] = thread.history2;
      hashes[4 + 3 * k] = thread.dirty ? 1 : 0;
    });
    return hashes;
  }

  private recall({ hashes, asleep }: Choice): void {
    const { machine } = this;
    machine.memory1 = hashes[0] as number;
    machine.memory2 = hashes[1] as number;
    machine.asleep = 0;
    machine.threads.forEach((thread, k) => {
      thread.history1 = hashes[2 + 3 * k] as number;
      thread.history2 = hashes[3 + 3 * k] as number;
      thread.dirty = hashes[4 + 3 * k] === 1;
      thread.asleepOn = undefined;
      const step = asleep?.[k];
      if (step !== undefined) machine.sleep(thread, step);
    });
  }

  // ----------------------------------------------------------------------------------------------

  /** True if this state was gone through already. */
  private look(): boolean {
    const { machine } = this;
    let key1 = machine.memory1 ^ Math.imul(this.subject.counted, 0x1b873593);
    let key2 = machine.memory2;
    for (const thread of machine.threads) {
      const { status } = thread;
      let where: number = status;
      if (status !== Status.dead) {
        const asleep = thread.asleepOn === undefined ? 0 : 0x4000_0000;
        where ^= (thread.steps << 3) ^ asleep ^ Math.imul(thread.monitor, 0x9e3779b1);
        where ^= Math.imul(thread.history1, 0x2545f491);
      }
      key1 = (Math.imul(key1 ^ where, 0x5bd1e995) + 0x3c6ef372) | 0;
      key1 ^= key1 >>> 15;
      const history2 = status === Status.dead ? 0 : thread.history2;
      key2 = Math.imul(key2 ^ history2, 0x27d4eb2f) + (where ^ (key2 >>> 15));
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

/** An exploration that has not begun. */
export function nothing(): Exploration {
  return {
    runs: 0,
    pruned: 0,
    kills: 0,
    states: 0,
    steps: 0,
    complete: true,
    bound: -1,
    passRuns: 0,
    failure: undefined,
  };
}
