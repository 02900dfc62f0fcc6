/**
 * A pool behind locks, as it is usually written in other languages: one mutex around the stack of
 * free frames, one per frame around its count and length, counters beside them. Any thread may use
 * it.
 */
const LOCK = 0;
const TOP = 16;
const HITS = 32;
const STACK_AT = 48;
const FRAME = 4;
const FRAME_LOCK = 0;
const FRAME_COUNT = 1;
const FRAME_LENGTH = 2;

export class MutexPool {
  static create(slots) {
    const ints = STACK_AT + slots + slots * FRAME;
    const i32 = new Int32Array(new SharedArrayBuffer(ints * 4));
    for (let k = 0; k < slots; k++) i32[STACK_AT + k] = k;
    i32[TOP] = slots;
    return new MutexPool(i32.buffer, slots);
  }

  constructor(buffer, slots) {
    this.i32 = new Int32Array(buffer);
    this.framesAt = STACK_AT + slots;
  }

  /** A slot, or −1 if none is free. */
  acquire() {
    const { i32 } = this;
    this.lock(LOCK);
    const top = i32[TOP] - 1;
    if (top < 0) {
      this.unlock(LOCK);
      return -1;
    }
    i32[TOP] = top;
    const slot = i32[STACK_AT + top];
    this.unlock(LOCK);
    this.reset(slot, 1);
    Atomics.add(i32, HITS, 1);
    return slot;
  }

  retain(slot) {
    Atomics.add(this.i32, this.framesAt + slot * FRAME + FRAME_COUNT, 1);
  }

  release(slot) {
    const { i32 } = this;
    if (Atomics.sub(i32, this.framesAt + slot * FRAME + FRAME_COUNT, 1) !== 1) return false;
    this.reset(slot, 0);
    this.lock(LOCK);
    i32[STACK_AT + i32[TOP]] = slot;
    i32[TOP] += 1;
    this.unlock(LOCK);
    return true;
  }

  reset(slot, count) {
    const at = this.framesAt + slot * FRAME;
    this.lock(at + FRAME_LOCK);
    Atomics.store(this.i32, at + FRAME_COUNT, count);
    this.i32[at + FRAME_LENGTH] = 0;
    this.unlock(at + FRAME_LOCK);
  }

  /** 0 free, 1 taken, 2 taken and somebody sleeps. */
  lock(at) {
    const { i32 } = this;
    if (Atomics.compareExchange(i32, at, 0, 1) === 0) return;
    while (Atomics.exchange(i32, at, 2) !== 0) Atomics.wait(i32, at, 2);
  }

  unlock(at) {
    if (Atomics.exchange(this.i32, at, 0) === 2) Atomics.notify(this.i32, at, 1);
  }
}
