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
import { SEAT } from '../slab/layout.js';
import type { Handle } from '../words/handle.js';
import type { Wish } from './waiting.js';

/** A wish for one slot; one object serves all waits of a thread. */
export class AcquireWish implements Wish<Handle> {
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
    const { refs } = this;
    const delivered = refs.mailboxes.delivered();
    if (delivered !== 0) {
      const handle = refs.collect(delivered);
      refs.mailboxes.emptied();
      if (handle !== 0) return handle;
      refs.mailboxes.register(); // its giver died: wait on
    }
    const handle = refs.acquire();
    return handle === 0 ? undefined : handle;
  }

  disarm(): void {
    const { refs } = this;
    const delivered = refs.mailboxes.withdraw();
    if (delivered === 0) return;
    const handle = refs.collect(delivered);
    refs.mailboxes.emptied();
    if (handle !== 0) refs.release(handle);
  }

  /** Counts one wait in the stats. */
  count(): void {
    const at = (this.refs.seats.at(this.refs.seat) + SEAT.waits) >> 1;
    const { f64 } = this.refs.slab;
    f64[at] = (f64[at] as number) + 1;
  }
}
