/**
 * This thread's attachment to a slab: one seat, and the objects that work on it. A thread attaches
 * once per slab, whatever asks for it: a second `attach`, or a second copy of the library.
 *
 * Invariants
 * 1. The registry lives on the global object under a registered symbol that names the version, so
 *    the ESM and the CommonJS copy of one version find the same attachment.
 * 2. Two buffers are the same memory only if a word written through one is read through the other:
 *    a copied slab has the same identity, and is another slab.
 *
 * Each thread has its own registry. Nothing blocks.
 */

import { SlotTable } from '../frames/slot-table.js';
import { Inlet } from '../lanes/inlet.js';
import { Outlet } from '../lanes/outlet.js';
import { describeHeld, dropMail, requireNothingHeld } from '../references/leaving.js';
import { settleAll } from '../references/reclaim.js';
import { type Drained, References } from '../references/references.js';
import { closedError } from '../references/refusal.js';
import { LIBRARY_VERSION } from '../slab/header.js';
import { HEADER, SEAT } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';
import { tellLeak } from '../threads/events.js';
import { hostOfThread, tokenOfThread } from '../threads/host.js';
import { holdLock } from '../threads/locks.js';
import { Seats } from '../threads/seats.js';
import { AcquireWish } from '../waiting/acquire-wish.js';
import { Waiting } from '../waiting/waiting.js';

/** The two ends of a channel in one thread. */
export interface ChannelEnds {
  readonly outlet: Outlet;
  readonly inlet: Inlet;
}

/** One seat in one slab, and what works on it. */
export class Attachment {
  readonly slab: Slab;
  readonly refs: References;
  readonly slots: SlotTable;
  readonly waiting: Waiting;
  readonly acquiring: AcquireWish;
  /** Pool objects by copy of the library: each copy has classes of its own. */
  readonly pools = new Map<object, object>();

  /** As it was when this thread attached: the memory may be used for another slab later. */
  private readonly identity: string;
  private readonly releaseLock: () => void;
  private readonly ends = new Map<string, ChannelEnds>();

  private constructor(slab: Slab, seat: number) {
    this.slab = slab;
    this.identity = identityOf(slab);
    this.refs = new References(slab, seat);
    this.slots = new SlotTable(this.refs);
    this.waiting = new Waiting(this.refs.park);
    this.acquiring = new AcquireWish(this.refs);
    // Where threads have numbers, their end is an event; elsewhere a lock tells.
    const numbered = hostOfThread().threadId >= 0;
    this.releaseLock = numbered ? () => undefined : holdLock(slab, this.refs.seats, seat);
    if (numbered && !hostOfThread().exitIsFinal) announceEnd();
    this.refs.onDoubt = () => settleAll(this.refs);
    if (this.refs.trace.active) reportAtEnd(this);
    this.refs.onReclaim = (dead) => this.leaveLanes(dead, true);
  }

  /** The attachment of this thread to the slab's memory: the one that exists, or a new one. */
  static of(slab: Slab): Attachment {
    const attachments = registry();
    for (const attachment of attachments) if (attachment.isAt(slab)) return attachment;
    const seats = new Seats(slab);
    const seat = seats.claim(tokenOfThread(), hostOfThread().threadName);
    const attachment = new Attachment(slab, seat);
    attachments.add(attachment);
    return attachment;
  }

  /** Both ends of a declared channel, one pair per thread; `undefined` for any other name. */
  channel(name: string): ChannelEnds | undefined {
    const known = this.ends.get(name);
    if (known !== undefined) return known;
    const layout = this.slab.layout.channels.find((channel) => channel.name === name);
    if (layout === undefined) return undefined;
    const ends = { outlet: new Outlet(this.refs, layout), inlet: new Inlet(this.refs, layout) };
    this.ends.set(name, ends);
    return ends;
  }

  /** Ends all subscriptions of a seat: what lies in its lanes nobody will receive any more. */
  private leaveLanes(seat: number, died: boolean): Drained {
    const drained: Drained = { frames: 0, freed: 0 };
    for (const { name } of this.slab.layout.channels) {
      const inlet = this.channel(name)?.inlet;
      inlet?.leave(seat, drained);
      if (died) inlet?.abandon(seat, drained);
    }
    return drained;
  }

  /** Leaves the slab. Throws `FramesHeldError`, and stays, while this thread holds frames. */
  leave(): void {
    const { refs } = this;
    if (refs.closed) return;
    refs.giveCacheBack();
    requireNothingHeld(refs);
    this.waiting.failAll(closedError());
    this.leaveLanes(refs.seat, false);
    refs.seats.shut(refs.seat);
    dropMail(refs);
    refs.giveCacheBack();
    refs.retire();
    refs.clearShares(refs.seat);
    refs.seats.vacate(refs.seat);
    this.releaseLock(); // after it: a watcher that is granted it finds the stay over
    reporters.delete(this);
    registry().delete(this);
  }

  /** The thread ends: with `trace`, says what it still holds. */
  reportHeld(): void {
    const held = this.refs.ledger.held();
    if (held.length === 0) return;
    // Now, and not as an event: the thread has no later.
    console.warn(`FrameLeakWarning: a thread ended and held ${describeHeld(this.refs, held)}`);
    const handles = held.map((slot) => this.refs.handleOf(slot));
    const stack = this.refs.trace.read(held[0] as number)?.stack ?? '';
    tellLeak(this.slab, this.refs.seat, { kind: 'thread-ended', handles, stack });
  }

  /** True if `slab` lies in the very memory that this attachment is to. */
  private isAt(slab: Slab): boolean {
    const own = this.slab.i32;
    const other = slab.i32;
    if (this.identity !== identityOf(slab) || own.length !== other.length) return false;
    const at = this.refs.seats.at(this.refs.seat) + SEAT.probe;
    return [1, 2].every((mark) => {
      own[at] = mark;
      return other[at] === mark;
    });
  }
}

/** Attachments of this copy whose frames are traced. */
const reporters = new Set<Attachment>();
let reports = false;

/** When this thread ends by itself, it says what it holds: one listener per thread and copy. */
function reportAtEnd(attachment: Attachment): void {
  reporters.add(attachment);
  if (reports) return;
  reports = true;
  hostOfThread().onEnd(() => {
    for (const reporter of reporters) reporter.reportHeld();
  });
}

let announces = false;

/** When this thread ends by itself, says so in every seat that it has: once per thread and copy. */
function announceEnd(): void {
  if (announces) return;
  announces = true;
  hostOfThread().onEnd(() => {
    for (const { refs } of registry()) refs.seats.sayLastWords(refs.seat);
  });
}

/** The identity in a slab's header. */
function identityOf(slab: Slab): string {
  return `${slab.i32[HEADER.identity]}.${slab.i32[HEADER.identity + 1]}`;
}

function registry(): Set<Attachment> {
  const key = Symbol.for(`frameslab.attachments.${LIBRARY_VERSION}`);
  const scope = globalThis as { [key: symbol]: Set<Attachment> | undefined };
  scope[key] ??= new Set();
  return scope[key];
}
