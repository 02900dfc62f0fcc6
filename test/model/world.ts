/**
 * A scenario made runnable: a slab, threads that are attached to it, and the laws that every run
 * must keep.
 *
 * Laws that are checked in every run
 * 1. Ownership. Who acquires a frame finds no other owner's mark in it and leaves its own; who holds
 *    one finds what it wrote, or what was written before it was shared, until it lets go.
 * 2. An acquire says "exhausted" only if at some moment of the call at least `frames` references,
 *    messages, and calls in progress of others existed.
 * 3. Nobody waits for ever, nobody runs for ever, nobody throws what the scenario does not expect.
 * 4. At the end, after the dead were reclaimed and the living have let go: the audit accounts for
 *    every slot, every slot is free or in the cache of somebody who lives, and the seats of the
 *    dead are free.
 *
 * The threads A, B, … run the transformed library. An auditor, who looks only at the end, uses the
 * built library as it is.
 */
import { type AuditReport, FramePool, type FramePoolOptions } from 'frameslab';
import { FLIGHT, SEAT, SLOT } from '../../src/slab/layout.js';
import { SUSPECT } from '../../src/words/slot-word.js';
import { Actor } from './actor.js';
import type { Subject } from './explorer.js';
import { Heap } from './heap.js';
import { finish, type Library } from './library.js';
import { Machine, Status, type Steps, type Thread } from './machine.js';

/** What one thread does. */
export type Body = (me: Actor) => Steps;

/** Something that is to be explored. */
export interface Scenario {
  /** The law that it tests: a sentence. */
  readonly law: string;
  readonly options: Omit<FramePoolOptions, 'buffer' | 'byteOffset' | 'threadsMax'>;
  /** Brings the pool into the state in which the threads begin. */
  readonly prepare?: (world: World) => void;
  readonly bodies: readonly Body[];
  /** Threads that are not attached before they run. */
  readonly strangers?: readonly number[];
  /** Threads that may be killed; default: all that `bodies` names. */
  readonly mortals?: readonly number[];
  /** At the first kill two rescuers begin, instead of one. */
  readonly rescuersTogether?: boolean;
  /** Counts may be left in doubt: then they are settled at the end, as after a kill. */
  readonly inDoubt?: boolean;
  /** Word of the model in which a rescuer says that it is ready. */
  readonly rescued?: number;
  /** Seats that are free for strangers, beyond one for each other thread. */
  readonly seatsMore?: number;
  /** Counted events that happen equally often in a run without kills. */
  readonly balanced?: readonly [string, string];
  /** How often each counted event happens in a run without kills: at least, at most. */
  readonly mayHappen?: Readonly<Record<string, readonly [least: number, most: number]>>;
}

/** Ints of the model's own after the slab: words that the bodies of a scenario may share. */
const MODEL_INTS = 64;

/** So many runs show, at their end, which words are looked at there; later every so manyth does. */
const SHOWN_ENDS = 64;

/** One scenario with one library. */
export class World implements Subject {
  readonly machine: Machine;
  readonly actors: Actor[] = [];
  readonly scenario: Scenario;
  /** Int at which the model's own words begin. */
  readonly modelAt: number;
  /** References, messages and calls in progress: an upper bound of the frames that are held. */
  held = 0;
  /** What was counted, in one number. */
  private events = 0;
  private readonly notes = new Map<string, number>();
  private readonly counts = new Map<string, number>();

  private readonly auditor: FramePool;
  private readonly begun: Int32Array;
  private readonly heldAtFirst: number;
  private readonly heap: Heap;
  /** Threads that died before the run. */
  readonly gone: Actor[] = [];
  private ends = 0;
  /** Frames that the auditor holds during a run. */
  private readonly kept: number[] = [];

  /** @param kills how many there may be: for each, a thread that reclaims the seats of the dead. */
  constructor(scenario: Scenario, library: Library, kills: number) {
    this.scenario = scenario;
    const rescuers = kills > 0 && scenario.rescuersTogether === true ? kills + 1 : kills;
    const threads = scenario.bodies.length + rescuers;
    const strangers = scenario.strangers?.length ?? 0;
    const threadsMax = 1 + threads - strangers + (scenario.seatsMore ?? strangers);
    const options: FramePoolOptions = { ...scenario.options, threadsMax };
    const slabBytes = FramePool.slabBytes(options);
    const buffer = new SharedArrayBuffer(slabBytes + MODEL_INTS * 4);
    this.modelAt = slabBytes >> 2;
    this.machine = new Machine(buffer);
    this.auditor = alike(() => FramePool.create({ ...options, buffer }));
    for (let k = 0; k < threads; k++) {
      const thread = this.machine.addThread(String.fromCharCode(65 + k));
      const rescues = k >= scenario.bodies.length;
      thread.mortal = rescues
        ? k < threads - 1 && kills > 1
        : (scenario.mortals ?? [...scenario.bodies.keys()]).includes(k);
      const stranger = scenario.strangers?.includes(k) === true;
      const instance = library.instance(this.machine, thread);
      this.actors.push(new Actor(this, thread, instance, rescues, stranger));
    }
    for (const actor of this.actors) {
      if (!actor.stranger) finish(actor.attach());
    }
    scenario.prepare?.(this);
    this.begun = this.machine.memory.slice();
    this.heldAtFirst = this.held;
    this.heap = new Heap(this.actors.flatMap((actor) => actor.roots));
  }

  /** For the state of a run: what the laws count, beside what each thread remembers. */
  get counted(): number {
    return (this.held << 20) ^ this.events;
  }

  begin(): void {
    this.machine.memory.set(this.begun);
    this.held = this.heldAtFirst;
    this.events = 0;
    this.counts.clear();
    this.heap.restore();
    for (const actor of this.actors) actor.reset();
    this.scenario.bodies.forEach((body, k) => {
      const actor = this.actors[k] as Actor;
      actor.thread.coroutine = body(actor);
      actor.thread.status = Status.runnable;
    });
  }

  killed(_thread: Thread): void {
    const together = this.scenario.rescuersTogether === true && this.dead.length === 1;
    const rescuers = this.actors.filter(
      (actor) => actor.rescues && actor.thread.status === Status.idle,
    );
    for (const rescuer of rescuers.slice(0, together ? 2 : 1)) {
      rescuer.thread.status = Status.runnable;
      rescuer.thread.coroutine = rescuer.rescue();
    }
  }

  /** The threads that were killed. */
  get dead(): Actor[] {
    return this.actors.filter((actor) => actor.thread.status === Status.dead);
  }

  /** What `prepare` left for the bodies. */
  note(name: string): number {
    return this.notes.get(name) as number;
  }

  /** Something happened that `mayHappen` names. */
  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    for (let k = 0; k < name.length; k++) this.events += name.charCodeAt(k) << (k % 8);
  }

  // ----------------------------------------------------------------------------------------------
  // For `prepare`: made where there is no gate

  /** A frame that the first two threads hold. */
  sharedByTwo(): void {
    const [a, b] = this.actors as [Actor, Actor];
    const handle = finish(a.filled(1));
    finish(b.tryAdopt(finish(a.share(handle))));
    this.notes.set('handle', handle);
  }

  /** A frame that the first thread holds alone. */
  heldByFirst(): void {
    this.notes.set('handle', finish((this.actors[0] as Actor).tryAcquire()));
  }

  /** A message to anybody, sent by the first thread. */
  messageInFlight(): void {
    const [a] = this.actors as [Actor];
    this.notes.set('message', finish(a.transfer(finish(a.filled(1)))));
  }

  /** Takes every slot but these away; they are given back at the end. */
  leave(slots: readonly number[]): void {
    const taken: number[] = [];
    for (let handle = this.auditor.slots.acquire(); handle !== 0; ) {
      taken.push(handle);
      handle = this.auditor.slots.acquire();
    }
    for (const handle of taken) {
      if (slots.includes(this.auditor.slots.index(handle))) this.auditor.slots.release(handle);
      else this.kept.push(handle);
    }
    internals(this.auditor).refs.giveCacheBack();
    this.held += this.kept.length;
  }

  /** The auditor's cache is as full as it may be: of the reserve, only what the others use is left. */
  fillAuditorsCache(): void {
    this.auditor.slots.release(this.auditor.slots.acquire());
  }

  /** The first thread's cache has grown, and the thread holds `count` frames: one more than that. */
  hoardedByFirst(count: number): void {
    const a = this.actors[0] as Actor;
    const take = (): number[] => Array.from({ length: count }, () => finish(a.tryAcquire()));
    for (const handle of take()) finish(a.release(handle));
    take().forEach((handle, k) => void this.notes.set(`hoarded ${k}`, handle));
  }

  /** Where each seat says how many slots its cache has, and how many all of them may have. */
  get reserve(): { readonly tops: readonly number[]; readonly most: number } {
    const { layout, geometry } = internals(this.auditor).slab;
    const seats = [...Array(geometry.threadsMax).keys()];
    const tops = seats.map((seat) => layout.seatsAt + seat * SEAT.size + SEAT.top);
    return { tops, most: geometry.threadsMax * geometry.cacheFrames };
  }

  /** The second thread holds one alone. */
  heldBySecond(): void {
    this.notes.set('second', finish((this.actors[1] as Actor).tryAcquire()));
  }

  /** Summary and root promise nothing, as if who gave the slots had died before it said so. */
  silenceSummary(): void {
    const { layout } = internals(this.auditor).slab;
    this.machine.memory[layout.summaryAt] = 0;
    this.machine.memory[layout.rootAt] = 0;
  }

  /**
   * A frame that the third thread holds; its word counts one reference more, and is suspect, as if
   * its adopter had died and been erased.
   */
  miscountedFrame(): void {
    const c = this.actors[2] as Actor;
    const handle = finish(c.filled(1));
    finish(c.share(handle));
    this.held -= 1;
    this.notes.set('handle', handle);
    const { layout } = internals(this.auditor).slab;
    const slot = this.slotOf(handle);
    this.machine.memory[layout.flightsAt + slot * FLIGHT.size] = 0;
    this.makeSuspect(slot);
  }

  /**
   * A suspect frame that the first thread holds, and nobody else any more. It was adopted, and never
   * departed: a batch may free it without care.
   */
  suspectOfFirst(): void {
    const [a, b] = this.actors as [Actor, Actor];
    const handle = finish(b.filled(1));
    finish(a.tryAdopt(finish(b.share(handle))));
    finish(b.releaseShared(handle));
    this.notes.set('handle', handle);
    this.makeSuspect(this.slotOf(handle));
  }

  /**
   * A message in flight of a suspect slot that has gone from the third thread to the second and
   * back; so their ledgers count departures: as many as they will count later, in another lease.
   */
  passedAround(): void {
    const [, b, c] = this.actors as [Actor, Actor, Actor];
    const message = finish(c.transfer(finish(c.filled(1))));
    finish(b.transfer(finish(b.tryAdopt(message))));
    finish(c.transfer(finish(c.tryAdopt(message))));
    this.notes.set('message', message);
    this.makeSuspect(this.slotOf(message));
  }

  /** A thread that has died after it wrote into its journal that it takes from the first leaf. */
  diedTaking(thread: number): void {
    const { layout } = internals(this.auditor).slab;
    const actor = this.actors[thread] as Actor;
    const { seat } = actor.pool;
    this.gone.push(actor);
    this.machine.memory[layout.seatsAt + seat * SEAT.size + SEAT.journal] = 1;
  }

  /** A slot that one of them has taken out of the list, and no more. */
  lose(slot: number): void {
    const { layout } = internals(this.auditor).slab;
    this.machine.memory[layout.leavesAt] =
      (this.machine.memory[layout.leavesAt] as number) & ~(1 << slot);
  }

  private slotOf(handle: number): number {
    return handle & internals(this.auditor).refs.codec.indexMask;
  }

  /** Flags a shared slot, as the reclaim of a dead holder does. */
  private makeSuspect(slot: number): void {
    const { layout } = internals(this.auditor).slab;
    const at = layout.slotsAt + slot * SLOT.size;
    this.machine.memory[at] = (this.machine.memory[at] as number) | SUSPECT;
  }

  unsubscribe(thread: number): void {
    finish((this.actors[thread] as Actor).unsubscribe());
  }

  subscribe(thread: number): void {
    finish((this.actors[thread] as Actor).subscribe());
  }

  // ----------------------------------------------------------------------------------------------

  /** The frames that exist at least may have grown: calls in progress take note. */
  hold(more: number, by?: Thread): void {
    if (by !== undefined) this.machine.touch(by);
    this.held += more;
    if (more <= 0) return;
    for (const actor of this.actors) actor.noteHeld(this.held);
  }

  end(stuck: readonly Thread[]): string | undefined {
    const dead = this.dead.length > 0;
    // Who waits for a word of one that was killed waits for ever; that is not the library's fault.
    const lost = stuck.filter((thread) => !dead || thread.waitsAt < this.modelAt);
    if (lost.length > 0) {
      return `${lost.map((thread) => thread.name).join(' and ')} wait(s) for ever`;
    }
    this.machine.showing = true;
    try {
      this.show();
      return this.miscounted() ?? this.account();
    } catch (fault) {
      return `at the end: ${fault instanceof Error ? fault.message : String(fault)}`;
    } finally {
      this.machine.showing = false;
    }
  }

  /**
   * The auditor's reads go through no gate: now and then a living thread makes the same audit, so
   * that the machine knows which words are looked at.
   */
  private show(): void {
    this.ends += 1;
    if (this.ends > SHOWN_ENDS && this.ends % SHOWN_ENDS !== 0) return;
    const { pool } = this.actors.find(
      (actor) =>
        actor.attached && actor.thread.status !== Status.dead && !this.gone.includes(actor),
    ) ?? { pool: undefined };
    if (pool === undefined) return;
    finish(pool.audit());
    finish(pool.inspect());
  }

  private miscounted(): string | undefined {
    for (const [name, [least, most]] of Object.entries(this.scenario.mayHappen ?? {})) {
      const count = this.counts.get(name) ?? 0;
      if (count > most || (count < least && this.dead.length === 0)) {
        return `${name}: ${count} times, not ${least} to ${most}`;
      }
    }
    const [one, other] = this.scenario.balanced ?? ['', ''];
    const [ones, others] = [this.counts.get(one) ?? 0, this.counts.get(other) ?? 0];
    if (ones === others || this.dead.length > 0) return undefined;
    return `${one}: ${ones} times, but ${other}: ${others} times`;
  }

  private account(): string | undefined {
    const dead = this.dead.length > 0;
    const living = this.actors.filter(
      (actor) =>
        actor.thread.status !== Status.dead && actor.attached && !this.gone.includes(actor),
    );
    // A reclaim that was left in doubt is called again, as its report asks for.
    if (dead) {
      for (const actor of living) if (actor.rescues) finish(actor.pool.audit({ repair: true }));
    }
    if (dead || this.scenario.inDoubt === true) this.auditor.audit({ repair: true });
    let report = this.auditor.audit();
    if (!report.ok) return `after the run: ${problems(report)}`;
    if (report.inLanes > 0 || dead) {
      for (const actor of living) actor.drain();
      if (dead) this.revokeAll();
      report = this.auditor.audit();
      if (!report.ok) return `after all was received: ${problems(report)}`;
    }
    const lost = report.slots - report.free - report.cached - this.kept.length;
    if (lost > 0) return `${lost} of ${report.slots} slots did not come home: ${where(report)}`;
    return this.unseen(report, living) ?? (dead ? this.seatsLeft(living.length) : undefined);
  }

  /** Slots that count as cached because their words say so, but lie in no cache. */
  private unseen({ cached }: AuditReport, living: readonly Actor[]): string | undefined {
    const pools = [this.auditor, ...living.map((actor) => actor.pool)];
    const found = pools.reduce((sum, pool) => sum + cachedIn(pool), 0);
    return found === cached
      ? undefined
      : `${cached} slots are owned as cached, ${found} are cached`;
  }

  private seatsLeft(living: number): string | undefined {
    const taken = this.auditor.stats().threads.length - 1 - living;
    return taken === 0 ? undefined : `${taken} seat(s) of the dead did not become free`;
  }

  /** Messages that nobody will adopt: their sender or addressee was killed. */
  private revokeAll(): void {
    for (const row of this.auditor.inspect()) {
      for (const { count } of row.messages) {
        for (let k = 0; k < count; k++) this.auditor.revoke(row.handle);
      }
    }
  }
}

/** Handles carry bits of the slab's identity: the same in every run, so that its table is too. */
function alike<T>(make: () => T): T {
  const { random } = Math;
  Math.random = () => 0.25;
  try {
    return make();
  } finally {
    Math.random = random;
  }
}

interface Inside {
  readonly slab: {
    readonly layout: Readonly<
      Record<'summaryAt' | 'rootAt' | 'flightsAt' | 'slotsAt' | 'seatsAt' | 'leavesAt', number>
    >;
    readonly geometry: { readonly threadsMax: number; readonly cacheFrames: number };
  };
  readonly refs: {
    readonly cached: number;
    readonly codec: { readonly indexMask: number };
    giveCacheBack(): void;
  };
}

/** What the model needs of a pool's inside. */
function internals(pool: FramePool): Inside {
  return (pool as unknown as { attachment: Inside }).attachment;
}

function cachedIn(pool: FramePool): number {
  return finish(internals(pool).refs.cached);
}

function problems(report: AuditReport): string {
  return report.problems.map(({ slot, problem }) => `slot ${slot}: ${problem}`).join('; ');
}

function where({ free, cached, held, inFlight, inLanes }: AuditReport): string {
  return `free ${free}, cached ${cached}, held ${held}, in flight ${inFlight}, in lanes ${inLanes}`;
}
