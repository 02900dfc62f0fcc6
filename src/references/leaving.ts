/**
 * What a thread that closes the pool still has: frames that it holds, messages sent to it.
 *
 * Called by the seat's own thread, seldom: both look at every slot. Never blocks.
 */
import { FramesHeldError } from '../errors.js';
import type { References } from './references.js';

/** Throws `FramesHeldError`, naming them, while this thread holds frames. */
export function requireNothingHeld(refs: References): void {
  const held = refs.ledger.held();
  if (held.length === 0) return;
  const some = held.slice(0, 8).join(', ');
  throw new FramesHeldError(
    `this thread still holds ${held.length} frame(s), in slot(s) ${some}` +
      `${held.length > 8 ? ', …' : ''}: release or transfer them before close()`,
    held.map((slot) => refs.handleOf(slot)),
  );
}

/** Drops the messages that were sent to this seat and that it will never adopt. */
export function dropMail(refs: References): void {
  for (let slot = 0; slot < refs.slab.layout.slots; slot++) {
    while (refs.flights.count(slot, refs.seat, refs.wordOf(slot)) > 0) {
      refs.ledger.add(slot, 1);
      if (refs.flights.take(slot, refs.seat, refs.wordOf(slot))) refs.release(refs.handleOf(slot));
      else refs.ledger.subtract(slot, 1);
    }
  }
}
