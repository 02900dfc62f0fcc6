/**
 * The free slots that one seat keeps for itself: last in, first out, so still warm.
 *
 * Invariants
 * 1. The slot's word is the truth: every slot in the row says "owned by this seat", and its ledger
 *    cell counts nothing. The row only makes finding them fast; `reclaim` never reads it, so it may
 *    be wrong at any point where the thread dies. It holds the handles of the slots' next leases,
 *    which nothing changes while they lie there: an acquire need not look at the word.
 * 2. At most `cacheLimit` slots are in the row or on the way into it: a full cache grows or spills
 *    before it takes, and a refill takes half a cache, of which one is for the caller, or more if a
 *    bulk call wants them. (A thread without a cache still refills one at a time, straight into the
 *    caller's hands.)
 * 3. The limit is `cacheFrames` for each share of the reserve that this seat uses (shares.ts): its
 *    own, and while the cache overflows those of empty seats, up to `cacheFramesMax`.
 * 4. Refill and spill move half a cache at a time and take the coldest slots out, so that one
 *    acquire in many touches shared memory.
 *
 * Called by the seat's own thread only. Never blocks, never allocates.
 */
import { FreeList } from '../protocol/free-list.js';
import { HEADER, SEAT, SLOT } from '../slab/layout.js';
import { damaged, type Slab } from '../slab/slab.js';
import { HandleCodec } from '../words/handle.js';
import {
  generationOf,
  nextGeneration,
  ownedBy,
  payloadOf,
  withPayload,
} from '../words/slot-word.js';
import { Shares } from './shares.js';

/** One seat's private stock of free slots, and what it takes to move them. */
export class Cache {
  readonly slab: Slab;
  readonly seat: number;
  readonly codec: HandleCodec;
  readonly list: FreeList;
  /** The control part of the slab; one field, so that the hot path loads it once. */
  protected readonly i32: Int32Array<SharedArrayBuffer>;
  protected readonly slotsAt: number;
  /** The payload of a word that says "owned by this seat". */
  protected readonly owned: number;
  protected readonly generationStep: number;
  protected readonly indexMask: number;
  /** How many slots it may hold now. */
  protected cacheLimit = 0;
  /** Where the row's size stands; in the header, at a constant 0, once this thread has left. */
  protected topAt: number;
  protected readonly rowAt: number;
  /** Where it says up to how many cached slots a release needs no care; 0 with a guard. */
  protected readonly roomAt: number;
  private readonly shares: Shares;
  private readonly share: number;
  private readonly limitMax: number;
  private readonly looksAtEach: boolean;

  /** @param slab the slab; @param seat the seat that this thread has claimed in it. */
  constructor(slab: Slab, seat: number) {
    const layout = slab.layout;
    const seatAt = layout.seatsAt + seat * SEAT.size;
    this.slab = slab;
    this.seat = seat;
    this.codec = new HandleCodec(layout.slots, slab.i32[HEADER.identity] as number);
    this.list = new FreeList(slab, seatAt);
    this.i32 = slab.i32;
    this.slotsAt = layout.slotsAt;
    this.owned = ownedBy(seat);
    this.generationStep = this.codec.generationStep;
    this.indexMask = this.codec.indexMask;
    this.topAt = seatAt + SEAT.top;
    this.roomAt = seatAt + SEAT.room;
    this.rowAt = layout.cachesAt + seat * layout.cacheStride;
    this.shares = new Shares(slab, seat);
    this.share = slab.geometry.cacheFrames;
    this.limitMax = slab.geometry.cacheFramesMax;
    this.looksAtEach = slab.geometry.guard !== 'off';
    this.setLimit(0); // the seat's last thread had another one
    this.grow();
  }

  /** How many slots it holds now. */
  get cached(): number {
    return this.i32[this.topAt] as number;
  }

  /** Takes the warmest slot, or −1 if the cache is empty. */
  pop(): number {
    const i32 = this.i32;
    const top = (i32[this.topAt] as number) - 1;
    if (top < 0) return -1;
    const handle = i32[this.rowAt + top] as number;
    i32[this.topAt] = top;
    return handle & this.indexMask;
  }

  /** Adds a slot that this seat owns. The caller made room with `makeRoom`. */
  push(slot: number): void {
    const i32 = this.i32;
    const top = i32[this.topAt] as number;
    const word = i32[this.slotsAt + slot * SLOT.size + SLOT.word] as number;
    i32[this.rowAt + top] = this.codec.encode(slot, word);
    i32[this.topAt] = top + 1;
  }

  /** True if a release that needs no care finds no room any more. */
  protected get crowded(): boolean {
    const room = this.i32[this.roomAt] as number;
    return room > 0 && (this.i32[this.topAt] as number) >= room;
  }

  /**
   * Makes room for `count` slots, or for a whole cache if they are more: lets it grow, or spills
   * the colder half at the least.
   */
  makeRoom(count: number): void {
    this.giveSharesBack();
    const top = this.i32[this.topAt] as number;
    while (top + count > this.cacheLimit && this.grow());
    const excess = top + Math.min(count, this.cacheLimit) - this.cacheLimit;
    if (excess > 0) this.spill(Math.max(excess, (top + 1) >> 1));
  }

  /**
   * Takes up to `want` slots from the shared list, keeps all but one and answers that one; −1 if
   * the list was empty at one moment of the call.
   */
  refill(want: number): number {
    const bits = this.list.claim(want);
    if (bits === 0) return -1;
    const first = this.own(bits);
    this.list.settled();
    return first;
  }

  /** How many slots a refill may take for a call that wants `count`; one without a cache. */
  refillWant(count: number): number {
    return Math.max(1, this.cacheLimit >> 1, Math.min(count, this.cacheLimit));
  }

  /** Gives up shares that others need, after the slots that they stood for. */
  giveSharesBack(): void {
    if (this.cacheLimit <= this.share) return;
    const recalled = this.shares.recalled();
    if (recalled === 0) return;
    const limit = this.cacheLimit - recalled * this.share;
    this.spill((this.i32[this.topAt] as number) - limit);
    this.setLimit(limit);
    this.shares.giveBack(recalled);
  }

  /** Gives up the shares of a seat whose cache is empty for good: this one, or one that died. */
  clearShares(seat: number): void {
    this.shares.clear(seat);
  }

  /** One share more: the own one first, then those of empty seats. False if there is none. */
  private grow(): boolean {
    const { share, cacheLimit } = this;
    if (share === 0 || cacheLimit + share > this.limitMax) return false;
    if (!(cacheLimit === 0 ? this.shares.takeOwn() : this.shares.borrow())) return false;
    this.setLimit(cacheLimit + share);
    return true;
  }

  private setLimit(slots: number): void {
    this.cacheLimit = slots;
    this.i32[this.roomAt] = this.looksAtEach ? 0 : slots;
  }

  /** Returns the `count` coldest slots, those at the row's bottom, to the shared list. */
  spill(count: number): void {
    const { i32, rowAt, list, slotsAt, generationStep, indexMask, owned } = this;
    const top = i32[this.topAt] as number;
    const move = Math.min(count, top);
    if (move <= 0) return;
    if (top > this.limitMax)
      throw damaged(`seat ${this.seat} says that it has ${top} cached slots`);
    let start = 0; // so many of the row are in the list
    try {
      while (start < move) {
        // All that share the leaf of the first go together; others change places with them.
        const leaf = ((i32[rowAt + start] as number) & indexMask) >>> 5;
        // Calls as deep as all that follow: where the stack is full, it fails before a write.
        list.announce(leaf);
        let bits = 0;
        let next = start;
        for (let k = start; k < move; k++) {
          const handle = i32[rowAt + k] as number;
          const slot = handle & indexMask;
          if (slot >>> 5 !== leaf) continue;
          const at = slotsAt + slot * SLOT.size + SLOT.word;
          const word = i32[at] as number;
          if (payloadOf(word) !== owned) throw damaged(`slot ${slot} is cached, and not owned`);
          i32[at] = nextGeneration(word, generationStep, 0);
          bits |= 1 << (slot & 31);
          if (k !== next) {
            i32[rowAt + k] = i32[rowAt + next] as number;
            i32[rowAt + next] = handle;
          }
          next += 1;
        }
        start = next;
        this.checked(list.give(leaf, bits));
      }
      list.stamp(move);
      list.settled();
    } finally {
      // Also after a fault: a slot that the list has, and the row as well, would be taken twice.
      i32.copyWithin(rowAt, rowAt + start, rowAt + top);
      i32[this.topAt] = top - start;
    }
  }

  /** Returns every slot to the shared list. */
  spillAll(): void {
    this.spill(this.i32[this.topAt] as number);
  }

  /** Returns one slot that this seat owns, and that is not in its row, to the shared list. */
  give(slot: number): void {
    this.list.announce(slot >>> 5);
    this.checked(this.list.give(slot >>> 5, this.unown(slot)));
    this.list.stamp(1);
    this.list.settled();
  }

  /**
   * Writes "owned by this seat" into the claimed slots; answers the first, the row gets the rest.
   */
  private own(claimed: number): number {
    const { i32, owned, generationStep, rowAt, slotsAt } = this;
    const { generationMask, colour } = this.codec;
    const base = this.list.leaf << 5;
    let top = i32[this.topAt] as number;
    let first = -1;
    for (let bits = claimed; bits !== 0; bits &= bits - 1) {
      const slot = base + 31 - Math.clz32(bits & -bits);
      const at = slotsAt + slot * SLOT.size + SLOT.word;
      const word = i32[at] as number;
      const fresh = generationOf(word) === 0;
      const mine = fresh ? nextGeneration(word, generationStep, owned) : withPayload(word, owned);
      i32[at] = mine;
      if (first < 0) first = slot;
      else i32[rowAt + top++] = ((mine >> 1) & generationMask) | colour | slot;
    }
    i32[this.topAt] = top;
    return first;
  }

  /** Writes "listed" with the next generation, and answers the slot's bit in its leaf. */
  private unown(slot: number): number {
    const at = this.slotsAt + slot * SLOT.size + SLOT.word;
    this.i32[at] = nextGeneration(this.i32[at] as number, this.generationStep, 0);
    return 1 << (slot & 31);
  }

  private checked(clean: boolean): void {
    if (!clean) throw damaged('a free slot was freed again');
  }
}
