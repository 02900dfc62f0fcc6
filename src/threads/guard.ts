/**
 * The guard: a pattern in released slots, and with `verify` a check that nobody wrote where the
 * rules forbid it.
 *
 *   guard word 0: nothing known · POISONED: the slot is filled with the pattern · else: a checksum
 *   of the valid bytes, taken when the frame was first shared
 *
 * Invariants
 * 1. The guard never loses a frame: what it finds is reported after the release is complete, or
 *    before an acquire took anything.
 * 2. A frame that has become exclusive again may be written: `thaw` checks it and forgets the sum.
 *
 * Called by a thread that holds the slot, or that alone has it free. Costs a pass over the frame's
 * bytes per first share and last release: for debugging, and for those who must not leak old data.
 */
import { FrameModifiedError } from '../errors.js';
import { SLOT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import { generationOf } from '../words/slot-word.js';

/** The byte that fills released slots: as a 16-bit sample it is loud, as a pointer it is none. */
export const POISON = 0xdb;
const POISONED = -1;

/** The guard of one slab; does nothing unless the pool was created with one. */
export class Guard {
  /** False: every call here is a waste. */
  readonly active: boolean;
  private readonly slab: Slab;
  private readonly verifies: boolean;
  private readonly poisons: boolean;

  /** @param slab the slab; its geometry says which guard. */
  constructor(slab: Slab) {
    this.slab = slab;
    this.verifies = slab.geometry.guard === 'verify';
    this.poisons = slab.geometry.guard !== 'off';
    this.active = this.poisons;
  }

  /** Remembers the bytes of a frame that is about to be shared. */
  freeze(slot: number): void {
    if (!this.verifies) return;
    const at = this.at(slot);
    if (this.slab.i32[at] === 0) this.slab.i32[at] = this.sumOf(slot);
  }

  /** The frame is exclusive again and about to be written: checks it, and forgets its bytes. */
  thaw(slot: number): void {
    if (!this.verifies) return;
    const fault = this.changed(slot);
    this.slab.i32[this.at(slot)] = 0;
    if (fault !== undefined) throw fault;
  }

  /**
   * The last release: checks the bytes, then fills the slot. Answers the fault, if there is one.
   */
  retire(slot: number): FrameModifiedError | undefined {
    const fault = this.verifies ? this.changed(slot) : undefined;
    if (this.poisons) this.erase(slot);
    return fault;
  }

  /** Fills a slot whose last holder is gone, whatever it wrote. */
  erase(slot: number): void {
    this.bytes(slot).fill(POISON);
    this.slab.i32[this.at(slot)] = POISONED;
  }

  /** A fresh slot: checks that nobody wrote into it after its release. Answers the fault. */
  greet(slot: number): FrameModifiedError | undefined {
    const at = this.at(slot);
    const poisoned = this.slab.i32[at] === POISONED;
    this.slab.i32[at] = 0;
    if (!poisoned || !this.verifies) return undefined;
    const bytes = this.bytes(slot);
    const index = bytes.findIndex((byte) => byte !== POISON);
    if (index < 0) return undefined;
    const value = bytes[index] as number;
    return new FrameModifiedError(
      `byte ${index} of ${this.name(slot)} was written after its release: ${value} instead of ` +
        `the pattern ${POISON}`,
    );
  }

  private changed(slot: number): FrameModifiedError | undefined {
    const sum = this.slab.i32[this.at(slot)];
    if (sum === 0 || sum === POISONED || sum === this.sumOf(slot)) return undefined;
    return new FrameModifiedError(
      `the bytes of ${this.name(slot)} were written while the frame was shared`,
    );
  }

  /** FNV-1a over the valid bytes and their number; never 0 and never POISONED. */
  private sumOf(slot: number): number {
    const length = this.slab.i32[this.at(slot) - SLOT.guard + SLOT.length] as number;
    const bytes = this.slab.bytesOf(slot, Math.min(length, this.slab.geometry.frameSizeBytes));
    let hash = 0x811c9dc5 ^ length;
    for (let k = 0; k < bytes.length; k++) {
      hash = Math.imul(hash ^ (bytes[k] as number), 0x01000193);
    }
    return hash === 0 || hash === POISONED ? 1 : hash;
  }

  private bytes(slot: number): Uint8Array<SharedArrayBuffer> {
    return this.slab.bytesOf(slot, this.slab.geometry.frameSizeBytes);
  }

  private at(slot: number): number {
    return this.slab.layout.slotsAt + slot * SLOT.size + SLOT.guard;
  }

  private name(slot: number): string {
    const word = this.slab.i32[this.at(slot) - SLOT.guard + SLOT.word] as number;
    return `slot ${slot}, generation ${generationOf(word)}`;
  }
}
