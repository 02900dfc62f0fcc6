/**
 * The shared list of free slots: a bitmap, 32 slots to a leaf, with two levels above it.
 *
 * Why there is no ABA: a linked stack must carry index and tag in one 32-bit head, and the tag
 * wraps in milliseconds. A bit has no history. `Atomics.and` answers which bits were really taken,
 * and `Atomics.or` answers whether a bit was set already, so a double free cannot pass unseen.
 *
 * Invariants
 * 1. A set bit is a slot that anybody may take; the thread whose `and` cleared it has it alone.
 * 2. Summary and root only *find*; they never decide. "Empty" is said only after a scan of all
 *    leaves between two equal reads of the stamp, and the stamp moves after a bit is set:
 *
 *      taker                              giver            why not the other way round
 *      c = load(stamp)
 *                                         or(leaf)         stamp before bit: the taker could read
 *      scan: all leaves 0?                add(stamp)       the new stamp, pass the leaf, and find
 *      load(stamp) === c: empty                            the stamp unchanged with a bit set.
 *
 * 3. Whoever moves a bit says so in the journal of its seat *before* it does, and clears the
 *    journal *after* the slots' words say where the slots are. If a thread dies in between, the
 *    slots of that leaf whose bit is clear, whose word says "listed", and that no living journal
 *    names, are lost, and `reclaim` finds them.
 *
 * Lock-free: a failed round means that another thread took or gave a slot. Any attached thread may
 * call it; nothing blocks or allocates.
 */
import { SEAT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';

/** The free list of one slab, as one seat uses it. */
export class FreeList {
  /** After `claim`: the leaf that the claimed bits belong to. */
  leaf = 0;

  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly slots: number;
  private readonly leaves: number;
  private readonly leavesAt: number;
  private readonly leafStride: number;
  private readonly summaryAt: number;
  private readonly summaryWords: number;
  private readonly rootAt: number;
  private readonly rootWords: number;
  private readonly stampAt: number;
  private readonly takesAt: number;
  private readonly lowWaterAt: number;
  private readonly journalAt: number;
  private readonly hintAt: number;
  private readonly emptyAt: number;
  private readonly home: number;

  /** @param slab the slab; @param seatAt the int at which this seat's rows begin. */
  constructor(slab: Slab, seatAt: number) {
    const layout = slab.layout;
    this.i32 = slab.i32;
    this.slots = layout.slots;
    this.leaves = layout.leaves;
    this.leavesAt = layout.leavesAt;
    this.leafStride = layout.leafStride;
    this.summaryAt = layout.summaryAt;
    this.summaryWords = layout.summaryWords;
    this.rootAt = layout.rootAt;
    this.rootWords = layout.rootWords;
    this.stampAt = layout.stampAt;
    this.takesAt = layout.takesAt;
    this.lowWaterAt = layout.lowWaterAt;
    this.journalAt = seatAt + SEAT.journal;
    this.hintAt = seatAt + SEAT.hint;
    this.emptyAt = seatAt + SEAT.emptyAt;
    this.home = homeOf(slab, (seatAt - layout.seatsAt) / SEAT.size);
    this.i32[this.hintAt] = this.home;
  }

  /** Sets every bit. Only the creator calls it, before anybody else can see the slab. */
  static fill(slab: Slab): void {
    const { i32, layout } = slab;
    for (let leaf = 0; leaf < layout.leaves; leaf++) {
      i32[layout.leavesAt + leaf * layout.leafStride] = lowBits(layout.slots - leaf * 32);
    }
    for (let k = 0; k < layout.summaryWords; k++) {
      i32[layout.summaryAt + k] = lowBits(layout.leaves - k * 32);
    }
    for (let k = 0; k < layout.rootWords; k++) {
      i32[layout.rootAt + k] = lowBits(layout.summaryWords - k * 32);
    }
    // 0 is what an unused seat remembers as "empty at": a new list starts at another stamp.
    i32[layout.stampAt] = 1;
    i32[layout.lowWaterAt] = layout.slots;
  }

  /**
   * Takes up to `want` slots of one leaf and answers their bits; the leaf is in `this.leaf`.
   * Answers 0 only if the list was empty at one moment of the call. The journal names the leaf
   * until the caller, who must first write where the slots are, calls `settled`.
   */
  claim(want: number): number {
    const i32 = this.i32;
    for (;;) {
      const leaf = this.find(i32[this.hintAt] as number);
      if (leaf < 0) return 0;
      const at = this.leavesAt + leaf * this.leafStride;
      const bits = lowestOf(this.bitsOf(leaf), want);
      if (bits === 0) continue; // emptied since `find` looked: somebody else took from it
      this.announce(leaf);
      // F1 takes the bits, and publishes the journal to whoever sees them gone.
      const taken = Atomics.and(i32, at, ~bits) & bits;
      if (taken === 0) {
        Atomics.store(i32, this.journalAt, 0);
        continue; // lost the race for all of these bits
      }
      i32[this.hintAt] = leaf;
      this.leaf = leaf;
      this.countTakes(popcount(taken));
      return taken;
    }
  }

  /** Says that the words of the slots of the last `claim` or `give` tell where they are. */
  settled(): void {
    // F2 publishes the slots' words to whoever sees the journal clear.
    Atomics.store(this.i32, this.journalAt, 0);
  }

  /** Announces that slots of this leaf are about to return. Before their words change. */
  announce(leaf: number): void {
    Atomics.store(this.i32, this.journalAt, leaf + 1);
    // Keeps plain stores behind the journal, where machines reorder; a full stack fails here.
    this.set(leaf, 0);
  }

  /**
   * Returns slots whose words say "listed". `announce` came before, `settled` and `stamp` follow.
   * Answers false if one of the bits was set already: the slab is damaged.
   */
  give(leaf: number, bits: number): boolean {
    // F3 publishes the slots, their words and all that was written to their frames.
    const before = this.set(leaf, bits);
    this.mark(leaf);
    return (before & bits) === 0;
  }

  /** Counts `count` returned slots: whoever remembers an empty list looks again. */
  stamp(count: number): void {
    Atomics.add(this.i32, this.stampAt, count);
  }

  /** Makes everybody who remembers an empty list look again, although nothing was returned. */
  disturb(): void {
    Atomics.add(this.i32, this.takesAt, 1);
    this.stamp(1);
  }

  /** True if the slot's bit is set at this moment. */
  isListed(slot: number): boolean {
    const at = this.leavesAt + (slot >>> 5) * this.leafStride;
    return ((Atomics.load(this.i32, at) >>> (slot & 31)) & 1) === 1;
  }

  /** The bits of one leaf, bounded to the slots that exist; a plain read that may lag. */
  bitsOf(leaf: number): number {
    const bits = this.i32[this.leavesAt + leaf * this.leafStride] as number;
    return bits & lowBits(this.slots - leaf * 32);
  }

  /** A leaf that seems to have free slots, or −1 if the list was empty at one moment. */
  private find(start: number): number {
    const i32 = this.i32;
    const first = start >>> 0 < this.leaves ? start : 0;
    if (this.bitsOf(first) !== 0) return first;
    // Polling an exhausted pool costs one load: no bit was set since this seat saw none.
    if (Atomics.load(i32, this.stampAt) === i32[this.emptyAt]) return -1;
    for (;;) {
      const found = this.search(this.home >>> 5, this.home & 31);
      if (found >= 0) return found;
      const seen = Atomics.load(i32, this.stampAt);
      const missed = this.scan();
      if (missed >= 0) return missed;
      // Keeps the scan's reads before the load, also on machines that reorder loads.
      Atomics.store(i32, this.journalAt, 0);
      if (Atomics.load(i32, this.stampAt) === seen) {
        i32[this.emptyAt] = seen;
        return -1;
      }
      // A slot was returned behind the scanner's back: progress of somebody else, so look again.
    }
  }

  /** Follows root and summary; clears what they promise in vain. −1 if they promise nothing. */
  private search(firstWord: number, firstBit: number): number {
    const i32 = this.i32;
    let word = firstWord;
    let from = firstBit;
    for (let k = 0; k <= this.summaryWords; k++) {
      const at = this.summaryAt + word;
      let bits = i32[at] as number;
      const ahead = bits & (-1 << from);
      if (ahead !== 0) bits = ahead;
      while (bits !== 0) {
        const bit = bits & -bits;
        const leaf = (word << 5) + (31 - Math.clz32(bit));
        if (leaf < this.leaves && this.bitsOf(leaf) !== 0) return leaf;
        if (leaf < this.leaves) this.unmark(at, bit, this.leavesAt + leaf * this.leafStride);
        else Atomics.and(i32, at, ~bit); // damaged: there is no such leaf
        bits &= ~bit;
      }
      if (i32[at] === 0) this.unmark(this.rootAt + (word >>> 5), 1 << (word & 31), at);
      const next = this.nextWord(word + 1);
      if (next < 0) return -1;
      word = next;
      from = 0;
    }
    return -1;
  }

  /** The next summary word, cyclically from `from`, that the root says is not empty; or −1. */
  private nextWord(from: number): number {
    const i32 = this.i32;
    const start = from < this.summaryWords ? from : 0;
    let bits = (i32[this.rootAt + (start >>> 5)] as number) & (-1 << (start & 31));
    for (let k = 0; k <= this.rootWords; k++) {
      const root = ((start >>> 5) + k) % this.rootWords;
      if (k > 0) bits = i32[this.rootAt + root] as number;
      if (bits !== 0) {
        const word = (root << 5) + (31 - Math.clz32(bits & -bits));
        return word < this.summaryWords ? word : -1;
      }
    }
    return -1;
  }

  /** Clears a bit that promised in vain, looks at what it stood for again, and mends. */
  private unmark(at: number, bit: number, below: number): void {
    Atomics.and(this.i32, at, ~bit);
    if (Atomics.load(this.i32, below) !== 0) Atomics.or(this.i32, at, bit);
  }

  /** Makes summary and root promise this leaf. */
  private mark(leaf: number): void {
    const word = this.i32[this.summaryAt + (leaf >>> 5)] as number;
    // Plain: a bit that is being cleared at this moment may look set; then a scan finds the leaf.
    if (((word >>> (leaf & 31)) & 1) === 0) this.promise(leaf);
  }

  private promise(leaf: number): void {
    Atomics.or(this.i32, this.summaryAt + (leaf >>> 5), 1 << (leaf & 31));
    Atomics.or(this.i32, this.rootAt + (leaf >>> 10), 1 << ((leaf >>> 5) & 31));
  }

  /** Looks at every leaf, whatever summary and root say; mends them if they hid one. */
  private scan(): number {
    for (let leaf = 0; leaf < this.leaves; leaf++) {
      if (this.bitsOf(leaf) === 0) continue;
      this.promise(leaf);
      return leaf;
    }
    return -1;
  }

  private set(leaf: number, bits: number): number {
    return Atomics.or(this.i32, this.leavesAt + leaf * this.leafStride, bits);
  }

  /** Keeps the low-water mark of the list; a lost update leaves the mark too high for a moment. */
  private countTakes(count: number): void {
    const i32 = this.i32;
    const takes = Atomics.add(i32, this.takesAt, count) + count;
    const free = (this.slots - takes + (i32[this.stampAt] as number) - 1) | 0;
    if (free < (i32[this.lowWaterAt] as number)) i32[this.lowWaterAt] = free;
  }
}

/** Where a seat looks first, so that seats do not meet at one leaf, and warm slots come back. */
function homeOf(slab: Slab, seat: number): number {
  const resident = Math.max(1, Math.ceil(slab.geometry.preallocateFrames / 32));
  return Math.floor((seat * Math.min(resident, slab.layout.leaves)) / slab.geometry.threadsMax);
}

/** How many bits are set. */
export function popcount(bits: number): number {
  let b = bits - ((bits >>> 1) & 0x5555_5555);
  b = (b & 0x3333_3333) + ((b >>> 2) & 0x3333_3333);
  return (((b + (b >>> 4)) & 0x0f0f_0f0f) * 0x0101_0101) >>> 24;
}

/** The lowest `want` set bits of a word. */
export function lowestOf(bits: number, want: number): number {
  if (popcount(bits) <= want) return bits;
  let rest = bits;
  for (let k = 0; k < want; k++) rest &= rest - 1;
  return bits & ~rest;
}

function lowBits(count: number): number {
  return count >= 32 ? -1 : count <= 0 ? 0 : (1 << count) - 1;
}
