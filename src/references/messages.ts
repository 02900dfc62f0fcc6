/**
 * Moving references between threads as plain numbers: share, transfer, adopt, revoke.
 *
 * The order of writes, and what each kill point leaves behind:
 *
 *   share      ledger +1 │ word +1 (or "shared, n + 1") │ flight +1 │ ledger −1
 *   transfer             │ word "shared, n"             │ flight +1 │ ledger −1
 *   adopt      ledger +1 │                              │ flight −1 │
 *
 * At every bar the references written down are at least those that the word counts: what is too
 * much belongs to the ledger of the dead, which `reclaim` erases before it recounts.
 *
 * A message with an addressee goes to that seat's mail. The sender looks at the seat's epoch before
 * and after: if the addressee left meanwhile, the sender takes the message back, or `reclaim` has
 * it.
 *
 * Called by the seat's own thread. Never blocks, never allocates (but for a thrown error).
 */
import { InvalidOptionError } from '../errors.js';
import type { Handle } from '../words/handle.js';
import { COUNT_MAX } from '../words/slot-word.js';
import type { References } from './references.js';
import { overflowOf } from './refusal.js';

/** To whoever adopts first. */
export const ANYBODY = -1;

/** Adds a reference for somebody else and puts it in flight; this thread keeps its own. */
export function share(refs: References, handle: Handle, to: number): Handle {
  const slot = refs.check(handle);
  const epoch = addressee(refs, to);
  if (refs.ledger.count(slot) >= COUNT_MAX) throw overflowOf(slot);
  refs.ledger.add(slot, 1);
  if (!refs.expose(slot, 1)) {
    refs.undo(slot, 1);
    throw overflowOf(slot);
  }
  if (!send(refs, slot, to, epoch)) {
    refs.release(handle);
    throw gone(to);
  }
  return handle;
}

/** Puts one of this thread's references in flight. */
export function transfer(refs: References, handle: Handle, to: number): Handle {
  const slot = refs.check(handle);
  const epoch = addressee(refs, to);
  if (!refs.expose(slot, 0)) throw overflowOf(slot);
  if (!send(refs, slot, to, epoch)) throw gone(to);
  return handle;
}

/** Takes over the reference that a message carries; throws `StaleHandleError` if there is none. */
export function adopt(refs: References, handle: Handle): Handle {
  // One reading of the word, for the check and for the generation: the lease may end in between.
  const slot = refs.namedSlot(handle);
  const word = refs.wordOf(slot);
  if (refs.codec.encode(slot, word) !== handle) throw refs.refusal(handle);
  const mailed = refs.flights.count(slot, refs.seat, word) > 0;
  if (!mailed && refs.flights.count(slot, ANYBODY, word) === 0) throw refs.refusal(handle);
  const from = mailed ? refs.seat : ANYBODY;
  refs.ledger.add(slot, 1);
  if (refs.flights.take(slot, from, word)) return handle;
  // Lost the race: somebody else adopted or revoked it.
  refs.undo(slot, 1);
  throw refs.refusal(handle);
}

/** Ends a message that nobody will adopt, whoever it was for; false: it is in flight no more. */
export function revoke(refs: References, handle: Handle): boolean {
  const slot = refs.namedSlot(handle);
  const word = refs.wordOf(slot);
  if (refs.codec.encode(slot, word) !== handle) return false; // that lease has ended
  for (let to = ANYBODY; to < refs.seats.count; to++) {
    if (refs.flights.count(slot, to, word) === 0) continue;
    refs.ledger.add(slot, 1);
    if (refs.flights.take(slot, to, word)) {
      refs.release(handle);
      return true;
    }
    refs.undo(slot, 1);
  }
  return false;
}

/** Flight +1, then ledger −1. False: the addressee has left, and the message was taken back. */
function send(refs: References, slot: number, to: number, epoch: number): boolean {
  const word = refs.wordOf(slot);
  refs.flights.note(slot, refs.seat, refs.clock.now());
  refs.flights.put(slot, to, word);
  if (to !== ANYBODY && refs.seats.stayOf(to) !== epoch) {
    // The seat changed hands: whoever empties its mail has the message, unless it is still there.
    if (refs.flights.take(slot, to, word)) return false;
  }
  refs.depart(slot, 1);
  return true;
}

/** The stay of the thread in seat `to`; throws `InvalidOptionError` if nobody sits there. */
function addressee(refs: References, to: number): number {
  if (to === ANYBODY) return 0;
  const stay = refs.seats.stayOf(to);
  if (stay < 0) throw gone(to);
  return stay;
}

function gone(to: number): InvalidOptionError {
  return new InvalidOptionError(`nobody sits in seat ${to}: the frame stays with its sender`);
}
