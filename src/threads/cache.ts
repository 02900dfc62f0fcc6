/**
 * The free slots that one seat keeps for itself: last in, first out, so still warm.
 *
 * Invariants
 * 1. The slot's word is the truth: every slot in the row says "owned by this seat", and its ledger
 *    cell counts nothing. The row only makes finding them fast; `reclaim` never reads it, so it may
 *    be wrong at any point where the thread dies.
 * 2. At most `cacheFrames` slots are in the row or on the way into it: a full cache spills before it
 *    takes, and a refill takes at most half a cache, of which one is for the caller. (A pool without
 *    caches still refills one at a time, straight into the caller's hands.)
 * 3. Refill and spill move half a cache at a time and take the coldest slots out, so that one
 *    acquire in many touches shared memory.
 *
 * Called by the seat's own thread only. Never blocks, never allocates.
 */
import type { FreeList } from '../protocol/free-list.js';
import { SEAT, SLOT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import { generationOf, nextGeneration, ownedBy, withPayload } from '../words/slot-word.js';

/** One seat's private stock of free slots. */
export class Cache {
  /** How many slots it may keep. */
  readonly limit: number;

  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly list: FreeList;
  private readonly topAt: number;
  private readonly rowAt: number;
  private readonly slotsAt: number;
  private readonly owned: number;
  private readonly generationMask: number;

  /** @param generationMask the pool's, from its handle codec. */
  constructor(slab: Slab, seat: number, list: FreeList, generationMask: number) {
    const layout = slab.layout;
    this.limit = slab.geometry.cacheFrames;
    this.i32 = slab.i32;
    this.list = list;
    this.topAt = layout.seatsAt + seat * SEAT.size + SEAT.top;
    this.rowAt = layout.cachesAt + seat * layout.cacheStride;
    this.slotsAt = layout.slotsAt;
    this.owned = ownedBy(seat);
    this.generationMask = generationMask;
  }

  /** How many slots it holds now. */
  get size(): number {
    return this.i32[this.topAt] as number;
  }

  /** Takes the warmest slot, or −1 if the cache is empty. */
  pop(): number {
    const i32 = this.i32;
    const top = (i32[this.topAt] as number) - 1;
    if (top < 0) return -1;
    const slot = i32[this.rowAt + top] as number;
    i32[this.topAt] = top;
    return slot;
  }

  /** Adds a slot that this seat owns. The caller made room with `makeRoom`. */
  push(slot: number): void {
    const i32 = this.i32;
    const top = i32[this.topAt] as number;
    i32[this.rowAt + top] = slot;
    i32[this.topAt] = top + 1;
  }

  /** Spills the colder half if the cache is full; false if this pool keeps no caches. */
  makeRoom(): boolean {
    const top = this.i32[this.topAt] as number;
    if (top < this.limit) return true;
    if (this.limit === 0) return false;
    this.spill((top + 1) >> 1);
    return true;
  }

  /**
   * Takes up to `want` slots from the shared list, keeps all but one and answers that one; −1 if the
   * list was empty at one moment of the call.
   */
  refill(want: number): number {
    const bits = this.list.claim(want);
    if (bits === 0) return -1;
    const first = this.own(bits);
    this.list.settled();
    return first;
  }

  /** How many slots a refill may take: half the cache, and one where there is none. */
  get refillWant(): number {
    return Math.max(1, this.limit >> 1);
  }

  /** Returns the `count` coldest slots to the shared list. */
  spill(count: number): void {
    const i32 = this.i32;
    const top = i32[this.topAt] as number;
    const move = Math.min(count, top);
    if (move === 0) return;
    const rest = top - move;
    // The coldest lie at the bottom: bring them to the top, in turn, then give them from there.
    for (let k = 0; k < rest; k++) {
      const warm = i32[this.rowAt + move + k] as number;
      i32[this.rowAt + move + k] = i32[this.rowAt + k] as number;
      i32[this.rowAt + k] = warm;
    }
    this.giveTop(rest, move);
  }

  /** Returns every slot to the shared list. */
  spillAll(): void {
    this.spill(this.i32[this.topAt] as number);
  }

  /** Returns one slot that this seat owns, and that is not in its row, to the shared list. */
  give(slot: number): void {
    this.list.announce(slot >>> 5);
    this.unown(slot);
    this.checked(this.list.give(slot >>> 5, 1 << (slot & 31)));
    this.list.stamp(1);
    this.list.settled();
  }

  /** Gives the row's entries from `rest` on, leaf by leaf. */
  private giveTop(rest: number, move: number): void {
    const i32 = this.i32;
    let end = rest + move;
    i32[this.topAt] = rest; // the words still say whose they are
    while (end > rest) {
      const leaf = (i32[this.rowAt + rest] as number) >>> 5;
      this.list.announce(leaf);
      let bits = 0;
      let kept = rest;
      for (let k = rest; k < end; k++) {
        const slot = i32[this.rowAt + k] as number;
        if (slot >>> 5 === leaf) {
          this.unown(slot);
          bits |= 1 << (slot & 31);
        } else {
          i32[this.rowAt + kept++] = slot;
        }
      }
      this.checked(this.list.give(leaf, bits));
      end = kept;
    }
    this.list.stamp(move);
    this.list.settled();
  }

  /** Writes "owned by this seat" into the claimed slots; answers the first, the row gets the rest. */
  private own(claimed: number): number {
    const base = this.list.leaf << 5;
    let bits = claimed;
    let first = -1;
    while (bits !== 0) {
      const bit = bits & -bits;
      const slot = base + (31 - Math.clz32(bit));
      const at = this.slotsAt + slot * SLOT.size + SLOT.word;
      const word = this.i32[at] as number;
      this.i32[at] =
        generationOf(word) === 0
          ? nextGeneration(word, this.generationMask, this.owned)
          : withPayload(word, this.owned);
      if (first < 0) first = slot;
      else this.push(slot);
      bits &= ~bit;
    }
    return first;
  }

  /** Writes "listed" with the next generation: nobody can mistake this stay for the last one. */
  private unown(slot: number): void {
    const at = this.slotsAt + slot * SLOT.size + SLOT.word;
    this.i32[at] = nextGeneration(this.i32[at] as number, this.generationMask, 0);
  }

  private checked(clean: boolean): void {
    if (!clean) throw new Error('frameslab: a free slot was freed again; the slab is damaged');
  }
}
