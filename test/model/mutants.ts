/**
 * Deliberately broken variants of the built library: what the explorer must be able to find.
 *
 * A mutant is a change of the built text that occurs there exactly once, and the scenario and the
 * bounds in which it shows. A text that the build no longer contains is an error, so that a mutant
 * cannot die unnoticed.
 */
import type { Bounds } from './explorer.js';

/** One broken variant. */
export interface Mutant {
  /** What is wrong with it. */
  readonly flaw: string;
  /** Pairs of what stands in the build and what replaces it. */
  readonly changes: readonly (readonly [from: string, to: string])[];
  /** The scenario that finds it. */
  readonly scenario: string;
  readonly bounds: Bounds;
  /** Interruptions at these accesses only, `function: word`: for a flaw that needs many of them. */
  readonly focus?: RegExp;
  /** Why no scenario finds it within bounds. */
  readonly gap?: string;
}

/** The modules of the build with a mutant's changes; each must fit in exactly one place. */
export function mutated(texts: ReadonlyMap<string, string>, mutant: Mutant): Map<string, string> {
  const changed = new Map(texts);
  for (const [from, to] of mutant.changes) {
    const pattern = new RegExp(escaped(from), 'g');
    const counts = [...changed.values()].map((text) => text.match(pattern)?.length ?? 0);
    if (counts.reduce((sum, count) => sum + count, 0) !== 1) {
      throw new Error(
        `the mutant '${mutant.flaw}' fits the build ${counts.join(' + ')} times: ${from}`,
      );
    }
    for (const [name, text] of changed)
      changed.set(
        name,
        text.replace(pattern, () => to),
      );
  }
  return changed;
}

/** Matches a text however its lines are broken. */
function escaped(text: string): string {
  const parts = text.trim().split(/\s+/);
  return parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('\\s+');
}

const orders = (preemptions: number): Bounds => ({ preemptions, kills: 0, msMax: 20_000 });
const deaths = (preemptions: number, kills = 1): Bounds => ({ preemptions, kills, msMax: 30_000 });

/** All of them. */
export const mutants: readonly Mutant[] = [
  {
    flaw: 'a share is given back before the cache has shrunk',
    changes: [
      [
        'this.spill(this.i32[this.topAt] - limit), this.setLimit(limit), this.shares.giveBack(recalled)',
        'this.shares.giveBack(recalled), this.spill(this.i32[this.topAt] - limit), this.setLimit(limit)',
      ],
    ],
    scenario: 'borrow-attach-twice',
    bounds: orders(2),
  },
  {
    flaw: 'a share is borrowed whoever uses it',
    changes: [['Atomics.compareExchange(i32, sharesAt + seat, 0, this.seat + 1) === 0', '!0']],
    scenario: 'borrow-attach',
    bounds: orders(2),
  },
  {
    flaw: 'free bits are taken by a plain store',
    changes: [
      [
        'let taken = Atomics.and(i32, at, ~bits) & bits;',
        'i32[at] = ~bits & i32[at]; let taken = bits;',
      ],
    ],
    scenario: 'one-slot',
    bounds: orders(2),
  },
  {
    flaw: 'the stamp moves before the bit is set',
    changes: [
      [
        'this.checked(this.list.give(slot >>> 5, this.unown(slot))), this.list.stamp(1)',
        'this.list.stamp(1), this.checked(this.list.give(slot >>> 5, this.unown(slot)))',
      ],
    ],
    scenario: 'far-leaf',
    bounds: orders(2),
  },
  {
    flaw: '"empty" is said without a second look at the stamp',
    changes: [['Atomics.load(i32, this.stampAt) === seen)', '!0)']],
    scenario: 'leaf-swap',
    bounds: orders(1),
  },
  {
    flaw: '"empty" is said because the summary promises nothing',
    changes: [['missed = this.scan();', 'missed = -1;']],
    scenario: 'far-leaf-wait',
    bounds: deaths(0),
  },
  {
    flaw: 'the generation stands still at a release',
    changes: [
      [
        'let free = word === this.lastWord ? this.firstWord : word + this.generationStep | 0;',
        'let free = word;',
      ],
    ],
    scenario: 'stale',
    bounds: orders(0),
  },
  {
    flaw: 'the generation stands still at a spill',
    changes: [
      ['i32[at] = nextGeneration(word, generationStep, 0)', 'i32[at] = withPayload(word, 0)'],
    ],
    scenario: 'verdict',
    bounds: orders(9),
    focus: /: (leaf 0|slot 0 word|seat 2 journal)$/,
  },
  {
    flaw: 'the generation stands still when a slot is given back',
    changes: [
      [
        'this.i32[at] = nextGeneration(this.i32[at], this.generationStep, 0)',
        'this.i32[at] = withPayload(this.i32[at], 0)',
      ],
    ],
    scenario: 'verdict-give',
    bounds: orders(9),
    focus: /: (leaf 0|slot 0 word|seat 2 journal)$/,
  },
  {
    flaw: 'the journal is cleared before the words are written',
    changes: [
      [
        'let first = this.own(bits);\n    return this.list.settled(), first;',
        'this.list.settled();\n    return this.own(bits);',
      ],
    ],
    scenario: 'one-slot',
    bounds: deaths(0),
  },
  {
    flaw: 'a shared slot is released by a plain store',
    changes: [
      [
        'if (Atomics.compareExchange(i32, at, word, word - 1) !== word)',
        'if (i32[at] = word - 1, !1)',
      ],
    ],
    scenario: 'retain-release',
    bounds: orders(1),
  },
  {
    flaw: 'a release that lost a race once is a plain store',
    changes: [
      [
        'if (Atomics.compareExchange(i32, at, word, word - 1) !== word) continue;',
        'if (word === seen ? Atomics.compareExchange(i32, at, word, word - 1) !== word : (i32[at] = word - 1, !1)) continue;',
      ],
    ],
    scenario: 'retain-release',
    bounds: orders(3),
  },
  {
    flaw: 'a shared slot is retained by a plain store',
    changes: [['try {\n        Atomics.add(i32, at, 1);', 'try {\n        i32[at] = word + 1;']],
    scenario: 'retain-release',
    bounds: orders(1),
  },
  {
    flaw: 'a retain is counted in the word before the ledger',
    changes: [
      [
        'if (i32[cellAt] = cell + 1, !!shared)\n      try {\n        Atomics.add(i32, at, 1);',
        'if (!shared) i32[cellAt] = cell + 1;\n    else try {\n        Atomics.add(i32, at, 1), i32[cellAt] = cell + 1;',
      ],
    ],
    scenario: 'retain-release',
    bounds: deaths(1),
  },
  {
    flaw: 'a last release clears its ledger before it owns the slot',
    changes: [
      [
        'return Atomics.compareExchange(i32, at, word, free) !== word ?',
        'return i32[cellAt] = 0, Atomics.compareExchange(i32, at, word, free) !== word ?',
      ],
    ],
    scenario: 'last-release-cache',
    bounds: deaths(0),
  },
  {
    flaw: 'the cache keeps the handle of the lease before',
    changes: [
      [
        'i32[this.rowAt + top] = free >> 1 & generationMask | name,',
        'i32[this.rowAt + top] = handle,',
      ],
    ],
    scenario: 'stale',
    bounds: orders(0),
  },
  {
    flaw: 'the cache keeps the handle of the lease before, of a frame that others knew',
    changes: [['next = this.encode(slot, free);', 'next = this.encode(slot, word);']],
    scenario: 'stale-shared',
    bounds: orders(0),
  },
  {
    flaw: 'the cache keeps the handle that a slot had in the list',
    changes: [
      [
        'i32[rowAt + top++] = mine >> 1 & generationMask | colour | slot;',
        'i32[rowAt + top++] = word >> 1 & generationMask | colour | slot;',
      ],
    ],
    scenario: 'stale-refill',
    bounds: orders(0),
  },
  {
    flaw: 'a batch leaves in the cache what it takes out of it',
    changes: [['i32[seatAt + 16 /* top */] = top - count;', '']],
    scenario: 'many',
    bounds: orders(0),
  },
  {
    flaw: 'a batch puts the handles of the leases before into the cache',
    changes: [
      [
        'i32[rowAt + top + done] = mine >> 1 & generationMask | name,',
        'i32[rowAt + top + done] = handle,',
      ],
    ],
    scenario: 'stale-many',
    bounds: orders(0),
  },
  {
    flaw: 'a receiver writes its ledger after the claim',
    changes: [
      [
        'return this.refs.ledger.add(slot, 1), (ahead ? this.ring.takeBack(lane, position) : this.ring.claim(lane, position)) ? handle : (this.refs.undo(slot, 1), 0);',
        'return this.ring.claim(lane, position) ? (this.refs.ledger.add(slot, 1), handle) : 0;',
      ],
    ],
    scenario: 'lane',
    bounds: deaths(0),
  },
  {
    flaw: 'an adopter writes its ledger after the flight',
    changes: [
      [
        'if (refs.ledger.add(slot, 1), refs.flights.take(slot, from, word)) return handle;\n  throw refs.undo(slot, 1), refs.refusal(handle);',
        'if (refs.flights.take(slot, from, word)) return refs.ledger.add(slot, 1), handle;\n  throw refs.refusal(handle);',
      ],
    ],
    scenario: 'transfer',
    bounds: deaths(0),
  },
  {
    flaw: 'a sender departs before it publishes',
    changes: [
      [
        'let flags = this.publish(lane, 1);\n    if (this.room -= 1,',
        'this.refs.depart(slot, 1);\n    let flags = this.publish(lane, 1);\n    if (this.room -= 1,',
      ],
      ['return this.refs.depart(slot, 1), (flags & SLEEPERS)', 'return (flags & SLEEPERS)'],
    ],
    scenario: 'lane',
    bounds: deaths(0),
  },
  {
    flaw: 'a message departs before it is in flight',
    changes: [
      [
        'return refs.flights.note(slot, refs.seat, refs.clock.now()), refs.flights.put(slot, to, word),',
        'return refs.flights.note(slot, refs.seat, refs.clock.now()), refs.depart(slot, 1), refs.flights.put(slot, to, word),',
      ],
      ['? !1 : (refs.depart(slot, 1), !0);', '? !1 : !0;'],
    ],
    scenario: 'transfer',
    bounds: deaths(0),
  },
  {
    flaw: 'an adoption does not ask what is in flight',
    changes: [['if (this.countIn(before, word) === 0) return !1;', '']],
    scenario: 'adopt-adopt',
    bounds: orders(1),
  },
  {
    flaw: 'a lane is published before its cell',
    changes: [
      [
        'this.ring.write(lane, 0, handle);\n    let flags = this.publish(lane, 1);\n    if (',
        'let flags = this.publish(lane, 1);\n    this.ring.write(lane, -1, handle);\n    if (',
      ],
    ],
    scenario: 'lane',
    bounds: orders(2),
  },
  {
    flaw: 'taking back moves the head past full cells',
    changes: [['this.i32[head] === (position & POSITIONS) && (this.i32[head]', '(this.i32[head]']],
    scenario: 'close-undelivered',
    bounds: orders(1),
  },
  {
    flaw: 'what was published into a closed channel is not taken back',
    changes: [
      [
        'if (this.room -= 1, (flags & CUT) !== 0 && this.takeBack(lane))',
        'if (this.room -= 1, !1)',
      ],
    ],
    scenario: 'close-end',
    bounds: orders(2),
  },
  {
    flaw: '"closed" is stored before the lanes are cut',
    changes: [
      [
        'this.cutAll(), Atomics.store(this.i32, this.closedAt, CLOSED), this.cutAll()',
        'Atomics.store(this.i32, this.closedAt, CLOSED), this.cutAll()',
      ],
    ],
    scenario: 'close-end',
    bounds: orders(2),
  },
  {
    flaw: 'a claim does not see that its producer waits for room',
    changes: [
      [
        'this.wanted = before === (full | WANTED), this.wanted && (before =',
        'this.wanted = !1, before === (full | WANTED) && (before =',
      ],
    ],
    scenario: 'lane',
    bounds: orders(1),
  },
  {
    flaw: 'a waiter looks before it makes its wish known',
    changes: [
      [
        'wish.arm();\n        let got = wish.attempt();',
        'let got = wish.attempt();\n        wish.arm();',
      ],
    ],
    scenario: 'mailbox',
    bounds: orders(2),
  },
  {
    flaw: 'the bell is rung before it shows something new',
    changes: [
      [
        'Atomics.add(this.i32, bell, 1), Atomics.notify(this.i32, bell)',
        'Atomics.notify(this.i32, bell), Atomics.add(this.i32, bell, 1)',
      ],
    ],
    scenario: 'mailbox',
    bounds: orders(3),
  },
  {
    flaw: 'a giver rings before it delivers',
    changes: [
      [
        'if (Atomics.compareExchange(this.i32, this.of(seat), WAITING, handle) === WAITING)\n        return this.park.ring(seat), !0;',
        'if (this.park.ring(seat), Atomics.compareExchange(this.i32, this.of(seat), WAITING, handle) === WAITING)\n        return !0;',
      ],
    ],
    scenario: 'two-givers',
    bounds: orders(1),
  },
  {
    flaw: 'a wish is withdrawn without a compare-exchange',
    changes: [
      [
        'let delivered = Atomics.compareExchange(this.i32, this.of(seat), WAITING, 0);',
        'let delivered = Atomics.load(this.i32, this.of(seat)); Atomics.store(this.i32, this.of(seat), 0);',
      ],
    ],
    scenario: 'delivery',
    bounds: orders(2),
  },
  {
    flaw: 'a slot is recalled although its waiter is taking it',
    changes: [['if (value === (handle ^ TAKING)) return !1;', '']],
    scenario: 'delivery',
    bounds: deaths(1),
  },
  {
    flaw: 'a seat that is being left looks open',
    changes: [['(epoch | SHUT) + 2 | 0', '(epoch | SHUT) + 1 | 0']],
    scenario: 'mail-close',
    bounds: orders(1),
  },
  {
    flaw: 'reclaim erases a claim before it flags the slot',
    changes: [
      [
        'claimed > 0 && suspect(refs, slot) && (count += claimed), Atomics.store(i32, rowAt + slot, isLedger ? lessBy(cell, claimed) : 0);',
        'Atomics.store(i32, rowAt + slot, isLedger ? lessBy(cell, claimed) : 0), claimed > 0 && suspect(refs, slot) && (count += claimed);',
      ],
    ],
    scenario: 'last-release',
    bounds: deaths(0, 2),
  },
  {
    flaw: 'a recount does not read the ledgers a second time',
    changes: [['if (!cells.every((cell, seat) => cell === first[k][seat]) ||', 'if (']],
    scenario: 'share-release',
    bounds: deaths(2),
  },
  {
    flaw: 'a refused batch says "shared" before its ledger counts the reference',
    changes: [
      [
        'i32[ledgerAt + slot] = 1, i32[at] = word === firstWord ? lastWord : word - generationStep | 0;',
        'i32[at] = withPayload(word === firstWord ? lastWord : word - generationStep | 0, 1) | 65536, i32[ledgerAt + slot] = 1;',
      ],
    ],
    scenario: 'release-many',
    bounds: orders(2),
  },
  {
    flaw: 'a batch empties a ledger cell before its word has changed',
    changes: [
      [
        'i32[at] = mine, i32[rowAt + top + done] = mine >> 1 & generationMask | name, counted',
        'i32[ledgerAt + slot] = 0, i32[at] = mine, i32[rowAt + top + done] = mine >> 1 & generationMask | name, counted',
      ],
    ],
    scenario: 'release-many',
    bounds: orders(2),
  },
  {
    flaw: 'a batch leaves the references that others knew in its ledger',
    changes: [['i32[ledgerAt + (i32[rowAt + top + k] & indexMask)] = 0, i32[topAt]', 'i32[topAt]']],
    scenario: 'many-known',
    bounds: orders(0),
  },
  {
    flaw: 'a full cache makes room for a batch by forgetting what it had',
    changes: [
      [
        'excess > 0 && this.spill(Math.max(excess, top + 1 >> 1));',
        'excess > 0 && (this.i32[this.topAt] = top - excess);',
      ],
    ],
    scenario: 'many-crowded',
    bounds: orders(0),
  },
  {
    flaw: 'a refused batch leaves in the cache what it takes back',
    changes: [
      ['i32[seatAt + 16 /* top */] = top, i32[ledgerAt + slot] = 1', 'i32[ledgerAt + slot] = 1'],
    ],
    scenario: 'release-many',
    bounds: orders(0),
  },
  {
    flaw: 'a recount does not read the word first',
    changes: [
      ['if (!isShared(lease) || generationOf(lease) !== generationOf(word)) {', 'if (!1) {'],
    ],
    scenario: 'recount-lease',
    bounds: deaths(2),
    focus: /^(attempt|cellsOf\d*): /,
  },
  {
    flaw: 'nobody looks at the suspect flag after lowering a ledger',
    changes: [
      [
        '(this.wordOf(slot) & 65536) !== 0 && this.ledger.count(slot) === 0 && this.settle([slot]);',
        '',
      ],
    ],
    scenario: 'last-release-wait',
    bounds: deaths(1),
  },
  {
    flaw: 'two threads correct counts at the same time',
    changes: [['if (!this.seats.takeCharge(at, this.seat))', 'if (!1)']],
    scenario: 'settle-settle',
    bounds: orders(1),
  },
  {
    flaw: 'a seat is claimed by a plain store',
    changes: [
      [
        'if (Atomics.compareExchange(this.i32, at + 0 /* owner */, 0, token2) === 0)',
        'if (this.i32[at] === 0 && (this.i32[at] = token2, !0))',
      ],
    ],
    scenario: 'attach-attach',
    bounds: orders(1),
  },
  {
    flaw: 'a sender does not look at the addressee again',
    changes: [['to !== ANYBODY && refs.seats.stayOf(to) !== epoch && refs', '!1 && refs']],
    scenario: 'mail-close',
    bounds: orders(1),
  },
  {
    flaw: 'who leaves drops its mail before it shuts the seat',
    changes: [
      [
        'refs.seats.shut(refs.seat), dropMail(refs),',
        'dropMail(refs), refs.seats.shut(refs.seat),',
      ],
    ],
    scenario: 'mail-close',
    bounds: orders(2),
  },
  {
    flaw: 'a reclaimer does not look whether the seat is still condemned',
    changes: [['? refs.seats.ownerOf(seat) < 0 ? !0 :', '? !0 ? !0 :']],
    scenario: 'reclaim-reuse',
    bounds: deaths(2),
  },
  {
    flaw: 'a message is put in flight by a plain store',
    changes: [
      [
        'if (Atomics.compareExchange(this.i32, at, before, after) === before) return;',
        'this.i32[at] = after; return;',
      ],
    ],
    scenario: 'share-share',
    bounds: orders(1),
  },
  {
    flaw: 'a message forgets the one before it',
    changes: [['before >>> 17 === word >>> 17 ? before + 1 : fresh | 1', 'fresh | 1']],
    scenario: 'share-share',
    bounds: orders(0),
  },
  {
    flaw: 'a slot is handed over by a plain store',
    changes: [
      [
        'if (Atomics.compareExchange(this.i32, this.of(seat), WAITING, handle) === WAITING)',
        'if (Atomics.store(this.i32, this.of(seat), handle), !0)',
      ],
    ],
    scenario: 'two-givers',
    bounds: orders(1),
  },
  {
    flaw: 'a waiter does not say that it is taking a slot',
    changes: [
      ['Atomics.compareExchange(this.i32, this.own, value, taking) === value ? value : 0', 'value'],
    ],
    scenario: 'delivery',
    bounds: deaths(1),
  },
  {
    flaw: 'a taker does not write the journal',
    changes: [['this.announce(leaf);', '']],
    scenario: 'one-slot',
    bounds: deaths(0),
  },
  {
    flaw: 'a spill does not write the journal',
    changes: [['list.announce(leaf);', '']],
    scenario: 'spill',
    bounds: deaths(0),
  },
  {
    flaw: 'a spill forgets the slot that changed places with another',
    changes: [['i32[rowAt + k] = i32[rowAt + next], i32[rowAt + next] = handle', '0']],
    scenario: 'spill-leaves',
    bounds: orders(0),
  },
  {
    flaw: 'what a spill gave to the list stays in the cache',
    changes: [
      [
        'i32.copyWithin(rowAt, rowAt + start, rowAt + top), i32[this.topAt] = top - start;',
        'i32.copyWithin(rowAt, rowAt + start, rowAt + top);',
      ],
    ],
    scenario: 'spill',
    bounds: orders(0),
  },
  {
    flaw: 'a reclaimer does not ask the journals of the living',
    changes: [['=== leaf + 1 && refs.seats.ownerOf(seat) > 0) return !1;', '=== -1) return !1;']],
    scenario: 'one-slot',
    bounds: deaths(2),
  },
  {
    flaw: 'a reclaimer looks once whether a slot is lost',
    changes: [
      [
        'if (agrees(refs, slot, leaf, word) && agrees(refs, slot, leaf, word)) return word;',
        'if (agrees(refs, slot, leaf, word)) return word;',
      ],
    ],
    scenario: 'verdict',
    bounds: orders(9),
    focus: /: (leaf 0|slot 0 word|seat 2 journal)$/,
  },
  {
    flaw: 'a slot is taken over by a plain store',
    changes: [
      [
        'return Atomics.compareExchange(this.i32, at, word, mine) !== word ? !1 :',
        'return this.i32[at] = mine, !1 ? !1 :',
      ],
    ],
    scenario: 'verdict-verdict',
    bounds: orders(2),
  },
  {
    flaw: 'a subscriber that leaves does not cut its lanes',
    changes: [
      [
        'this.ring.cut(lane), this.drain(lane, producer, -1, drained);',
        'this.drain(lane, producer, -1, drained);',
      ],
    ],
    scenario: 'broadcast-leave',
    bounds: orders(1),
  },
  {
    flaw: 'a subscriber that leaves drains its lanes before it cuts them',
    changes: [
      [
        'this.ring.cut(lane), this.drain(lane, producer, -1, drained);',
        'this.drain(lane, producer, -1, drained), this.ring.cut(lane);',
      ],
    ],
    scenario: 'broadcast-leave',
    bounds: orders(2),
  },
  {
    flaw: 'a subscriber that joins does not mend its lanes',
    changes: [['this.ring.mend(this.laneOf(producer, this.refs.seat));', ';']],
    scenario: 'broadcast-rejoin',
    bounds: orders(0),
  },
  {
    flaw: 'a subscriber that joins does not look whether the channel closes',
    changes: [['this.closed && this.cutAll();', '0;']],
    scenario: 'broadcast-join-close',
    bounds: orders(3),
  },
  {
    flaw: 'a broadcast counts its references after it published them',
    changes: [
      ['!this.refs.expose(slot, extra))', '!this.refs.expose(slot, 0))'],
      [
        'published > 0 && this.refs.depart(slot, published);',
        'this.refs.expose(slot, extra), published > 0 && this.refs.depart(slot, published);',
      ],
    ],
    scenario: 'broadcast',
    bounds: orders(1),
  },
  {
    flaw: 'a claim that was lost counts as won',
    changes: [
      [
        ': this.ring.claim(lane, position)) ? handle :',
        ': this.ring.claim(lane, position) || !0) ? handle :',
      ],
    ],
    scenario: 'lane-drop-oldest',
    bounds: orders(2),
  },
  {
    flaw: 'a cell is claimed whatever lies in it now',
    changes: [
      [
        'full = fullAt(position), before = Atomics.compareExchange(this.i32, at, full, 0);',
        'full = fullAt(position), before = Atomics.exchange(this.i32, at, 0) && full;',
      ],
    ],
    scenario: 'lane-drop-oldest',
    bounds: orders(2),
  },
  {
    flaw: 'who is told "closed" looked for frames before it asked',
    changes: [
      [
        'let { closed } = this.inlet, handle = this.inlet.tryReceive();',
        'let handle = this.inlet.tryReceive(), { closed } = this.inlet;',
      ],
    ],
    scenario: 'close-end',
    bounds: orders(1),
  },
  {
    flaw: 'a revocation does not ask which lease it is for',
    changes: [['if (refs.codec.encode(slot, word) !== handle) return !1;', '']],
    scenario: 'revoke-late',
    bounds: orders(0),
  },
];
