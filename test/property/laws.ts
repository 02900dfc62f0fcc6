/**
 * What must hold after every command: the pool's own reports, and the words of the slab, say exactly
 * what the model says.
 */
import { Ring } from '../../src/protocol/ring.js';
import { FLIGHT, SEAT, SLOT } from '../../src/slab/layout.js';
import { referencesIn } from '../../src/words/ledger-cell.js';
import { ownedBy, payloadOf, withPayload } from '../../src/words/slot-word.js';
import { type Lease, POISON, same } from './model.js';
import type { World } from './world.js';

/** Fails unless the first is the second, as JSON. */
function mustBe(what: string, found: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what} is ${a}, the model says ${b}`);
}

/** Every law at once. */
export function checkAll(world: World): void {
  checkAudit(world);
  checkInspect(world);
  checkStats(world);
  checkMemory(world);
  checkLanes(world);
  checkPairs(world);
  for (const lease of world.model.live.values()) checkLease(world, lease);
}

function checkAudit({ parties, model }: World): void {
  const audit = parties[0].pool.audit();
  mustBe('audit().problems', audit.problems, []);
  const leases = [...model.live.values()];
  const place = (lease: Lease): string =>
    lease.held > 0 ? 'held' : lease.flying > 0 ? 'inFlight' : 'inLanes';
  const count = (name: string): number => leases.filter((lease) => place(lease) === name).length;
  mustBe(
    'audit()',
    { ...audit, free: 0, cached: audit.free + audit.cached },
    {
      ok: true,
      slots: model.slots,
      free: 0,
      cached: model.slots - leases.length,
      held: count('held'),
      inFlight: count('inFlight'),
      inLanes: count('inLanes'),
      unaccounted: 0,
      problems: [],
      repaired: 0,
    },
  );
}

function checkInspect({ parties, model }: World): void {
  const found = parties[0].pool.inspect().map((row) => ({
    slot: row.slot,
    handle: row.handle,
    references: row.references,
    holders: row.holders.map(({ seat, count }) => [seat, count]),
    messages: row.messages.map(({ to, count }) => [to, count]),
    inLanes: row.inLanes,
  }));
  const wanted = [...model.live.values()]
    .sort((a, b) => a.slot - b.slot)
    .map((lease) => ({
      slot: lease.slot,
      handle: lease.handle,
      references: lease.total,
      holders: lease.ledger.map((count, seat) => [seat, count]).filter(([, count]) => count > 0),
      messages: [...lease.flights].filter(([, count]) => count > 0).sort(([a], [b]) => a - b),
      inLanes: lease.inLanes,
    }));
  mustBe('inspect()', found, wanted);
}

function checkStats({ parties, model }: World): void {
  const stats = parties[0].pool.stats();
  const leases = [...model.live.values()];
  const found = {
    free: stats.framesFree,
    inUse: stats.framesInUse,
    inFlight: stats.framesInFlight,
    acquires: stats.acquires,
    releases: stats.releases,
    hitsAndMisses: stats.hits + stats.misses,
    oversize: stats.oversize,
    waiters: stats.waiters,
    inDoubt: stats.inDoubt,
    held: stats.threads.map(({ seat, held }) => [seat, held]),
    channels: stats.channels.map(({ name, depth, sent, dropped, received }) => {
      return [name, depth, sent, dropped, received];
    }),
  };
  const seats = model.seated.map((taken, seat) => (taken ? seat : -1)).filter((seat) => seat >= 0);
  mustBe('stats()', found, {
    free: model.slots - leases.length,
    inUse: leases.length,
    inFlight: leases.filter((lease) => lease.flying > 0).length,
    acquires: model.acquires,
    releases: model.acquires - leases.length,
    hitsAndMisses: model.acquires,
    oversize: model.oversize,
    waiters: 0,
    inDoubt: false,
    held: seats.map((seat) => [seat, leases.filter((lease) => lease.ledger[seat] > 0).length]),
    channels: model.lanes.map(({ name, depth, sent, dropped }) => {
      return [name, depth, sent, dropped, sent - dropped - depth];
    }),
  });
  if (stats.framesInUsePeak < leases.length)
    throw new Error('framesInUsePeak is below the present');
}

/** Not one byte of any slot differs, free ones and user headers included. */
function checkMemory(world: World): void {
  const { model, buffer } = world;
  const slab = world.slab;
  for (let slot = 0; slot < model.slots; slot++) {
    const data = slab.bytesOf(slot, model.shape.frameSizeBytes);
    const header = new Uint8Array(buffer, slab.headerAt(slot), model.shape.headerBytes);
    if (!same(data, model.data[slot])) mustBe(`slot ${slot}`, [...data], [...model.data[slot]]);
    if (!same(header, model.headers[slot])) {
      mustBe(`the header of slot ${slot}`, [...header], [...model.headers[slot]]);
    }
  }
}

/**
 * A guard may fill free slots that a call had in its hands for a moment, and forget what was written
 * to them: whatever is filled now, is.
 */
export function noteErased(world: World): void {
  const { model } = world;
  if (model.shape.guard === 'off') return;
  const slab = world.slab;
  const taken = new Set([...model.live.values()].map(({ slot }) => slot));
  for (let slot = 0; slot < model.slots; slot++) {
    if (taken.has(slot)) continue;
    if (!slab.bytesOf(slot, model.shape.frameSizeBytes).every((byte) => byte === POISON)) continue;
    if (
      same(
        model.data[slot].map(() => POISON),
        model.data[slot],
      )
    )
      continue;
    model.data[slot].fill(POISON);
    model.poisoned.add(slot);
    model.tampered.delete(slot);
  }
}

/** The handles in a lane, oldest first. */
export function laneContents(world: World, channel: number, lane: number): number[] {
  const slab = world.slab;
  const { capacity, cellMask, lanesAt, laneSize } = slab.layout.channels[channel];
  const handles: number[] = [];
  new Ring(slab, capacity, cellMask).forEach(lanesAt + lane * laneSize, (handle) => {
    handles.unshift(handle);
  });
  return handles;
}

function checkLanes(world: World): void {
  world.model.lanes.forEach((channel, index) => {
    channel.lanes.forEach((wanted, lane) => {
      mustBe(`lane ${lane} of ${channel.name}`, laneContents(world, index, lane), wanted);
    });
    const real = world.parties[0].pool.channel(channel.name);
    mustBe(
      `channel ${channel.name}`,
      [real.closed, real.depth, real.dropped],
      [channel.closed, channel.depth, channel.dropped],
    );
  });
}

/** What every holder sees by number. */
function checkLease(world: World, lease: Lease): void {
  for (const { pool, seat } of world.parties) {
    if (lease.ledger[seat] === 0) continue;
    const { slots } = pool;
    const { handle } = lease;
    mustBe(
      `handle ${handle} as seat ${seat} sees it`,
      [slots.refCount(handle), slots.exclusive(handle), slots.length(handle), slots.index(handle)],
      [lease.total, lease.total === 1, lease.length, lease.slot],
    );
    const bytes = slots.bytes(handle);
    const at = slots.byteOffset(handle);
    if (bytes.byteOffset !== at || !same(bytes, world.model.bytesOf(lease))) {
      throw new Error(`the bytes of handle ${handle} are not those of the model`);
    }
  }
}

/** What every frame object shows; what it cannot show is refused as the model says. */
function checkPairs(world: World): void {
  for (const { real, model } of world.pairs.slice(-12)) {
    mustBe('released', real.released, model.count === 0);
    mustBe('pooled', real.pooled, model.external === undefined);
    world.same(
      'the accessors of a frame',
      () => [
        real.length,
        real.tag,
        real.timestamp,
        real.sequence,
        real.refCount,
        real.exclusive,
        real.capacity,
        real.handle,
        [...real.bytes],
        [...new Uint8Array(real.header.buffer, real.header.byteOffset, real.header.byteLength)],
      ],
      () => {
        const { data, header, fields, length } = model.place;
        const { tag, timestamp, sequence } = fields;
        const count = model.refCount;
        const bytes = [...data.subarray(0, length)];
        const sole = count === 1;
        const { capacity, handle } = model;
        return [
          length,
          tag,
          timestamp,
          sequence,
          count,
          sole,
          capacity,
          handle,
          bytes,
          [...header],
        ];
      },
    );
  }
}

/**
 * All words that a refused call must leave alone: slots (but for the guard's word), flights,
 * references in ledgers, mail, caches and channels; and all bytes of all frames. A word that counts
 * the one reference of one seat says the same as one that names this seat as the owner: a
 * `releaseMany` that took such a slot out of the count, and then resumed it, leaves it owned.
 */
export function fingerprint(world: World): string {
  const { layout, geometry, i32, buffer } = world.slab;
  const words: number[] = [];
  for (let slot = 0; slot < layout.slots; slot++) {
    const row = layout.slotsAt + slot * SLOT.size;
    for (let k = 0; k < SLOT.size; k++) {
      if (k === SLOT.word) words.push(aloneOrCounted(world, slot, i32[row + k]));
      else if (k !== SLOT.guard) words.push(i32[row + k]);
    }
    words.push(i32[layout.flightsAt + slot * FLIGHT.size]);
  }
  for (let at = layout.ledgersAt; at < layout.mailAt; at++) words.push(i32[at] & 0xffff);
  const end = layout.controlInts;
  const shared = i32.subarray(layout.mailAt, end);
  const cached: number[] = [];
  for (let seat = 0; seat < geometry.threadsMax; seat++) {
    const row = layout.cachesAt + seat * layout.cacheStride;
    const top = i32[layout.seatsAt + seat * SEAT.size + SEAT.top];
    for (let k = 0; k < top; k++) cached.push(i32[row + k]);
  }
  const frames = new Uint8Array(buffer, layout.framesAtBytes);
  return [words, shared, cached, frames].map((part) => hashOf(part)).join('.');
}

/** The word of a slot; if it counts one reference, and a seat has it: owned by that seat. */
function aloneOrCounted({ slab }: World, slot: number, word: number): number {
  if (payloadOf(word) !== 1) return word;
  const { ledgersAt, ledgerStride } = slab.layout;
  for (let seat = 0; seat < slab.geometry.threadsMax; seat++) {
    const references = referencesIn(slab.i32[ledgersAt + seat * ledgerStride + slot]);
    if (references === 1) return withPayload(word, ownedBy(seat));
  }
  return word;
}

function hashOf(numbers: ArrayLike<number>): number {
  let hash = 0x811c_9dc5;
  for (let k = 0; k < numbers.length; k++) hash = Math.imul(hash ^ numbers[k], 0x0100_0193);
  return hash;
}
