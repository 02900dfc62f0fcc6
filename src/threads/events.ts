/**
 * What happens to a pool and somebody may want to hear of: exhaustion, reclaims, leaks. On Node,
 * Bun and Deno each is a message on a channel of `node:diagnostics_channel`.
 *
 * Invariants
 * 1. Only paths that are slow already come here, and each asks for listeners first: without one
 *    nothing is allocated and nothing else is done.
 * 2. An event is told when its call has nothing left to do in the slab: a listener runs inside that
 *    call, and may use the pool.
 *
 * Events are told in the thread in which they happen, and nowhere else. Never blocks.
 */
import type { Slab } from '../slab/slab.js';
import { hostOfThread } from './host.js';

/** Which pool an event is about. */
export interface PoolEvent {
  /** The memory that the slab lies in: the same object as `pool.buffer` in this thread. */
  readonly buffer: SharedArrayBuffer;
  /** Where in it the slab begins, in bytes. */
  readonly byteOffset: number;
  /** The seat of the thread that tells it. */
  readonly seat: number;
}

/** `frameslab:exhausted`: an acquire of this thread looked, and not enough frames were free. */
export interface ExhaustedEvent extends PoolEvent {
  /** How many frames it wanted. */
  readonly count: number;
}

/** `frameslab:reclaim`: this thread gave back what a thread that has ended had held. */
export interface ReclaimEvent extends PoolEvent {
  /** The seat of the thread that has ended. */
  readonly ended: number;
  /** What people called that thread. */
  readonly name: string;
  /** Slots that became free. */
  readonly freed: number;
  /** True if something could not be settled yet; another event follows when it is. */
  readonly inDoubt: boolean;
}

/** `frameslab:leak`: references that nobody can release any more. Pools with `trace` only. */
export interface LeakEvent extends PoolEvent {
  /** A frame object was garbage-collected, or this thread ends and holds frames. */
  readonly kind: 'collected' | 'thread-ended';
  /** The frames: one of a collected object (0 if it was not pooled), all that the thread held. */
  readonly handles: readonly number[];
  /** Where the first of them was acquired: the calls, innermost first; '' if it was not sampled. */
  readonly stack: string;
}

/** Tells that an acquire of `count` frames found too few. Answers false, like the acquire. */
export function tellExhausted(slab: Slab, seat: number, count: number): false {
  const { exhausted } = hostOfThread().events;
  if (exhausted.hasSubscribers) {
    const event: ExhaustedEvent = { ...poolOf(slab, seat), count };
    exhausted.publish(event);
  }
  return false;
}

/** Tells what came of a reclaim. */
export function tellReclaim(
  slab: Slab,
  seat: number,
  told: { ended: number; name: string; freed: number; inDoubt: boolean },
): void {
  const { reclaim } = hostOfThread().events;
  if (!reclaim.hasSubscribers) return;
  const event: ReclaimEvent = { ...poolOf(slab, seat), ...told };
  reclaim.publish(event);
}

/** Tells of references that are lost until this thread has ended and is reclaimed. */
export function tellLeak(
  slab: Slab,
  seat: number,
  told: { kind: LeakEvent['kind']; handles: readonly number[]; stack: string },
): void {
  const { leak } = hostOfThread().events;
  if (!leak.hasSubscribers) return;
  const event: LeakEvent = { ...poolOf(slab, seat), ...told };
  leak.publish(event);
}

function poolOf(slab: Slab, seat: number): PoolEvent {
  return { buffer: slab.buffer, byteOffset: slab.byteOffset, seat };
}
