/**
 * The wish for a free slot: this seat's mailbox is armed while anybody in the thread has it.
 *
 * Invariants
 * 1. The cache is given back before the mailbox is armed: a waiter whose cache is empty and who
 *    finds the list empty proves that at least `frames` frames were held.
 * 2. What was delivered is looked at before the list, and what was delivered too late goes back.
 *
 * The seat's own thread only. Nothing here blocks.
 */

import type { References } from '../references/references.js';
import { closedError } from '../references/refusal.js';
import { SEAT } from '../slab/layout.js';
import type { Handle } from '../words/handle.js';
import type { Wish } from './waiting.js';

/** How long a waiter sleeps at a time while something is in doubt. */
const DOUBT_MS = 20;

/** A wish for one slot; one object serves all waits of a thread. */
export class AcquireWish implements Wish<Handle> {
  readonly key: object = this;
  readonly complaint = 'no frame became free';
  private readonly refs: References;

  /** @param refs this thread's references. */
  constructor(refs: References) {
    this.refs = refs;
  }

  arm(): void {
    this.refs.giveCacheBack();
    this.refs.mailboxes.register();
  }

  attempt(): Handle | undefined {
    const handed = this.refs.collect();
    if (handed !== 0) return handed;
    const handle = this.refs.acquireQuietly(1);
    return handle === 0 ? undefined : handle;
  }

  disarm(): void {
    if (this.refs.closed) return; // `close` has withdrawn it, and the seat may be somebody else's
    if (this.refs.mailboxes.withdraw(this.refs.seat) === 0) return;
    const late = this.refs.collect(false);
    if (late !== 0) this.refs.release(late);
  }

  patienceMs(): number {
    // While a dead thread's slots are in doubt, nobody rings when the doubt goes away.
    return this.refs.doubtful ? DOUBT_MS : Number.POSITIVE_INFINITY;
  }

  /** Counts one wait in the stats. */
  count(): void {
    // Whoever heard that the pool is exhausted may have closed it, in the middle of this call.
    if (this.refs.closed) throw closedError();
    const at = (this.refs.seats.at(this.refs.seat) + SEAT.waits) >> 1;
    const { f64 } = this.refs.slab;
    f64[at] = (f64[at] as number) + 1;
  }
}
