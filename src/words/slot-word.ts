/**
 * The word of a slot: generation + suspect flag + who may touch it, in 32 bits.
 *
 *   31            17 16 15             0
 *   ┌───────────────┬──┬────────────────┐   payload 0          in the free list
 *   │ generation 15 │S │   payload 16   │   payload 1 … 65279  shared: so many references
 *   └───────────────┴──┴────────────────┘   payload 0xFF00 + s owned by seat s alone
 *
 * Invariants
 * 1. *Owned by seat s* means: no other thread refers to the slot. It is exclusively held if the
 *    ledger of s counts it, and free in the hands of s (cache, or a call in progress) if not.
 * 2. The generation changes at each last release and each return to the free list, and is never 0
 *    once the slot was handed out. Pools of over 65,536 slots have room for fewer than 15 bits in
 *    their handles: they use the upper ones and go up in steps of 2 to 16.
 * 3. *Suspect* is set by `reclaim` alone and stays until the slot is freed: a dead thread referred
 *    to it, so the count may exceed the references that are left. It is never too low.
 *
 * Pure functions; any thread.
 */

/** Lowest bit of the generation. */
export const GENERATION_SHIFT = 17;
/** Selects the generation. */
const GENERATION_BITS = -1 << GENERATION_SHIFT;
/** All bits of generation and flag are outside this. */
export const PAYLOAD_MASK = 0xffff;
/** A dead thread referred to this slot; the count may be too high. */
export const SUSPECT = 1 << 16;
/** Payload of a slot that seat 0 owns. */
const OWNED = 0xff00;
/**
 * The most references that one frame can have. Where a count is raised by an addition, it was below
 * this when the adder looked. Each of 256 threads can have looked and not yet added: so the count
 * stays below `OWNED`, whatever the others did meanwhile.
 */
export const COUNT_MAX = OWNED - 1 - 256;

/** Generation, flag and payload without their neighbours. */
export function payloadOf(word: number): number {
  return word & PAYLOAD_MASK;
}

/** The generation as a number from 0. */
export function generationOf(word: number): number {
  return word >>> GENERATION_SHIFT;
}

/** True if the slot lies in the free list, or is on its way into it or out of it. */
export function isListed(word: number): boolean {
  return (word & PAYLOAD_MASK) === 0;
}

/** True if the word counts references that several threads may hold. */
export function isShared(word: number): boolean {
  const payload = word & PAYLOAD_MASK;
  return payload !== 0 && payload < OWNED;
}

/** True if one seat alone knows the slot. */
export function isOwned(word: number): boolean {
  return (word & PAYLOAD_MASK) >= OWNED;
}

/** The seat that owns the slot; meaningful only where `isOwned`. */
export function ownerOf(word: number): number {
  return (word & PAYLOAD_MASK) - OWNED;
}

/** The payload of a slot that `seat` owns. */
export function ownedBy(seat: number): number {
  return OWNED + seat;
}

/** The same generation with another payload, without the suspect flag. */
export function withPayload(word: number, payload: number): number {
  return (word & GENERATION_BITS) | payload;
}

/** The next generation with a payload; `step` is the pool's `generationStep`. Skips 0. */
export function nextGeneration(word: number, step: number, payload: number): number {
  const next = ((word & GENERATION_BITS) + step) | 0;
  return (next === 0 ? step : next) | payload;
}

/** The word before `nextGeneration`, with the payload that it has now. */
export function previousGeneration(word: number, step: number): number {
  const previous = ((word & GENERATION_BITS) - step) | 0;
  return (previous === 0 ? -step & GENERATION_BITS : previous) | (word & PAYLOAD_MASK);
}
