/**
 * Where this thread's free slots come from and go to: its cache, the shared list, the mailboxes of
 * those who wait; and slots that came back from the dead.
 *
 * Invariants
 * 1. A slot in this thread's hands says "owned by this seat" in its word, whether it lies in the
 *    cache row, in a local variable or on its way: `reclaim` finds it there.
 * 2. While anyone waits, slots go to the longest waiter first: `serve` ends only when nobody is
 *    armed or no slot is free, looking again after each put, so that a waiter who registered
 *    meanwhile is either served or finds the slot in the list itself.
 *
 * Called by the seat's own thread only. Never blocks.
 */
import { Flights } from '../protocol/flights.js';
import { Mailboxes } from '../protocol/mailbox.js';
import { Park } from '../protocol/park.js';
import { SLOT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import { Cache } from '../threads/cache.js';
import { CoarseClock } from '../threads/clock.js';
import { Guard } from '../threads/guard.js';
import { Ledger } from '../threads/ledger.js';
import { recount, type Verdict } from '../threads/recount.js';
import { Seats } from '../threads/seats.js';
import { Trace } from '../threads/trace.js';
import type { Handle } from '../words/handle.js';
import { isShared, nextGeneration, payloadOf, SUSPECT, withPayload } from '../words/slot-word.js';

/** The parts of one slab as one seat uses them, and the ways of a free slot among them. */
export class Supply extends Cache {
  readonly seats: Seats;
  readonly ledger: Ledger;
  readonly flights: Flights;
  readonly park: Park;
  readonly mailboxes: Mailboxes;
  readonly guard: Guard;
  readonly trace: Trace;
  /** When a message was sent, as far as that is worth knowing. */
  readonly clock = new CoarseClock();

  /** @param slab the slab; @param seat the seat that this thread has claimed in it. */
  constructor(slab: Slab, seat: number) {
    super(slab, seat);
    this.seats = new Seats(slab);
    this.ledger = new Ledger(slab, seat);
    this.flights = new Flights(slab);
    this.park = new Park(slab, seat);
    this.mailboxes = new Mailboxes(slab, seat, this.park);
    this.guard = new Guard(slab);
    this.trace = new Trace(slab);
  }

  /** Int of a slot's row. */
  rowOf(slot: number): number {
    return this.slotsAt + slot * SLOT.size;
  }

  /** A slot's word; a plain read. */
  wordOf(slot: number): number {
    return this.i32[this.rowOf(slot) + SLOT.word] as number;
  }

  /** A slot's word, at this moment. */
  wordNow(slot: number): number {
    return Atomics.load(this.i32, this.rowOf(slot) + SLOT.word);
  }

  /** True if a dead thread referred to the slot, and its count may be too high. */
  isSuspect(slot: number): boolean {
    const word = this.wordNow(slot);
    return isShared(word) && (word & SUSPECT) !== 0;
  }

  /** The handle that names a slot now. */
  handleOf(slot: number): Handle {
    return this.codec.encode(slot, this.wordOf(slot));
  }

  /** Serves the waiters, longest first, from this thread's cache and from the list. */
  serve(): void {
    for (;;) {
      while (this.mailboxes.someoneArmed()) {
        let slot = this.pop();
        if (slot < 0) slot = this.refill(1);
        if (slot < 0) return;
        // Not taken: others served those who were armed. The slot is there for who comes next.
        if (!this.mailboxes.offer(this.handleOf(slot))) this.give(slot);
      }
      // A thread with several waits has one mailbox: what it cannot take now it finds in the list.
      if (this.cached === 0 || !this.mailboxes.someoneWaitsNow()) return;
      this.spillAll();
    }
  }

  /** Gives the cache back to the list, and serves whoever waits for it. */
  giveCacheBack(): void {
    this.spillAll();
    if (this.mailboxes.someoneWaitsNow()) this.serve();
  }

  /** Takes over a slot that nobody refers to, if its word is still this one, and frees it. */
  takeOver(slot: number, word: number): boolean {
    const at = this.rowOf(slot) + SLOT.word;
    const mine = nextGeneration(word, this.generationStep, this.owned);
    if (Atomics.compareExchange(this.i32, at, word, mine) !== word) return false;
    if (this.guard.active) this.guard.erase(slot);
    this.give(slot);
    return true;
  }

  /** Makes every thread that sleeps look again. Seldom: at a close, and after a reclaim. */
  ringAll(): void {
    for (let seat = 0; seat < this.seats.count; seat++) {
      if (this.seats.ownerOf(seat) > 0) this.park.ring(seat);
    }
  }

  /** Says that a reclaim left something unsettled: the next "empty" tries again first. */
  raiseDoubt(): void {
    Atomics.store(this.slab.i32, this.slab.layout.doubtAt, 1);
  }

  /** True while something is left unsettled. */
  get doubtful(): boolean {
    return this.i32[this.slab.layout.doubtAt] !== 0;
  }

  /** Takes the doubt, if there is one: the caller settles it. */
  doubt(): boolean {
    const at = this.slab.layout.doubtAt;
    return this.slab.i32[at] !== 0 && Atomics.exchange(this.slab.i32, at, 0) !== 0;
  }

  /**
   * Call after the ledger of a slot was lowered: the last of the living recounts a suspect slot.
   */
  lowered(slot: number): void {
    // A plain look, after the lowering: a reclaimer that flags the slot later sees the ledger
    // lowered. One that flags and recounts within the nanoseconds in which a plain lowering is not
    // visible yet misses it: the next reclaim, repair or doubt recounts all suspects, and finds it.
    if ((this.wordOf(slot) & SUSPECT) !== 0 && this.ledger.count(slot) === 0) this.settle([slot]);
  }

  /**
   * Recounts slots that a dead thread referred to: frees those that nobody refers to any more, and
   * corrects the count of the others. Answers how many became free.
   *
   * One thread at a time: a verdict is applied to a word that may have changed and come back, which
   * is harmless unless what changed it was another correction.
   *
   *      settler 1                   settler 2                    a living holder
   *      word 5, really 3            word 5, really 3
   *      CAS 5 -> 3                                               retain twice: 3 -> 5, really 5
   *                                  CAS 5 -> 3: too few
   */
  settle(slots: readonly number[]): number {
    const at = this.slab.layout.settlerAt;
    if (slots.length === 0) return 0;
    if (!this.seats.takeCharge(at, this.seat)) {
      this.raiseDoubt();
      return 0;
    }
    let freed = 0;
    let verdicts: readonly Verdict[] = [];
    try {
      verdicts = recount(this.slab, slots);
      for (const verdict of verdicts) if (this.apply(verdict)) freed += 1;
    } finally {
      Atomics.store(this.i32, at, 0);
    }
    const decided = new Set(verdicts.map(({ slot }) => slot));
    // Somebody was at it all the time, and nobody is bound to come by again.
    if (slots.some((slot) => !decided.has(slot) && this.isSuspect(slot))) this.raiseDoubt();
    if (freed > 0 && this.mailboxes.someoneWaitsNow()) this.serve();
    return freed;
  }

  /** Frees a slot that nobody refers to, and lowers a count that is too high; true if it freed. */
  private apply({ slot, word, references }: Verdict): boolean {
    if (references === 0) return this.takeOver(slot, word);
    if (references < payloadOf(word)) {
      const right = withPayload(word, references) | SUSPECT;
      Atomics.compareExchange(this.i32, this.rowOf(slot) + SLOT.word, word, right);
    }
    return false;
  }
}
