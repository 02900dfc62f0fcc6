/**
 * Commands on messages: share, transfer, adopt, revoke, of pooled and of external frames.
 */
import type { Args, Command } from './commands.js';
import { ExternalModel } from './frame-model.js';
import type { Letter, Pair, World } from './world.js';

/** A command on a frame object that exists, spent ones included. */
export function onFrame(act: (world: World, pair: Pair, args: Args) => void): Command {
  return (world, args) => {
    const pair = world.pair(args.a);
    if (pair !== undefined) act(world, pair, args);
  };
}

function addressee({ c }: Args): number | undefined {
  return [undefined, undefined, 0, 1, 2, 7][c];
}

function send(moves: boolean): Command {
  return onFrame((world, { real, model }, args) => {
    const to = addressee(args);
    const options = to === undefined ? undefined : { to };
    let external: ExternalModel | undefined;
    const message = world.same(
      moves ? 'transfer' : 'share',
      () => (moves ? real.transfer(options) : real.share(options)),
      () => {
        const sent = model.send(to, moves);
        external = sent instanceof ExternalModel ? sent : undefined;
        return external === undefined ? sent : undefined;
      },
      false,
    );
    if (message === undefined) return;
    world.letters.push(external === undefined ? { message } : { message, external });
  });
}

/** A handle as a message, one that was sent, or one that was not. */
function letterOf(world: World, { a, b, c }: Args): Letter {
  const letter = c === 0 ? undefined : world.letter(a);
  return letter ?? { message: world.handle(b % 10) };
}

function adopt(world: World, args: Args): void {
  const party = world.party(args.p);
  const { message, external } = letterOf(world, args);
  const real = world.same(
    'adopt',
    () => party.pool.adopt(message),
    () => {
      if (external === undefined) world.model.adopt(party.seat, message as number);
      else external.adopt();
    },
    false,
  );
  if (real === undefined) return;
  world.addPair(party, real, external === undefined ? (message as number) : 0, external);
}

function revoke(world: World, args: Args): void {
  const { pool } = world.party(args.p);
  const { message, external } = letterOf(world, args);
  if (external === undefined) {
    world.revoke(() => pool.revoke(message), message as number);
    return;
  }
  world.same(
    'revoke',
    () => pool.revoke(message),
    () => external.inFlight > 0 && (external.adopt().release() || true),
  );
}

/** Every command on messages. */
export const messageCommands: Readonly<Record<string, Command>> = {
  adopt,
  revoke,
  transfer: send(true),
  share: send(false),
};
