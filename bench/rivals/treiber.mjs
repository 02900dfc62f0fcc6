/**
 * The pool that everybody writes first: a linked stack of free slots, its head holding index and
 * tag in one Int32, and an atomic reference count per slot. Any thread may use it.
 *
 * It checks nothing: a handle is a bare index, a double release corrupts it, and its 16-bit tag
 * comes round after 65,536 changes of the head.
 */
const INDEX_BITS = 16;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
const TAG_ONE = 1 << INDEX_BITS;
const HEAD = 0;
const NEXT_AT = 16;

export class TreiberPool {
  /** Ints that a pool of so many slots takes. */
  static ints(slots) {
    return NEXT_AT + slots * 2;
  }

  static create(slots) {
    const i32 = new Int32Array(new SharedArrayBuffer(TreiberPool.ints(slots) * 4));
    for (let k = 0; k < slots; k++) i32[NEXT_AT + k] = k + 2 > slots ? 0 : k + 2;
    i32[HEAD] = 1; // slots are counted from 1: 0 ends the list
    return new TreiberPool(i32.buffer, slots);
  }

  constructor(buffer, slots) {
    this.i32 = new Int32Array(buffer);
    this.countsAt = NEXT_AT + slots;
  }

  /** A slot from 1, or 0 if none is free. */
  acquire() {
    const { i32 } = this;
    for (;;) {
      const head = Atomics.load(i32, HEAD);
      const slot = head & INDEX_MASK;
      if (slot === 0) return 0;
      const next = i32[NEXT_AT + slot - 1];
      const after = ((head & ~INDEX_MASK) + TAG_ONE) | next;
      if (Atomics.compareExchange(i32, HEAD, head, after) !== head) continue;
      Atomics.store(i32, this.countsAt + slot - 1, 1);
      return slot;
    }
  }

  retain(slot) {
    Atomics.add(this.i32, this.countsAt + slot - 1, 1);
  }

  release(slot) {
    const { i32 } = this;
    if (Atomics.sub(i32, this.countsAt + slot - 1, 1) !== 1) return false;
    for (;;) {
      const head = Atomics.load(i32, HEAD);
      i32[NEXT_AT + slot - 1] = head & INDEX_MASK;
      const after = ((head & ~INDEX_MASK) + TAG_ONE) | slot;
      if (Atomics.compareExchange(i32, HEAD, head, after) === head) return true;
    }
  }
}
