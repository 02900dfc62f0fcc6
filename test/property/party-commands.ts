/**
 * Commands about seats: leaving in good order, dying and being reclaimed, coming back.
 */
import type { Command } from './commands.js';
import { noteErased } from './laws.js';
import { Refused } from './model.js';
import type { World } from './world.js';

/** Party 0 stays: through it the reports are read. */
function other(world: World, index: number): World['parties'][number] | undefined {
  return world.parties.slice(1)[index % Math.max(1, world.parties.length - 1)];
}

const leave: Command = (world, { a }) => {
  const party = other(world, a);
  if (party === undefined) return;
  const { pool, seat } = party;
  const { model } = world;
  const held = [...model.live.values()].filter((lease) => lease.ledger[seat] > 0);
  if (held.length > 0) {
    const fault = world.attempt(() => pool.close());
    const { handles } = ('fault' in fault ? fault.fault : {}) as { handles?: number[] };
    const wanted = held.sort((x, y) => x.slot - y.slot).map(({ handle }) => handle);
    if (handles?.join() !== wanted.join()) throw new Error('FramesHeldError names other frames');
    return;
  }
  const mail = [...model.live.values()].filter((lease) => (lease.flights.get(seat) ?? 0) > 0);
  if (mail.some((lease) => model.isModified(lease))) return; // what the guard says then is open
  world.same(
    'close',
    () => pool.close(),
    () => model.leave(seat),
  );
  noteErased(world);
  world.forget(party);
  const calls: (() => unknown)[] = [
    () => pool.tryAcquire(),
    () => pool.slots.acquire(),
    () => pool.slots.release(world.handle(0)),
    () => pool.adopt(world.handle(0)),
    () => pool.channel('line'),
    () => pool.stats(),
  ];
  for (const call of calls) {
    world.same('a call after close', call, () => {
      throw new Refused('POOL_CLOSED');
    });
  }
};

/** Its thread is gone, and said nothing; another one gives back what it held. */
const die: Command = (world, { a, b }) => {
  const party = other(world, a);
  if (party === undefined || b > 8) return;
  world.forget(party);
  const { seat } = party;
  const { pool } = world.party(b);
  world.same(
    'reclaim of a living seat',
    () => pool.reclaim(seat),
    () => {
      throw new Refused('INVALID_OPTION');
    },
  );
  world.same(
    'reclaim',
    () => {
      const { vacated, inDoubt } = pool.reclaim(seat, { ended: true });
      return [vacated, inDoubt];
    },
    () => {
      world.model.leave(seat);
      return [true, false];
    },
  );
  noteErased(world);
};

/** Every command about seats. */
export const partyCommands: Readonly<Record<string, Command>> = {
  join: (world) => world.join(),
  leave,
  die,
};
