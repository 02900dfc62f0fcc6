/**
 * Why a number was refused as a handle: the sentences, in one place.
 *
 * Invariant: nothing is written; the slot is looked at only after its index was bounded.
 *
 * Any attached thread; allocates the error.
 */
import { PoolClosedError, RefCountOverflowError, StaleHandleError } from '../errors.js';
import { describe } from '../slab/geometry.js';
import { SLOT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import type { HandleCodec } from '../words/handle.js';
import { COUNT_MAX, generationOf } from '../words/slot-word.js';

/** The error for a handle that names no reference of this thread, with the likely reason. */
export function refusalOf(slab: Slab, codec: HandleCodec, handle: unknown): StaleHandleError {
  if (typeof handle !== 'number' || !Number.isInteger(handle)) {
    return new StaleHandleError(`a handle is an integer, got ${describe(handle)}`);
  }
  const slot = handle & codec.indexMask;
  if (handle === 0 || slot >= slab.layout.slots || (handle << 1) >> 1 !== handle) {
    return new StaleHandleError(
      `${handle} is no handle of this pool, which has ${slab.layout.slots} slots`,
    );
  }
  const asked = codec.generationIn(handle);
  const where = `handle ${handle} (slot ${slot}, generation ${asked})`;
  if (!codec.hasColour(handle)) return new StaleHandleError(`${where} belongs to another pool`);
  const now = generationOf(slab.i32[slab.layout.slotsAt + slot * SLOT.size + SLOT.word] as number);
  if (asked !== now) {
    return new StaleHandleError(`${where} is stale: that slot is at generation ${now}`);
  }
  return new StaleHandleError(
    `this thread holds no reference of ${where}, and no message of it is in flight to it`,
  );
}

/** The error of every call on a pool that this thread has closed. */
export function closedError(): PoolClosedError {
  return new PoolClosedError('this thread has closed the pool: attach again to use it');
}

/** The error for one reference too many. */
export function overflowOf(slot: number): RefCountOverflowError {
  return new RefCountOverflowError(
    `a frame can have ${COUNT_MAX} references, and the one in slot ${slot} has as many`,
  );
}
