/**
 * A handle: generation + a colour of the pool + slot index, in one signed 31-bit integer.
 *
 *   30                                    0
 *   ┌───────────────┬──────────┬───────────┐     slots      generation  colour  index
 *   │  generation   │  colour  │   index   │     ≤ 1,024    15          6 +     ≤ 10
 *   └───────────────┴──────────┴───────────┘     ≤ 4,096    15          4       12
 *                                                ≤ 65,536   15          0       16
 *                                                ≤ 262,144  13          0       18
 *                                                1,048,576  11          0       20
 *
 * Invariants
 * 1. Signed 31 bits: a small integer, unboxed, on every engine. Never 0, because the generation of
 *    a slot that was handed out is never 0.
 * 2. A handle is valid for a slot exactly if it is the one that the slot's word produces now: one
 *    comparison tells stale, forged and foreign ones, and anything that is not an integer. The
 *    generation leads in both, so the word is shifted by one bit, whatever the pool.
 * 3. The generation comes round after 2^bits − 1 reuses of a slot. Safety does not rest on it but
 *    on the ledger and on the flight word; it names the fault.
 * 4. The colour is taken from the slab's identity. Two pools of equal colour (one pair in 64 at
 *    1,024 slots, every pair above 32,768 slots) are told apart by generation and ledger only.
 *
 * Any thread; allocates nothing after construction.
 */
import { GENERATION_SHIFT } from './slot-word.js';

const HANDLE_BITS = 31;
const GENERATION_BITS_MAX = 32 - GENERATION_SHIFT;

/** A frame's name: one non-zero signed 31-bit integer. 0 stands for "none". */
export type Handle = number;

/** Packs and unpacks the handles of one pool. */
export class HandleCodec {
  /** `handle & indexMask` is the slot's index; it may exceed the slots, so check. */
  readonly indexMask: number;
  /** Selects the generation in a handle. */
  readonly generationMask: number;
  /** What the next generation adds to a slot's word: the lowest bit that a handle has room for. */
  readonly generationStep: number;
  /** The pool's colour in place. */
  readonly colour: number;

  /** @param slots how many slots there are; @param identity any bits that differ between pools. */
  constructor(slots: number, identity: number) {
    const indexBits = Math.max(1, 32 - Math.clz32(slots - 1));
    const generationBits = Math.min(GENERATION_BITS_MAX, HANDLE_BITS - indexBits);
    this.indexMask = (1 << indexBits) - 1;
    this.generationMask = -1 << (HANDLE_BITS - generationBits);
    this.generationStep = 1 << (32 - generationBits);
    this.colour = (identity << indexBits) & ~this.generationMask;
  }

  /** The handle that names `slot` while its word is `word`. */
  encode(slot: number, word: number): Handle {
    return ((word >> 1) & this.generationMask) | this.colour | slot;
  }

  /** True if the handle carries this pool's colour. */
  hasColour(handle: Handle): boolean {
    return (handle & ~(this.generationMask | this.indexMask)) === this.colour;
  }

  /** The generation that a handle carries, as `generationOf` reads it from a word. */
  generationIn(handle: Handle): number {
    return ((handle & this.generationMask) << 1) >>> GENERATION_SHIFT;
  }
}
