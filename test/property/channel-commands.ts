/**
 * Commands on channels: a queue and a broadcast, by frame and by handle, one and many.
 */
import type { Frame, FrameChannel } from 'frameslab';
import type { Args, Command } from './commands.js';
import type { LaneModel } from './lane-model.js';
import { laneContents } from './laws.js';
import { Refused } from './model.js';
import type { Party, World } from './world.js';

interface Line {
  readonly party: Party;
  readonly real: FrameChannel;
  readonly model: LaneModel;
  readonly index: number;
}

/** A command on one of the two channels. */
function onChannel(act: (world: World, line: Line, args: Args) => void): Command {
  return (world, args) => {
    const party = world.party(args.p);
    const index = args.c % world.model.lanes.length;
    const model = world.model.lanes[index];
    act(world, { party, model, index, real: party.pool.channel(model.name) }, args);
  };
}

/** A frame that was written to behind the guard's back: where it ends, the guard would object. */
function isTampered(world: World, handle: number): boolean {
  const lease = world.model.live.get(handle);
  return lease !== undefined && world.model.isModified(lease);
}

const trySend = onChannel((world, { party, real, model }, { a }) => {
  const pair = world.pair(a);
  if (pair === undefined || isTampered(world, pair.model.handle)) return;
  world.same(
    'trySend',
    () => real.trySend(pair.real),
    () => {
      if (pair.model.count === 0) throw new Refused('FRAME_RELEASED');
      if (pair.model.external !== undefined) throw new Refused('EXTERNAL_FRAME');
      if (pair.party !== party) throw new Refused('INVALID_OPTION');
      const sent = model.trySend(party.seat, pair.model.handle);
      if (sent) pair.model.count -= 1;
      return sent;
    },
  );
});

const trySendHandle = onChannel((world, { party, real, model }, { a }) => {
  const handle = world.handle(a);
  if (isTampered(world, handle)) return;
  world.same(
    'trySendHandle',
    () => real.trySendHandle(handle),
    () => model.trySend(party.seat, handle),
  );
});

/**
 * In order, as far as it goes. A batch is checked before its first is sent, so a handle that
 * is not held, or not so often, may stop those before it too: then the library says how far it went, and the model follows.
 */
const trySendMany = onChannel((world, { party, real, model }, { a, b }) => {
  const some = [a, (a + 1) % 8, b % 8, (a + b) % 8].slice(0, 1 + (b % 4));
  const handles = Int32Array.from(some, (index) => world.handle(index));
  if ([...handles].some((handle) => isTampered(world, handle))) return;
  const named = (handle: number): number => handles.filter((other) => other === handle).length;
  const isHeld = (handle: number): boolean =>
    (world.model.live.get(handle)?.ledger[party.seat] ?? 0) >= named(handle);
  if (handles.some((handle) => !isHeld(handle))) {
    const did = world.attempt(() => real.trySendMany(handles));
    const sent = 'value' in did ? (did.value as number) : 0;
    const codes = ['STALE_HANDLE', model.closed ? 'CHANNEL_CLOSED' : ''];
    if ('fault' in did && !codes.includes(did.code.slice('ERR_FRAMESLAB_'.length))) throw did.fault;
    for (let k = 0; k < sent; k++) {
      if (!model.trySend(party.seat, handles[k])) throw new Error('more were sent than fit');
    }
    return;
  }
  world.same(
    'trySendMany',
    () => real.trySendMany(handles),
    () => sentMany(model, party.seat, handles),
  );
});

function sentMany(model: LaneModel, seat: number, handles: Int32Array): number {
  for (let k = 0; k < handles.length; k++) {
    try {
      if (!model.trySend(seat, handles[k])) return k;
    } catch (fault) {
      if (k === 0) throw fault;
      return k;
    }
  }
  return handles.length;
}

/**
 * Which producer's turn it is the library decides; that it was some lane's oldest frame, the model.
 */
function tookFrom(world: World, { party, model, index }: Line, handle: number): void {
  const lane = model.lanesTo(party.seat).find((candidate) => {
    const before = model.lanes[candidate];
    return before[0] === handle && laneContents(world, index, candidate).length < before.length;
  });
  if (lane === undefined)
    throw new Error(`${model.name} gave ${handle}, which is no lane's oldest`);
  model.received(party.seat, lane);
}

/** Runs a receive; answers what came, once the model has said that it could. */
function receive(world: World, line: Line, act: () => unknown): unknown {
  const refusal = world.refusal(() => line.model.mayReceive(line.party.seat));
  if (refusal !== undefined) {
    world.same('receive', act, refusal);
    return undefined;
  }
  const must = line.model.mayReceive(line.party.seat);
  const did = world.attempt(act);
  if ('fault' in did) throw did.fault;
  const came = did.value !== undefined && did.value !== 0;
  if (came !== must) throw new Error(`${line.model.name} ${came ? 'gave' : 'withheld'} a frame`);
  return came ? did.value : undefined;
}

const tryReceive = onChannel((world, line) => {
  const frame = receive(world, line, () => line.real.tryReceive()) as Frame | undefined;
  if (frame === undefined) return;
  tookFrom(world, line, frame.handle);
  world.addPair(line.party, frame, frame.handle);
});

const tryReceiveHandle = onChannel((world, line) => {
  const handle = receive(world, line, () => line.real.tryReceiveHandle()) as number | undefined;
  if (handle === undefined) return;
  tookFrom(world, line, handle);
  world.note(handle);
});

const tryReceiveMany = onChannel((world, line, { a }) => {
  const { model, party, real } = line;
  const into = new Int32Array(1 + (a % 4));
  const refusal = world.refusal(() => model.mayReceive(party.seat));
  if (refusal !== undefined) {
    world.same('tryReceiveMany', () => real.tryReceiveMany(into), refusal);
    return;
  }
  const there = model.mayReceive(party.seat)
    ? model.lanesTo(party.seat).reduce((sum, lane) => sum + model.lanes[lane].length, 0)
    : 0;
  const count = real.tryReceiveMany(into);
  if (count !== Math.min(there, into.length)) throw new Error(`${there} were there, ${count} came`);
  takeAll(world, line, [...into.subarray(0, count)]);
});

/** Of equal handles at the head of two lanes either may have come first: the lanes tell how many. */
function takeAll(world: World, { model, party, index }: Line, came: number[]): void {
  const expected: number[] = [];
  for (const lane of model.lanesTo(party.seat)) {
    const left = laneContents(world, index, lane).length;
    const lost = model.lanes[lane].slice(0, model.lanes[lane].length - left);
    let from = 0;
    for (const handle of lost) {
      from = came.indexOf(handle, from) + 1;
      if (from === 0) throw new Error(`${model.name}: lane ${lane} came out of order`);
      expected.push(model.received(party.seat, lane));
    }
  }
  if (expected.sort().join() !== [...came].sort().join()) throw new Error('other frames came');
  for (const handle of came) world.note(handle);
}

/** Every command on channels. */
export const channelCommands: Readonly<Record<string, Command>> = {
  trySend,
  trySendHandle,
  trySendMany,
  tryReceive,
  tryReceiveHandle,
  tryReceiveMany,
  subscribe: onChannel((world, { party, real, model }) => {
    world.same(
      'subscribe',
      () => real.subscribe() === real,
      () => model.subscribe(party.seat) ?? true,
    );
  }),
  unsubscribe: onChannel((world, { party, real, model }) => {
    world.same(
      'unsubscribe',
      () => real.unsubscribe() === real,
      () => model.unsubscribe(party.seat) ?? true,
    );
  }),
  'channel.close': onChannel((world, { real, model }, { b }) => {
    if (b > 3) return; // seldom: little happens afterwards
    world.same(
      'close',
      () => real.close(),
      () => {
        model.closed = true;
      },
    );
  }),
};
