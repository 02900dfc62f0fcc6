/**
 * Which slots a bulk call has met already: a handle that it names twice is worth two references.
 *
 * One array of a word per slot, made at the first bulk call that asks; a new round forgets them all
 * at no cost. One thread's own.
 */
export class Marks {
  private readonly slots: number;
  private rounds: Int32Array | undefined;
  private round = 0;

  /** @param slots how many there are in the slab. */
  constructor(slots: number) {
    this.slots = slots;
  }

  /** Begins a round, in which no slot was met. Allocates the first time. */
  begin(): void {
    this.rounds ??= new Int32Array(this.slots);
    this.round = (this.round + 1) | 0;
    if (this.round !== 0) return;
    this.rounds.fill(0); // the numbers have come round
    this.round = 1;
  }

  /** True the first time that the round meets this slot. */
  first(slot: number): boolean {
    const rounds = this.rounds as Int32Array;
    if (rounds[slot] === this.round) return false;
    rounds[slot] = this.round;
    return true;
  }
}
