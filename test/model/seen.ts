/**
 * The states that were gone through, each as 64 bits of hash, in open addressing.
 */

/** The states that were gone through, and how many preemptions were left there. */
export class Seen {
  size = 0;
  private capacity = 1 << 12;
  private keys = new Int32Array(this.capacity * 2);
  private left = new Uint8Array(this.capacity);

  /** True if the state was seen with at least `left`; else it is remembered. */
  covers(key1: number, key2: number, left: number): boolean {
    if (this.size * 2 > this.capacity) this.grow();
    const k = this.find(key1 | 0, key2 | 0);
    const before = this.left[k] as number;
    if (before > left) return true;
    if (before === 0) this.size += 1;
    this.keys[2 * k] = key1;
    this.keys[2 * k + 1] = key2;
    this.left[k] = left + 1;
    return false;
  }

  private find(key1: number, key2: number): number {
    const mask = this.capacity - 1;
    let k = Math.imul(key1 ^ (key2 >>> 7), 0x9e3779b1) >>> 7;
    for (k &= mask; this.left[k] !== 0; k = (k + 1) & mask) {
      if (this.keys[2 * k] === key1 && this.keys[2 * k + 1] === key2) break;
    }
    return k;
  }

  private grow(): void {
    const { keys, left, capacity } = this;
    this.capacity = capacity * 2;
    this.keys = new Int32Array(this.capacity * 2);
    this.left = new Uint8Array(this.capacity);
    for (let k = 0; k < capacity; k++) {
      if (left[k] === 0) continue;
      const at = this.find(keys[2 * k] as number, keys[2 * k + 1] as number);
      this.keys[2 * at] = keys[2 * k] as number;
      this.keys[2 * at + 1] = keys[2 * k + 1] as number;
      this.left[at] = left[k] as number;
    }
  }
}
