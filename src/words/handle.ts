/**
 * A handle: slot index + generation + a colour of the pool, in one signed 31-bit integer.
 *
 *   30                                    0
 *   ┌──────────┬───────────────┬───────────┐     slots      index  generation  colour
 *   │  colour  │  generation   │   index   │     ≤ 1,024    ≤ 10   15          6 or more, at most
 *   12
 *   └──────────┴───────────────┴───────────┘     ≤ 4,096    12     15          4
 *                                                ≤ 65,536   16     15          0
 *                                                ≤ 262,144  18     13          0
 *                                                1,048,576  20     11          0
 *
 * Invariants
 * 1. Signed 31 bits: a small integer, unboxed, on every engine. Never 0, because the generation of
 *    a slot that was handed out is never 0.
 * 2. A handle is valid for a slot exactly if it is the one that the slot's word produces now: one
 *    comparison tells stale, forged and foreign ones, and anything that is not an integer.
 * 3. The generation comes round after 2^bits − 1 reuses of a slot. Safety does not rest on it but
 *    on the ledger and on the flight word; it names the fault.
 * 4. The colour is taken from the slab's identity. Two pools of equal colour (one pair in 64 at
 *    1,024 slots, every pair above 65,536 slots) are told apart by generation and ledger only.
 *
 * Any thread; allocates nothing after construction.
 */
import { GENERATION_SHIFT } from './slot-word.js';

const HANDLE_BITS = 31;
const GENERATION_BITS_MAX = 15;
const COLOUR_BITS_MAX = 12;

/** A frame's name: one non-zero signed 31-bit integer. 0 stands for "none". */
export type Handle = number;

/** Packs and unpacks the handles of one pool. */
export class HandleCodec {
  /** How many low bits are the slot's index. */
  readonly indexBits: number;
  /** `handle & indexMask` is the slot's index; it may exceed the slots, so check. */
  readonly indexMask: number;
  /** The generations of this pool are numbers up to this mask. */
  readonly generationMask: number;
  /** The pool's colour in place. */
  readonly colour: number;

  /** @param slots how many slots there are; @param identity any bits that differ between pools. */
  constructor(slots: number, identity: number) {
    this.indexBits = Math.max(1, 32 - Math.clz32(slots - 1));
    this.indexMask = (1 << this.indexBits) - 1;
    const generationBits = Math.min(GENERATION_BITS_MAX, HANDLE_BITS - this.indexBits);
    this.generationMask = (1 << generationBits) - 1;
    const low = this.indexBits + generationBits;
    const colourBits = Math.min(COLOUR_BITS_MAX, HANDLE_BITS - low);
    this.colour = (identity & ((1 << colourBits) - 1)) << low;
  }

  /** The handle that names `slot` while its word is `word`. */
  encode(slot: number, word: number): Handle {
    const packed = this.colour | ((word >>> GENERATION_SHIFT) << this.indexBits) | slot;
    return (packed << 1) >> 1;
  }

  /** True if the handle carries this pool's colour. */
  hasColour(handle: Handle): boolean {
    const low = this.indexBits + (32 - Math.clz32(this.generationMask));
    const mask = low >= HANDLE_BITS ? 0 : (0x7fff_ffff >>> low) << low;
    return ((handle & mask) | 0) === this.colour;
  }

  /** The generation that a handle carries. */
  generationIn(handle: Handle): number {
    return (handle >>> this.indexBits) & this.generationMask;
  }
}
