/**
 * Gives back what a thread that has ended held: erase its claims, then recount.
 *
 * Invariants
 * 1. Nothing is subtracted on behalf of the dead. For each slot that its ledger or mail names: set
 *    the suspect flag in the word, *then* erase the claim, *then* recount (`recount.ts`). Who dies
 *    in the middle leaves a flag that makes the next release, audit or reclaim recount again.
 * 2. What the dead owned alone is found by the slots' words, not by its cache: each is taken over
 *    by a compare-exchange to the next generation, so two reclaimers cannot both have it.
 * 3. Only one thread reclaims a seat at a time. It says so in the seat, with its own seat and stay;
 *    if it dies as well, whoever reclaims *its* seat goes on with this one.
 * 4. The seat becomes free last, empty, with a new epoch. While something of it is in doubt it
 *    stays condemned, and nothing of it is used.
 *
 * A slot that a dead journal names is lost exactly if two passes agree that its bit is clear, that
 * no living journal names its leaf, and that its word says "listed" and has not changed; one pass
 * is not enough: a living thread can take it and give it back behind the reader.
 *
 * Any attached thread may call it, for a thread that has really ended: a thread that still runs
 * would write into a seat that is somebody else's. Never blocks; every loop is bounded.
 */
import { InvalidOptionError } from '../errors.js';
import { describe } from '../slab/geometry.js';
import { SEAT, SLOT } from '../slab/layout.js';
import { tellReclaim } from '../threads/events.js';
import { recount } from '../threads/recount.js';
import { lessBy, referencesIn } from '../words/ledger-cell.js';
import { isListed, isOwned, isShared, ownerOf, SUSPECT } from '../words/slot-word.js';
import type { References } from './references.js';

/** What `reclaim` gave back. */
export interface ReclaimReport {
  /** The seat that was reclaimed. */
  readonly seat: number;
  /**
   * True once the seat is free for the next thread; false: nobody was in it, or it is not finished.
   */
  readonly vacated: boolean;
  /** Slots that the thread owned alone: cached, held exclusively, or on their way. */
  readonly owned: number;
  /** References to shared frames that it held. */
  readonly references: number;
  /** Messages to it that it had not adopted. */
  readonly messages: number;
  /** Slots that became free by this call. */
  readonly freed: number;
  /** True if something could not be settled while others were at it: call again, or `audit`. */
  readonly inDoubt: boolean;
}

/** How often a leaf in doubt is looked at before it is left for later. */
const VERDICT_ATTEMPTS_MAX = 1000;

/** Reclaims a seat whose thread has ended. `ended` is the caller's word for that. */
export function reclaim(refs: References, seat: number, ended: boolean): ReclaimReport {
  if (!Number.isInteger(seat) || seat < 0 || seat >= refs.seats.count) {
    throw new InvalidOptionError(
      `seat must be an integer from 0 to ${refs.seats.count - 1}, got ${describe(seat)}`,
    );
  }
  if (seat === refs.seat)
    throw new InvalidOptionError(`seat ${seat} is this thread's own: close()`);
  const owner = refs.seats.ownerOf(seat);
  if (owner > 0 && !ended) {
    throw new InvalidOptionError(
      `seat ${seat} is alive (${refs.seats.nameOf(seat)}): end its thread first, wait for its ` +
        'exit, and then pass { ended: true }',
    );
  }
  return reclaimFrom(refs, seat, Math.abs(owner));
}

/** Reclaims a seat from the thread with this token, and from nobody who has it since. */
export function reclaimFrom(refs: References, seat: number, token: number): ReclaimReport {
  const dead = token !== 0 && (refs.seats.condemn(seat, token) || refs.seats.ownerOf(seat) < 0);
  const tell: Tale[] = [];
  const report = dead && takeCharge(refs, seat) ? empty(refs, seat, tell) : nothingOf(refs, seat);
  // Others may be half reclaimed: by the one that has just been, or in doubt because of its
  // journal.
  for (let other = 0; other < refs.seats.count; other++) {
    if (refs.seats.ownerOf(other) < 0 && takeCharge(refs, other)) empty(refs, other, tell);
  }
  tellAll(refs, tell);
  return report;
}

/** What an event says of a seat that was emptied. */
type Tale = Parameters<typeof tellReclaim>[2];

/** Tells, when nothing is left to do: a listener may use the pool, and even close it. */
function tellAll(refs: References, tales: readonly Tale[]): void {
  for (const tale of tales) tellReclaim(refs.slab, refs.seat, tale);
}

function nothingOf(refs: References, seat: number): ReclaimReport {
  const inDoubt = refs.seats.ownerOf(seat) < 0; // somebody else is at it, or will go on with it
  return { seat, vacated: false, owned: 0, references: 0, messages: 0, freed: 0, inDoubt };
}

/** Empties a condemned seat, and frees it. `again`: this was tried before, and left in doubt. */
function empty(refs: References, seat: number, tell: Tale[], again = false): ReclaimReport {
  const { i32, f64, layout } = refs.slab;
  const at = refs.seats.at(seat);
  const name = refs.seats.nameOf(seat);
  let freed = takeMailbox(refs, seat) ? 1 : 0;
  const drained = refs.onReclaim?.(seat) ?? { frames: 0, freed: 0 };
  const references = erase(refs, layout.ledgersAt + seat * layout.ledgerStride, true);
  const messages = erase(refs, layout.mailAt + seat * layout.mailStride, false);
  const owned = takeOwned(refs, seat);
  const lost = takeLost(refs, at);
  const vacated = lost >= 0;
  // All suspects, not only those just flagged: a reclaimer may have died between flag and recount.
  const suspects = suspectsOf(refs);
  dropLostMail(refs, suspects);
  freed += owned + Math.max(0, lost) + drained.freed + refs.settle(suspects);
  i32[at + SEAT.top] = 0;
  // Slots that the dead had put into the list without a stamp: who remembers "empty" looks again.
  refs.list.disturb();
  const counter = (refs.seats.at(refs.seat) + SEAT.reclaimed) >> 1;
  f64[counter] = (f64[counter] as number) + freed;
  if (vacated) {
    refs.clearShares(seat);
    refs.seats.vacate(seat);
  }
  // Free first, then give up the charge: nobody may begin on a seat that is about to be free.
  Atomics.store(i32, at + SEAT.reclaimer, 0);
  const inDoubt = !vacated || unsettled(refs, suspects);
  if (inDoubt) refs.raiseDoubt();
  refs.serve();
  // The dead may have published something, or made room, without ringing for it. Not for nothing: a
  // waiter that tries again because of the doubt would ring itself, and never sleep.
  if (!again || vacated || freed > 0) {
    refs.ringAll();
    tell.push({ ended: seat, name, freed, inDoubt });
  }
  return { seat, vacated, owned, references, messages: messages + drained.frames, freed, inDoubt };
}

/** Recounts every suspect slot, and goes on with every seat that was left half reclaimed. */
export function settleAll(refs: References): number {
  refs.doubt(); // taken: it is raised again if something stays open
  const suspects = suspectsOf(refs);
  const tell: Tale[] = [];
  let freed = refs.settle(suspects);
  for (let seat = 0; seat < refs.seats.count; seat++) {
    if (refs.seats.ownerOf(seat) < 0 && takeCharge(refs, seat)) {
      freed += empty(refs, seat, tell, true).freed;
    }
  }
  if (unsettled(refs, suspects)) refs.raiseDoubt();
  tellAll(refs, tell);
  return freed;
}

/** Every slot that is flagged as suspect. */
function suspectsOf(refs: References): number[] {
  const suspects: number[] = [];
  for (let slot = 0; slot < refs.slab.layout.slots; slot++) {
    if (refs.isSuspect(slot)) suspects.push(slot);
  }
  return suspects;
}

/** True if one of these slots could not be counted, or nobody refers to it and it is not free. */
function unsettled(refs: References, slots: readonly number[]): boolean {
  const suspects = slots.filter((slot) => refs.isSuspect(slot));
  const verdicts = recount(refs.slab, suspects);
  return verdicts.length < suspects.length || verdicts.some(({ references }) => references === 0);
}

/** Makes this thread the one that reclaims the seat; false: a living one is at it already. */
function takeCharge(refs: References, seat: number): boolean {
  const at = refs.seats.at(seat) + SEAT.reclaimer;
  if (!refs.seats.takeCharge(at, refs.seat)) return false;
  // The seat may have been finished and taken by a new thread before the charge was ours.
  if (refs.seats.ownerOf(seat) < 0) return true;
  Atomics.store(refs.slab.i32, at, 0);
  return false;
}

/** Takes back a slot that lies in the dead thread's mailbox, and unregisters it as a waiter. */
function takeMailbox(refs: References, seat: number): boolean {
  refs.mailboxes.withdraw(seat);
  const handle = refs.mailboxes.contentOf(seat);
  const slot = handle & refs.codec.indexMask;
  let taken = false;
  if (handle !== 0 && slot < refs.slab.layout.slots) {
    const word = Atomics.load(refs.slab.i32, refs.rowOf(slot) + SLOT.word);
    const fits = isOwned(word) && refs.codec.encode(slot, word) === handle;
    taken = fits && refs.takeOver(slot, word);
  }
  refs.mailboxes.empty(seat);
  return taken;
}

/**
 * Flags every slot that a row of the dead names, and erases the row; answers how many it counted.
 */
function erase(refs: References, rowAt: number, isLedger: boolean): number {
  const { i32, layout } = refs.slab;
  let count = 0;
  for (let slot = 0; slot < layout.slots; slot++) {
    const cell = i32[rowAt + slot] as number;
    if (cell === 0) continue;
    const claimed = referencesIn(cell);
    if (claimed > 0 && suspect(refs, slot)) count += claimed;
    Atomics.store(i32, rowAt + slot, isLedger ? lessBy(cell, claimed) : 0);
  }
  return count;
}

/**
 * Drops messages to seats in which nobody lives any more: their sender died between putting the
 * message there and seeing that the addressee had gone.
 */
function dropLostMail(refs: References, slots: readonly number[]): void {
  for (const slot of slots) {
    for (let seat = 0; seat < refs.seats.count; seat++) {
      const word = refs.wordOf(slot);
      if (refs.flights.peek(slot, seat, word) === 0 || refs.seats.ownerOf(seat) !== 0) continue;
      refs.ledger.add(slot, 1);
      if (!refs.flights.take(slot, seat, word)) refs.undo(slot, 1);
      else if (refs.seats.ownerOf(seat) === 0) refs.letGo(refs.handleOf(slot));
      else {
        // Somebody has just moved in: the message may be for him.
        refs.flights.put(slot, seat, word);
        refs.depart(slot, 1);
      }
    }
  }
}

/** Sets the suspect flag, if the slot is shared; a slot that is not has no count to be wrong. */
function suspect(refs: References, slot: number): boolean {
  const at = refs.rowOf(slot) + SLOT.word;
  for (;;) {
    const word = Atomics.load(refs.slab.i32, at);
    if (!isShared(word)) return false;
    if ((word & SUSPECT) !== 0) return true;
    if (Atomics.compareExchange(refs.slab.i32, at, word, word | SUSPECT) === word) return true;
    // Lost the race: a living holder came or went.
  }
}

/** Takes over every slot that the dead thread owned alone, unless a waiter is just taking it. */
function takeOwned(refs: References, seat: number): number {
  let taken = 0;
  for (let slot = 0; slot < refs.slab.layout.slots; slot++) {
    const word = Atomics.load(refs.slab.i32, refs.rowOf(slot) + SLOT.word);
    if (!isOwned(word) || ownerOf(word) !== seat) continue;
    const handle = refs.codec.encode(slot, word);
    if (refs.mailboxes.recall(handle, refs.seats.count) && refs.takeOver(slot, word)) taken += 1;
  }
  return taken;
}

/** Takes back the slots that the dead thread's journal lost; answers how many, −1: in doubt. */
function takeLost(refs: References, at: number): number {
  const { i32, layout } = refs.slab;
  const leaf = Atomics.load(i32, at + SEAT.journal) - 1;
  const named = leaf >= 0 && leaf < layout.leaves;
  const end = named ? Math.min(layout.slots, (leaf + 1) << 5) : 0;
  let taken = 0;
  for (let slot = named ? leaf << 5 : 0; slot < end; slot++) {
    const verdict = verdictOn(refs, slot, leaf);
    if (verdict === 'in doubt') return -1;
    if (typeof verdict === 'number' && refs.takeOver(slot, verdict)) taken += 1;
  }
  Atomics.store(i32, at + SEAT.journal, 0);
  return taken;
}

/** The word of a slot that is lost, or why it is not. */
function verdictOn(
  refs: References,
  slot: number,
  leaf: number,
): number | 'accounted for' | 'in doubt' {
  for (let k = 0; k < VERDICT_ATTEMPTS_MAX; k++) {
    const word = Atomics.load(refs.slab.i32, refs.rowOf(slot) + SLOT.word);
    if (!isListed(word) || refs.list.isListed(slot)) return 'accounted for';
    if (agrees(refs, slot, leaf, word) && agrees(refs, slot, leaf, word)) return word;
  }
  return 'in doubt';
}

/** One pass: the bit is clear, no living journal names the leaf, the word has not changed. */
function agrees(refs: References, slot: number, leaf: number, word: number): boolean {
  const { i32 } = refs.slab;
  if (refs.list.isListed(slot)) return false;
  for (let seat = 0; seat < refs.seats.count; seat++) {
    const journal = Atomics.load(i32, refs.seats.at(seat) + SEAT.journal);
    if (journal === leaf + 1 && refs.seats.ownerOf(seat) > 0) return false;
  }
  return Atomics.load(i32, refs.rowOf(slot) + SLOT.word) === word;
}
