/**
 * A lane: a bounded ring of handles with one producer, crash-safe at every step.
 *
 *   tail  = position << 2 | CUT << 1 | SLEEPERS   the producer adds; others set and clear the flags
 *   cell  = handle, state                         state = position << 2 | WANTED << 1 | FULL, or 0
 *   head  = a hint: every position before it was claimed
 *
 * Invariants
 * 1. A cell is published by the tail, in one `Atomics.add`. No cell is ever "claimed but
 *    unpublished" by a producer: what it wrote before it died is simply not there.
 * 2. A claim is one compare-exchange that also recycles the cell (state FULL(position) -> 0), so a
 *    consumer that dies after it leaves nothing that could stop the producer a lap later, and one
 *    that dies before it leaves the frame to its peers.
 * 3. The state carries the position, so a consumer that slept between reading and claiming cannot
 *    take the same handle sent again (positions come round after 2^30 sends of one lane).
 * 4. Claims go in order: position p is claimed only after every earlier one was seen claimed. So a
 *    free cell ahead proves that all cells before it are free. (A lane that was cut is the
 *    exception: its producer claims back from the end; nothing is published into it after that.)
 * 5. Whoever claims has written the reference into its ledger before; the producer takes it out of
 *    its own after the tail. See ledger.ts.
 *
 * Waking and closing without a further atomic: the flags live in words that are changed anyway.
 *
 *      consumer                                  producer
 *      or(tail, SLEEPERS)                        cell
 *      look: position < tail?                    before = add(tail, 4)
 *      sleep on the own bell                     before has SLEEPERS: clear it, ring the receivers
 *
 *      closer, or a subscriber that leaves       producer
 *      or(tail, CUT)                             cell
 *      drain: claim what is there                before = add(tail, 4)
 *                                                before has CUT: claim it back; one of us wins
 *
 *   and for a producer that waits for room: it sets WANTED in the oldest cell; the claim of that
 *   cell sees it in the value that it exchanges, and rings the producer.
 *
 * The producer's side is one seat; the claiming side is anybody (consumers, a producer that drops
 * its oldest, a subscriber that leaves, `reclaim`). Never blocks or allocates.
 */
import { LANE } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';

/** Flag in the tail: consumers sleep until something is published. */
export const SLEEPERS = 1;
/** Flag in the tail: nobody will receive what is published from now on. */
export const CUT = 2;
const ONE = 4;
const FULL = 1;
const WANTED = 2;
const POSITIONS = 0x3fff_ffff;
/** How far ahead a producer looks for free cells at once: a few lines of cells, or one. */
const FAR_AHEAD = 32;
const AHEAD = 8;

/** The ring protocol on the lanes of one channel. A lane is named by the int at which it begins. */
export class Ring {
  /** After `claim`: true if the producer waits for room in this lane. */
  wanted = false;

  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly capacity: number;
  private readonly cellMask: number;

  /** @param slab the slab; @param capacity of each lane; @param cellMask cells per lane minus 1. */
  constructor(slab: Slab, capacity: number, cellMask: number) {
    this.i32 = slab.i32;
    this.capacity = capacity;
    this.cellMask = cellMask;
  }

  /**
   * How many more the producer can publish, at least: 0 if the lane is full. Its own side. Looks as
   * far as `wanted` is worth it: each look at a lane that is being emptied disturbs a claim.
   */
  room(lane: number, wanted: number): number {
    const far = wanted > AHEAD ? this.ahead(lane, FAR_AHEAD) : 0;
    return far || this.ahead(lane, AHEAD) || this.ahead(lane, 1);
  }

  /** Writes `handle` into the `ahead`th cell after the last published one. Its own side. */
  write(lane: number, ahead: number, handle: number): void {
    const position = (this.position(lane) + ahead) & POSITIONS;
    const cell = this.cell(lane, position);
    this.i32[cell] = handle;
    this.i32[cell + 1] = fullAt(position);
  }

  /** Publishes `count` written cells; answers the flags that the tail had. Its own side. */
  publish(lane: number, count: number): number {
    // C1 publishes the cells, the slots' words and the frames' bytes.
    return Atomics.add(this.i32, lane + LANE.tail, count * ONE) & (SLEEPERS | CUT);
  }

  /** Forgets the sleepers: they will be rung. Its own side. */
  wake(lane: number): void {
    Atomics.and(this.i32, lane + LANE.tail, ~SLEEPERS);
  }

  /** Marks the oldest cell as wanted; nothing to mark if there is room. Its own side. */
  want(lane: number): void {
    const oldest = (this.position(lane) - this.capacity) & POSITIONS;
    const full = fullAt(oldest);
    Atomics.compareExchange(this.i32, this.cell(lane, oldest) + 1, full, full | WANTED);
  }

  /** The position of the last published cell. Its own side. */
  last(lane: number): number {
    return (this.position(lane) - 1) & POSITIONS;
  }

  /** The position after this one. */
  after(position: number): number {
    return (position + 1) & POSITIONS;
  }

  /** The position after the last published cell: what `first` may be asked up to. */
  tail(lane: number): number {
    // C2 observes C1.
    return (Atomics.load(this.i32, lane + LANE.tail) >>> 2) & POSITIONS;
  }

  /** The position of the oldest unclaimed cell before `tail`, or −1 if there is none. */
  first(lane: number, tail: number): number {
    const i32 = this.i32;
    const hint = (i32[lane + LANE.head] as number) & POSITIONS;
    // The hint is past a tail that the caller remembered.
    if (((tail - hint) & POSITIONS) > POSITIONS >> 1) return -1;
    let position = this.within(hint, tail);
    for (; position !== tail; position = (position + 1) & POSITIONS) {
      if (!this.isFree(lane, position)) return position;
      // Claimed already, by a peer or by a producer that dropped it.
    }
    i32[lane + LANE.head] = tail;
    return -1;
  }

  /** A position, or the oldest that the lane can hold if it lies further behind `tail`. */
  within(position: number, tail: number): number {
    const behind = (tail - position) & POSITIONS;
    return behind <= this.cellMask + 1 ? position : (tail - this.cellMask - 1) & POSITIONS;
  }

  /** The handle at a position; only a `claim` that succeeds makes it true. */
  handleAt(lane: number, position: number): number {
    return this.i32[this.cell(lane, position)] as number;
  }

  /** Takes the cell at a position; false if somebody else did. The ledger was written before. */
  claim(lane: number, position: number): boolean {
    const at = this.cell(lane, position) + 1;
    const full = fullAt(position);
    let before = Atomics.compareExchange(this.i32, at, full, 0);
    this.wanted = before === (full | WANTED);
    if (this.wanted) before = Atomics.compareExchange(this.i32, at, before, 0) & ~WANTED;
    if (before !== full) return false;
    this.i32[lane + LANE.head] = (position + 1) & POSITIONS;
    return true;
  }

  /**
   * The producer, or who reclaims it, claims back what it has just published into a lane that was
   * cut; false if somebody received it. The head moves only if it stood here: earlier cells may
   * still be full.
   */
  takeBack(lane: number, position: number): boolean {
    const at = this.cell(lane, position) + 1;
    const full = fullAt(position & POSITIONS);
    if (Atomics.compareExchange(this.i32, at, full, 0) !== full) return false;
    const head = lane + LANE.head;
    if (this.i32[head] === (position & POSITIONS)) this.i32[head] = (position + 1) & POSITIONS;
    return true;
  }

  /**
   * Asks the producer of a lane to say when it publishes. Look again after this, before sleeping.
   */
  watch(lane: number): void {
    Atomics.or(this.i32, lane + LANE.tail, SLEEPERS);
  }

  /** Nobody will receive what is published from now on. Drain the lane after this. */
  cut(lane: number): void {
    const at = lane + LANE.tail;
    for (;;) {
      const before = Atomics.load(this.i32, at);
      if ((before & CUT) !== 0) return;
      // First the position, then the flag: whoever sees the flag finds the position.
      Atomics.store(this.i32, lane + LANE.cutAt, (before >>> 2) + 1);
      if (Atomics.compareExchange(this.i32, at, before, before | CUT) === before) return;
      // Lost the race: the producer has published something.
    }
  }

  /** The position from which on nobody receives, or −1 if the lane was not cut. */
  cutPosition(lane: number): number {
    if ((Atomics.load(this.i32, lane + LANE.tail) & CUT) === 0) return -1;
    return Atomics.load(this.i32, lane + LANE.cutAt) - 1;
  }

  /** Somebody will receive from this lane again; it was drained. */
  mend(lane: number): void {
    Atomics.and(this.i32, lane + LANE.tail, ~CUT);
  }

  /** How many frames lie in a lane; may lag, never negative and never above the capacity. */
  depth(lane: number): number {
    const head = (this.i32[lane + LANE.head] as number) & POSITIONS;
    const depth = (this.position(lane) - head) & POSITIONS;
    return depth > POSITIONS >> 1 ? 0 : Math.min(depth, this.capacity);
  }

  /** Calls back with every handle that lies published and unclaimed in a lane. */
  forEach(lane: number, visit: (handle: number) => void): void {
    const tail = this.tail(lane);
    for (let k = 1; k <= this.cellMask + 1; k++) {
      const position = (tail - k) & POSITIONS;
      const cell = this.cell(lane, position);
      if ((Atomics.load(this.i32, cell + 1) & ~WANTED) === fullAt(position)) {
        visit(this.i32[cell] as number);
      }
    }
  }

  /** So many, or the whole lane, if they are free: the last one proves that those before it are. */
  private ahead(lane: number, count: number): number {
    const most = Math.min(count, this.capacity);
    const last = (this.position(lane) - this.capacity + most - 1) & POSITIONS;
    return this.isFree(lane, last) ? most : 0;
  }

  private isFree(lane: number, position: number): boolean {
    return ((this.i32[this.cell(lane, position) + 1] as number) & ~WANTED) !== fullAt(position);
  }

  private position(lane: number): number {
    return ((this.i32[lane + LANE.tail] as number) >>> 2) & POSITIONS;
  }

  private cell(lane: number, position: number): number {
    return lane + LANE.size + ((position & this.cellMask) << 1);
  }
}

function fullAt(position: number): number {
  return (position << 2) | FULL;
}
