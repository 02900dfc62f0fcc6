/**
 * The leases of this thread: the hot path (hot-path.ts), and what happens around it seldom: the
 * shared list, the full cache, frames that others knew, guard and trace.
 *
 * Invariant: as on the hot path, nothing is half done at a call that may throw.
 *
 * Called by the seat's own thread only. Never blocks, never allocates (but for a thrown error).
 */
import { HEADER, SEAT, SLOT } from '../slab/layout.js';
import { damaged, type Slab } from '../slab/slab.js';
import { tellExhausted } from '../threads/events.js';
import type { Handle } from '../words/handle.js';
import { nextGeneration, PAYLOAD_MASK } from '../words/slot-word.js';
import type { Calls, SlowPath } from './hot-path.js';
import { closedError, refusalOf } from './refusal.js';
import { Runs } from './runs.js';
import { SharedCount } from './shared-count.js';

/** What this thread may do with a slot: acquire, retain, release. */
export class Leases extends SharedCount implements SlowPath {
  readonly acquire: Calls['acquire'];
  readonly retain: Calls['retain'];
  readonly release: Calls['release'];
  readonly holds: Calls['holds'];
  protected readonly path: Runs;

  /** Settles what is in doubt, before "empty" is said. Set by the pool. */
  onDoubt: (() => number) | undefined;

  /** 0 once this thread has left: then no handle is valid any more, at no cost. */
  protected slots: number;
  protected readonly ledgerAt: number;
  protected readonly acquiresAt: number;
  protected readonly missesAt: number;
  private readonly deniedAt: number;
  /** A fresh lease is looked at by guard or trace. */
  protected readonly watched: boolean;

  /** @param slab the slab; @param seat the seat that this thread has claimed in it. */
  constructor(slab: Slab, seat: number) {
    super(slab, seat);
    const layout = slab.layout;
    const seatAt = this.seats.at(seat);
    this.slots = layout.slots;
    this.ledgerAt = layout.ledgersAt + seat * layout.ledgerStride;
    this.acquiresAt = (seatAt + SEAT.acquires) >> 1;
    this.missesAt = (seatAt + SEAT.misses) >> 1;
    this.deniedAt = (seatAt + SEAT.denied) >> 1;
    this.watched = this.guarded || this.trace.active;
    this.path = new Runs(slab, seat, this);
    const { acquire, retain, release, holds } = this.path.calls();
    this.acquire = acquire;
    this.retain = retain;
    this.release = release;
    this.holds = holds;
  }

  /** True once this thread has left the slab: its seat may belong to somebody else. */
  get closed(): boolean {
    return this.slots === 0;
  }

  /** This thread has left the slab: its rows may be somebody else's from now on. */
  retire(): void {
    this.path.retire();
    this.slots = 0;
    this.topAt = HEADER.zero;
  }

  /** The slot of a handle that this thread holds; throws for any other number. */
  check(handle: Handle): number {
    if (this.holds(handle)) return handle & this.indexMask;
    throw this.refusal(handle);
  }

  /** Serves those who wait for a slot, if there are any by a plain look. */
  serveWaiters(): void {
    if (this.mailboxes.someoneWaits()) this.serve();
  }

  /** The same, for who looks again and again, or wants more after this one: tells nobody. */
  acquireQuietly(wanted: number): Handle {
    return this.cached === 0 ? this.acquireFromList(wanted) : this.acquire();
  }

  /** The cache is empty: takes from the list; an answer of "none" is told to who listens. */
  acquireOrTell(): Handle {
    if (this.closed) throw closedError();
    if (this.cached !== 0) throw damaged(`seat ${this.seat} says that it has ${this.cached} slots`);
    const handle = this.acquireFromList(1);
    if (handle === 0) tellExhausted(this.slab, this.seat, 1);
    return handle;
  }

  /** The error for a handle that names no reference of this thread. */
  refusal(handle: unknown): Error {
    return this.closed ? closedError() : refusalOf(this.slab, this.codec, handle);
  }

  /** Begins a lease on a slot that this thread owns, and answers its handle. */
  protected begin(slot: number): Handle {
    const handle = this.handleOf(slot); // before the first write
    this.path.begin(slot);
    return handle;
  }

  protected countAcquires(count: number): void {
    this.f64[this.acquiresAt] = (this.f64[this.acquiresAt] as number) + count;
  }

  protected acquireFromList(wanted: number): Handle {
    if (this.closed) throw closedError();
    this.giveSharesBack();
    const want = this.mailboxes.someoneWaits() ? 1 : this.refillWant(wanted);
    const slot = this.refill(want);
    // From the beginning: a listener may have filled the cache meanwhile, or closed the pool.
    if (slot < 0 && this.doubt() && (this.onDoubt?.() ?? 0) > 0) return this.acquireQuietly(wanted);
    if (this.closed) throw closedError();
    if (slot >= 0 && this.watched) this.look(slot);
    const counter = slot < 0 ? this.deniedAt : this.missesAt;
    this.f64[counter] = (this.f64[counter] as number) + 1;
    if (slot < 0) return 0;
    this.countAcquires(1);
    return this.begin(slot);
  }

  /** The last release when the cache is full, or when the guard looks at the bytes. */
  freeWithCare(slot: number, word: number): true {
    const full = this.cached >= this.cacheLimit;
    if (full) this.makeRoom(1);
    const modified = this.guarded ? this.guard.retire(slot) : undefined;
    this.i32[this.rowOf(slot) + SLOT.word] = nextGeneration(word, this.generationStep, this.owned);
    this.store(slot, full);
    if (modified !== undefined) throw modified;
    return true;
  }

  /** The last release of a slot whose word counts the one reference that this thread has. */
  freeAlone(slot: number): true {
    const at = this.rowOf(slot) + SLOT.word;
    const full = this.cached >= this.cacheLimit;
    if (full) this.makeRoom(1);
    const modified = this.guarded ? this.guard.retire(slot) : undefined;
    for (;;) {
      const word = this.i32[at] as number;
      const mine = nextGeneration(word, this.generationStep, this.owned);
      // R2 observes R1. Atomic, because a reclaim may recount the slot at this moment.
      if (Atomics.compareExchange(this.i32, at, word, mine) === word) break;
      // Lost the race against a suspect flag: it says "recount", and a free slot needs none.
    }
    this.store(slot, full);
    if (modified !== undefined) throw modified;
    return true;
  }

  /** Ends the ledger's part of a last release, and puts the slot where it is found again. */
  private store(slot: number, full: boolean): void {
    const cached = this.cacheLimit > 0;
    if (cached) this.push(slot);
    this.i32[this.ledgerAt + slot] = 0;
    if (!cached) this.give(slot);
    // A put into the list must not miss a waiter; making room was one.
    if (full ? this.mailboxes.someoneWaitsNow() : this.mailboxes.someoneWaits()) this.serve();
  }

  /** Guard or trace look at the slot that is about to leave the row at `top`. */
  lookAtCached(slot: number, top: number): void {
    const { i32, topAt } = this;
    const at = this.slotsAt + slot * SLOT.size + SLOT.word;
    i32[topAt] = top; // if the guard throws, the slot goes to the list
    try {
      this.look(slot);
    } catch (fault) {
      // Unless it was the stack that was full: then the slot is still this thread's.
      if (((i32[at] as number) & PAYLOAD_MASK) === this.owned) i32[topAt] = top + 1;
      throw fault;
    }
    i32[topAt] = top + 1;
  }

  /** What guard and trace have to do with a fresh slot; if the guard throws, the slot is free. */
  protected look(slot: number): void {
    if (this.trace.active) this.trace.record(slot);
    const modified = this.guarded ? this.guard.greet(slot) : undefined;
    if (modified === undefined) return;
    this.give(slot);
    if (this.mailboxes.someoneWaitsNow()) this.serve();
    throw modified;
  }
}
