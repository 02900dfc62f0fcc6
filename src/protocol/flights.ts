/**
 * Messages in flight: references that have left one thread and have not arrived at another.
 *
 *   31            17 16 15             0
 *   ┌───────────────┬──┬────────────────┐   one word per slot for messages to whoever adopts first,
 *   │ generation 15 │0 │ in flight   16 │   and one per seat and slot for messages to that seat
 *   └───────────────┴──┴────────────────┘
 *
 * Invariants
 * 1. Every change is a compare-exchange on a word that carries the generation, so a message of an
 *    earlier lease of the slot can never be adopted in place of one of this lease.
 * 2. A message is a number, not an identity: adopting one message twice while a second one of the
 *    same frame is in flight takes the second one. With none left, adoption is refused.
 * 3. A frame with a message in flight is counted by its word, so it cannot be freed meanwhile.
 *
 * Any attached thread; lock-free; never blocks or allocates.
 */
import { FLIGHT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import { GENERATION_SHIFT, generationOf, PAYLOAD_MASK } from '../words/slot-word.js';

/** The flight words of one slab. */
export class Flights {
  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly f64: Float64Array<SharedArrayBuffer>;
  private readonly flightsAt: number;
  private readonly mailAt: number;
  private readonly mailStride: number;

  /** @param slab the slab. */
  constructor(slab: Slab) {
    this.i32 = slab.i32;
    this.f64 = slab.f64;
    this.flightsAt = slab.layout.flightsAt;
    this.mailAt = slab.layout.mailAt;
    this.mailStride = slab.layout.mailStride;
  }

  /** The int of a slot's flight word: for anybody (`to` = −1), or for one seat. */
  at(slot: number, to: number): number {
    return to < 0
      ? this.flightsAt + slot * FLIGHT.size + FLIGHT.word
      : this.mailAt + to * this.mailStride + slot;
  }

  /**
   * Remembers who sent the latest message of this slot, and when: for `inspect`, not for safety.
   * The time comes in an array of one, because a number that is passed on might be boxed.
   */
  note(slot: number, sender: number, time: Float64Array): void {
    const row = this.flightsAt + slot * FLIGHT.size;
    this.i32[row + FLIGHT.sender] = sender + 1;
    this.f64[(row + FLIGHT.since) >> 1] = time[0] as number;
  }

  /** Puts one reference in flight. `word` is the slot's, for its generation. */
  put(slot: number, to: number, word: number): void {
    const at = this.at(slot, to);
    const fresh = (word >>> GENERATION_SHIFT) << GENERATION_SHIFT;
    for (;;) {
      const before = this.i32[at] as number;
      const same = before >>> GENERATION_SHIFT === word >>> GENERATION_SHIFT;
      const after = same ? before + 1 : fresh | 1;
      // M1 publishes the message and the frame's bytes to the thread that adopts it.
      if (Atomics.compareExchange(this.i32, at, before, after) === before) return;
      // Lost the race: somebody else put or took a message of this frame.
    }
  }

  /** Takes one reference out of flight; false if there is none of this generation. */
  take(slot: number, to: number, word: number): boolean {
    const at = this.at(slot, to);
    for (;;) {
      const before = this.i32[at] as number;
      if (this.countIn(before, word) === 0) return false;
      // M2 observes M1.
      if (Atomics.compareExchange(this.i32, at, before, before - 1) === before) return true;
      // Lost the race: somebody else put or took a message of this frame.
    }
  }

  /** How many messages of this generation are in flight to anybody, or to one seat. */
  count(slot: number, to: number, word: number): number {
    return this.countIn(Atomics.load(this.i32, this.at(slot, to)), word);
  }

  /** The same by a plain read that may lag: for numbers, not for decisions. */
  peek(slot: number, to: number, word: number): number {
    return this.countIn(this.i32[this.at(slot, to)] as number, word);
  }

  private countIn(flight: number, word: number): number {
    return generationOf(flight) === generationOf(word) ? flight & PAYLOAD_MASK : 0;
  }
}
