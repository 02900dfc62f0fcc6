/**
 * One thread of a scenario: it calls the library as a program would, and checks what it gets.
 *
 * Every frame carries two words for the model: who owns it alone or as what it is shared, and what
 * was written into it. They are read and written through the gate, like a program's own data. A look
 * and the next mark are one access: as few points of choice as possible, and no owner unseen.
 */
import type { Frame, FrameChannel, FramePool } from 'frameslab';
import { finish, type Instance, result, tokenOf } from './library.js';
import { OPERATIONS, type Steps, type Thread } from './machine.js';
import type { World } from './world.js';

const NO_SITE = -1;
const EXCHANGE = OPERATIONS.indexOf('exchange');

/** What a message is for the model: the handle that `postMessage` would carry. */
export type Message = number;

/** A thread and what it has. */
export class Actor {
  pool!: FramePool;
  attached = false;
  private highest = -1;

  constructor(
    readonly world: World,
    readonly thread: Thread,
    private readonly instance: Instance,
    /** It begins when somebody was killed. */
    readonly rescues: boolean,
    /** It attaches by itself. */
    readonly stranger: boolean,
  ) {}

  /** The objects of this thread that a run may change. */
  get roots(): unknown[] {
    return this.stranger ? [] : [this.pool, ...this.instance.registered()];
  }

  reset(): void {
    this.thread.reset();
    this.highest = -1;
    this.attached = !this.stranger;
    if (this.stranger) this.instance.forget();
  }

  *attach(): Steps {
    const { names, gate } = this.instance;
    const { machine } = this.world;
    this.pool = yield* result(names.FramePool.attach(machine.buffer));
    this.attached = true;
    const { seat } = this.pool;
    const other = this.world.actors.find(
      (actor) =>
        actor !== this &&
        actor.attached &&
        !this.world.dead.includes(actor) &&
        actor.pool.seat === seat,
    );
    if (other !== undefined) throw new Error(`${other.thread.name} has seat ${seat} already`);
    const { slab } = (this.pool as unknown as { attachment: { slab: Views } }).attachment;
    gate.i32 = slab.i32;
    gate.f64 = slab.f64;
  }

  *close(): Steps {
    yield* result(this.pool.close());
    this.attached = false;
  }

  // ----------------------------------------------------------------------------------------------
  // Frames

  /** Acquires; 0 if the pool is exhausted. */
  *tryAcquire(): Steps<number> {
    this.beginAcquire();
    const handle = yield* result(this.pool.slots.acquire());
    this.endAcquire(handle !== 0);
    if (handle !== 0) yield* this.mark(handle);
    return handle;
  }

  /** Acquires; a pool that says "exhausted" breaks the scenario's law. */
  *acquire(): Steps<number> {
    const handle = yield* this.tryAcquire();
    if (handle === 0) throw new Error('the pool is exhausted');
    return handle;
  }

  /** Acquires so many in one call, all or none. */
  *tryAcquireTogether(count: number): Steps<number[]> {
    this.world.hold(count, this.thread);
    const into = new Int32Array(count);
    if (!(yield* result(this.pool.slots.acquireMany(into)))) {
      this.world.hold(-count, this.thread);
      return [];
    }
    for (const handle of into) yield* this.mark(handle);
    return [...into];
  }

  /** Waits for a frame. */
  *acquireSync(timeoutMs?: number): Steps<number> {
    this.world.hold(1, this.thread);
    const frame: Frame = yield* result(this.pool.acquireSync(undefined, timeoutMs));
    yield* this.mark(frame.handle);
    return frame.handle;
  }

  /** Waits for a frame so long; 0 if none came. */
  *acquireFor(timeoutMs: number): Steps<number> {
    let handle = 0;
    const body = function* (me: Actor): Steps {
      handle = yield* me.acquireSync(timeoutMs);
    };
    if (yield* this.refused('TimeoutError', body(this))) this.world.hold(-1, this.thread);
    return handle;
  }

  /** Ends this thread's reference of the frame that `sharedByTwo` made. */
  *endShared(): Steps {
    yield* this.releaseShared(this.world.note('handle'));
  }

  /** Looks into a frame that this thread alone holds, and releases it. */
  *release(handle: number): Steps<boolean> {
    yield* this.hand(handle, 0);
    return yield* this.letGo(handle);
  }

  /** Looks into a frame that several hold, and releases one reference. */
  *releaseShared(handle: number): Steps<boolean> {
    yield* this.checkShared(handle);
    return yield* this.letGo(handle);
  }

  private *letGo(handle: number): Steps<boolean> {
    const last = yield* result(this.pool.slots.release(handle));
    this.world.hold(-1, this.thread);
    return last;
  }

  /** All caches together hold no more than the reserve. */
  *checkReserve(): Steps {
    const { gate } = this.instance;
    const { tops, most } = this.world.reserve;
    let cached = 0;
    for (const at of tops) {
      if (gate.load(NO_SITE, this.world.machine.memory, at)) yield;
      cached += gate.act() as number;
    }
    if (cached > most) throw new Error(`${cached} slots are cached, the reserve is ${most}`);
  }

  /** Looks into frames that this thread alone holds, and releases them in one call. */
  *releaseTogether(handles: readonly number[]): Steps {
    for (const handle of handles) yield* this.hand(handle, 0);
    yield* this.releaseMany(handles);
    this.world.hold(-handles.length, this.thread);
  }

  /** The same for frames that several hold, or held. */
  *releaseSharedTogether(handles: readonly number[]): Steps {
    for (const handle of handles) yield* this.checkShared(handle);
    yield* this.releaseMany(handles);
    this.world.hold(-handles.length, this.thread);
  }

  /** Releases all of these, or none. */
  *releaseMany(handles: readonly number[]): Steps {
    yield* result(this.pool.slots.releaseMany(Int32Array.from(handles)));
  }

  *retain(handle: number): Steps {
    this.world.hold(1, this.thread);
    yield* result(this.pool.slots.retain(handle));
  }

  /** Writes that from now on others may hold it. Call it while this thread alone does. */
  *expose(handle: number): Steps {
    yield* this.hand(handle, sharedMark(handle));
  }

  *share(handle: number, to?: Actor): Steps<Message> {
    this.world.hold(1, this.thread);
    return yield* result(this.pool.slots.share(handle, addressed(to)));
  }

  *transfer(handle: number, to?: Actor): Steps<Message> {
    return yield* result(this.pool.slots.transfer(handle, addressed(to)));
  }

  /** Adopts; 0 if the message was adopted or revoked already. */
  *tryAdopt(message: Message): Steps<number> {
    try {
      const handle = yield* result(this.pool.slots.adopt(message));
      yield* this.checkShared(handle);
      return handle;
    } catch (fault) {
      if (fault instanceof this.instance.names.StaleHandleError) return 0;
      throw fault;
    }
  }

  /** Revokes; false: too late. (Once the slot has gone on, "too late" is an error.) */
  *revoke(message: Message): Steps<boolean> {
    let ended = false;
    const body = function* (me: Actor): Steps {
      ended = yield* result(me.pool.revoke(message));
    };
    yield* this.refused('StaleHandleError', body(this));
    if (ended) this.world.hold(-1, this.thread);
    return ended;
  }

  // ----------------------------------------------------------------------------------------------
  // Channels

  channel(name = 'c'): FrameChannel {
    return finish(this.pool.channel(name));
  }

  *trySend(handle: number): Steps<boolean> {
    return yield* result(this.channel().trySendHandle(handle));
  }

  /** Sends several at once; answers how many, 0 if the channel is closed. */
  *trySendMany(handles: readonly number[]): Steps<number> {
    let sent = 0;
    const body = function* (me: Actor): Steps {
      const many = Int32Array.from(handles);
      sent = yield* result(me.channel().trySendMany(many, many.length));
    };
    yield* this.refused('ChannelClosedError', body(this));
    return sent;
  }

  /** Waits for room. */
  *send(handle: number, timeoutMs?: number): Steps {
    const frame: Frame = new this.instance.names.Frame(this.pool.slots, handle);
    yield* result(this.channel().sendSync(frame, timeoutMs));
  }

  /** Receives; 0 if nothing is there. */
  *tryReceive(): Steps<number> {
    const handle = yield* result(this.channel().tryReceiveHandle());
    if (handle !== 0) yield* this.checkShared(handle);
    return handle;
  }

  /** Waits for a frame; 0 if the channel is closed and drained. */
  *receive(timeoutMs?: number): Steps<number> {
    const frame: Frame | undefined = yield* result(this.channel().receiveSync(timeoutMs));
    if (frame === undefined) return 0;
    yield* this.checkShared(frame.handle);
    return frame.handle;
  }

  /** A new frame that says which one of this thread's it is, ready to be sent. */
  *filled(sequence: number): Steps<number> {
    const handle = yield* this.acquire();
    yield* this.put(handle, 2, this.thread.id * 100 + sequence);
    yield* this.expose(handle);
    return handle;
  }

  /** What `filled` wrote. */
  *contentOf(handle: number): Steps<number> {
    return yield* this.get(handle, 2);
  }

  *closeChannel(): Steps {
    yield* result(this.channel().close());
  }

  *subscribe(): Steps {
    yield* result(this.channel().subscribe());
  }

  *unsubscribe(): Steps {
    yield* result(this.channel().unsubscribe());
  }

  /** Runs something that may throw an error of this class; answers if it did. */
  *refused(name: keyof Instance['names'], body: Steps<unknown>): Steps<boolean> {
    try {
      yield* body;
      return false;
    } catch (fault) {
      if (fault instanceof (this.instance.names[name] as unknown as typeof Error)) return true;
      throw fault;
    }
  }

  /** Takes what lies in the channels and releases it: at the end, where there is no gate. */
  drain(): void {
    for (const name of Object.keys(this.world.scenario.options.channels ?? {})) {
      const channel = this.channel(name);
      if (channel.mode === 'broadcast') continue;
      for (;;) {
        const handle = finish(channel.tryReceiveHandle());
        if (handle === 0) break;
        finish(this.pool.slots.release(handle));
      }
    }
  }

  /** Gives the own cache back, as a waiter does before it makes its wish known. */
  *giveCacheBack(): Steps {
    yield* result(internals(this.pool).refs.giveCacheBack());
  }

  /** Takes a slot out of the list; −1 if there is none. */
  *refill(): Steps<number> {
    return yield* result(internals(this.pool).refs.refill(1));
  }

  /** Returns a slot of `refill` by way of the cache. */
  *spillUnused(slot: number): Steps {
    yield* result(internals(this.pool).refs.push(slot));
    yield* this.giveCacheBack();
  }

  /** Returns a slot of `refill`. */
  *giveUnused(slot: number): Steps {
    yield* result(internals(this.pool).refs.give(slot));
  }

  /** Recounts what a dead thread left in doubt. */
  *repair(): Steps {
    yield* result(this.pool.audit({ repair: true }));
  }

  // ----------------------------------------------------------------------------------------------
  // The dead

  /**
   * Reclaims every seat whose thread was killed, as `watch` does; then closes the channels, so that
   * nobody waits for what the dead will not send.
   */
  *rescue(): Steps {
    for (const { thread } of [...this.world.dead, ...this.world.gone]) {
      const { seats } = internals(this.pool).refs;
      const seat = yield* result(seats.seatOf(tokenOf(thread)));
      if (seat >= 0) yield* result(this.pool.reclaim(seat, { ended: true }));
    }
    for (const name of Object.keys(this.world.scenario.options.channels ?? {})) {
      yield* result(this.channel(name).close());
    }
    const { rescued } = this.world.scenario;
    if (rescued !== undefined) yield* this.tell(rescued, 1);
  }

  /** Reclaims the seat of a thread that `diedTaking`. */
  *reclaimSeatOf(thread: number): Steps {
    const { seat } = (this.world.actors[thread] as Actor).pool;
    yield* result(this.pool.reclaim(seat, { ended: true }));
  }

  // ----------------------------------------------------------------------------------------------
  // Words of the model

  /** Tells another thread a number: word `k` of the model becomes it. */
  *tell(k: number, value: number): Steps {
    const { gate } = this.instance;
    const { machine, modelAt } = this.world;
    if (gate.atomic(NO_SITE, 1, machine.memory, modelAt + k, value)) yield;
    gate.act();
    if (gate.atomic(NO_SITE, OPERATIONS.indexOf('notify'), machine.memory, modelAt + k)) yield;
    gate.act();
  }

  /** Waits until word `k` of the model is not 0, and answers it. */
  *hear(k: number): Steps<number> {
    const { gate } = this.instance;
    const { machine, modelAt } = this.world;
    for (;;) {
      if (gate.atomic(NO_SITE, 0, machine.memory, modelAt + k)) yield;
      const value = gate.act() as number;
      if (value !== 0) return value;
      yield* gate.wait(NO_SITE, machine.memory, modelAt + k, 0);
    }
  }

  // ----------------------------------------------------------------------------------------------
  // What a frame says

  private *mark(handle: number): Steps {
    const owner = yield* this.exchange(handle, this.thread.id + 1);
    const other = this.world.actors[owner - 1];
    if (other !== undefined && !this.world.dead.includes(other)) {
      throw new Error(`${this.name(handle)} was acquired, but ${other.thread.name} owns it`);
    }
  }

  /** Looks who owns a frame, and writes another mark into it. */
  private *hand(handle: number, mark: number): Steps {
    const owner = yield* this.exchange(handle, mark);
    if (owner !== this.thread.id + 1) {
      throw new Error(`${this.name(handle)} has another owner: ${owner}`);
    }
  }

  private *checkShared(handle: number): Steps {
    const found = yield* this.get(handle, 0);
    if (found !== sharedMark(handle)) {
      throw new Error(`${this.name(handle)} was written while it was shared: ${found}`);
    }
  }

  private *get(handle: number, word: number): Steps<number> {
    const { gate } = this.instance;
    if (gate.load(NO_SITE, this.world.machine.memory, this.at(handle, word))) yield;
    return gate.act() as number;
  }

  private *put(handle: number, word: number, value: number): Steps {
    const { gate } = this.instance;
    if (gate.store(NO_SITE, this.world.machine.memory, this.at(handle, word), value)) yield;
    gate.act();
  }

  private *exchange(handle: number, mark: number): Steps<number> {
    const { gate } = this.instance;
    if (gate.atomic(NO_SITE, EXCHANGE, this.world.machine.memory, this.at(handle, 0), mark)) yield;
    return gate.act() as number;
  }

  private at(handle: number, word: number): number {
    const { slab } = internals(this.pool);
    return (slab.dataAt(this.slotOf(handle)) >> 2) + word;
  }

  /** The slot that a handle names. */
  slotOf(handle: number): number {
    return handle & internals(this.pool).refs.codec.indexMask;
  }

  private name(handle: number): string {
    return `slot ${this.slotOf(handle)}`;
  }

  // ----------------------------------------------------------------------------------------------
  // "Exhausted"

  private beginAcquire(): void {
    this.world.machine.touch(this.thread);
    this.highest = this.world.held;
    this.thread.monitor = this.highest + 1;
    this.world.hold(1, this.thread);
  }

  private endAcquire(got: boolean): void {
    const { highest } = this;
    this.world.machine.touch(this.thread);
    this.highest = -1;
    this.thread.monitor = 0;
    if (got) return;
    this.world.hold(-1, this.thread);
    const { frames } = this.pool;
    if (highest < frames) {
      throw new Error(`"exhausted", while at most ${highest} of ${frames} frames were held`);
    }
  }

  /** Others hold more now; this thread's own call counts for them only. */
  noteHeld(held: number): void {
    if (this.highest < 0 || held - 1 <= this.highest) return;
    this.highest = held - 1;
    this.thread.monitor = this.highest + 1;
  }
}

interface Views {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  dataAt(slot: number): number;
}

interface Internals {
  readonly slab: Views;
  readonly refs: {
    readonly codec: { readonly indexMask: number };
    readonly seats: { seatOf(token: number): number };
    giveCacheBack(): void;
    refill(want: number): number;
    push(slot: number): void;
    give(slot: number): void;
  };
}

function internals(pool: FramePool): Internals {
  return (pool as unknown as { attachment: Internals }).attachment;
}

function addressed(to: Actor | undefined): { to: number } | undefined {
  return to === undefined ? undefined : { to: to.pool.seat };
}

/** In the first word of a frame that several threads may hold: no thread's number, and not 0. */
function sharedMark(handle: number): number {
  return handle | 0x4000_0000;
}
