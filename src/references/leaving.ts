/**
 * What a thread that closes the pool still has: frames that it holds, messages sent to it.
 *
 * Called by the seat's own thread, seldom: both look at every slot. Never blocks.
 */
import { FramesHeldError } from '../errors.js';
import type { References } from './references.js';

/** So many slots are named in a message. */
const NAMED_MAX = 8;

/** Throws `FramesHeldError`, naming them, while this thread holds frames. */
export function requireNothingHeld(refs: References): void {
  const held = refs.ledger.held();
  if (held.length === 0) return;
  throw new FramesHeldError(
    `this thread still holds ${describeHeld(refs, held)}: release or transfer them before close()`,
    held.map((slot) => refs.handleOf(slot)),
  );
}

/** "3 frame(s), in slot(s) 1, 2, 5", and with `trace` where the first of them was acquired. */
export function describeHeld(refs: References, held: readonly number[]): string {
  const some = held.slice(0, NAMED_MAX).join(', ');
  const more = held.length > NAMED_MAX ? ', …' : '';
  const lease = held.map((slot) => refs.trace.read(slot)).find((found) => found !== undefined);
  const where = lease === undefined ? '' : ` (acquired ${lease.stack.split('\n')[0]})`;
  return `${held.length} frame(s), in slot(s) ${some}${more}${where}`;
}

/** Drops the messages that were sent to this seat and that it will never adopt. */
export function dropMail(refs: References): void {
  for (let slot = 0; slot < refs.slab.layout.slots; slot++) {
    for (;;) {
      const word = refs.wordNow(slot);
      if (refs.flights.count(slot, refs.seat, word) === 0) break;
      refs.ledger.add(slot, 1);
      if (refs.flights.take(slot, refs.seat, word)) refs.letGo(refs.handleOf(slot));
      else refs.undo(slot, 1);
    }
  }
}
