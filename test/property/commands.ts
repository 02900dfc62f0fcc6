/**
 * The alphabet of the random sequences. A command is four small numbers; which frame, handle, length
 * or addressee they mean is decided by what exists when it runs, so that any part of a sequence is a
 * sequence too, and shrinks.
 */
import * as fc from 'fast-check';
import { channelCommands } from './channel-commands.js';
import { frameCommands } from './frame-commands.js';
import { checkAll } from './laws.js';
import { messageCommands } from './message-commands.js';
import type { Shape } from './model.js';
import { partyCommands } from './party-commands.js';
import type { Library } from './run.js';
import { slotCommands } from './slot-commands.js';
import { World } from './world.js';

/** The numbers of one command: who, on what, how much, and which way. */
export interface Args {
  readonly p: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** What a command does to a world. */
export type Command = (world: World, args: Args) => void;

/** Every command by name. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  ...frameCommands,
  ...messageCommands,
  ...slotCommands,
  ...channelCommands,
  ...partyCommands,
};

const names = Object.keys(COMMANDS);
const ofChannels = names.filter((name) => /Send|Receive|subscribe|channel/.test(name));
const ofSlots = names.filter((name) => name.startsWith('slots.'));

/** What a sequence is drawn from: everything, or mostly one part of the library. */
export const ALPHABETS = {
  'frame objects': names.filter((name) => !ofChannels.includes(name) && !ofSlots.includes(name)),
  'the integer API': [...ofSlots, 'leave', 'die', 'join'],
  channels: [
    ...ofChannels,
    ...['tryAcquire', 'slots.acquire', 'retain', 'release', 'slots.release'],
    ...['leave', 'die', 'join'],
  ],
  everything: names,
};

/** One command of a sequence. */
export type Step = Args & { readonly op: string };

const step = (ops: readonly string[]): fc.Arbitrary<Step> =>
  fc.record({
    op: fc.constantFrom(...ops),
    p: fc.nat(2),
    a: fc.nat(9),
    b: fc.nat(30),
    c: fc.nat(5),
  });

/** Sequences of up to so many commands. */
export function sequences(ops: readonly string[], most: number): fc.Arbitrary<Step[]> {
  return fc.array(step(ops), { minLength: 1, maxLength: most, size: 'max' });
}

/** Options of a pool. */
export const shapes: fc.Arbitrary<Shape> = fc
  .record({
    frames: fc.integer({ min: 1, max: 5 }),
    frameSizeBytes: fc.constantFrom(1, 8, 13, 64),
    threadsMax: fc.integer({ min: 1, max: 3 }),
    cacheFrames: fc.integer({ min: 0, max: 3 }),
    headerBytes: fc.constantFrom(0, 3, 8),
    guard: fc.constantFrom('off' as const, 'poison' as const, 'verify' as const),
    oversize: fc.constantFrom('throw' as const, 'external' as const),
    capacities: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 })),
    whenFull: fc.tuple(policy(), policy()),
  })
  .map(({ capacities, whenFull, ...rest }) => ({
    ...rest,
    channels: {
      line: { capacity: capacities[0], mode: 'queue' as const, whenFull: whenFull[0] },
      news: { capacity: capacities[1], mode: 'broadcast' as const, whenFull: whenFull[1] },
    },
  }));

function policy(): fc.Arbitrary<'wait' | 'drop-oldest' | 'drop-newest'> {
  return fc.constantFrom('wait', 'drop-oldest', 'drop-newest');
}

/** Plays a sequence on a new pool and its model; throws where they part. */
export function play(library: Library, shape: Shape, steps: readonly Step[]): void {
  const world = new World(library, shape);
  while (world.parties.length < shape.threadsMax) world.join();
  // Everybody listens from the beginning in half of the worlds: later it would be rare.
  for (let p = 0; shape.frames % 2 === 0 && p < shape.threadsMax; p++) {
    COMMANDS['subscribe'](world, { p, a: 0, b: 0, c: 1 });
  }
  checkAll(world);
  for (const { op, ...args } of steps) {
    COMMANDS[op](world, args);
    checkAll(world);
  }
}
