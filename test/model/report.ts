/**
 * Explores a scenario within bounds and says how much that was; a fault is thrown with its shrunk
 * schedule and its table.
 */
import type { Actor } from './actor.js';
import { type Bounds, type Exploration, Explorer, type Failure } from './explorer.js';
import { Library } from './library.js';
import { read, type Turn, write } from './schedule.js';
import { shrink } from './shrink.js';
import { Atlas, tableOf } from './table.js';
import { type Scenario, World } from './world.js';

/** Rows of a table that are printed at the most. */
const ROWS_MAX = 400;

let shipped: Library | undefined;

/** Explores, and throws what a failing run looked like. */
export function explore(scenario: Scenario, bounds: Bounds): Exploration {
  shipped ??= new Library();
  const { result, explorer, world } = exploreIn(shipped, scenario, bounds);
  if (result.failure !== undefined) {
    throw withoutStack(() => new Error(describe(explorer, world, result.failure as Failure)));
  }
  return result;
}

/**
 * Explores a variant of the library; the failure is the caller's to judge. With a `focus` only the
 * accesses whose `function: word` it matches are points of choice: less is explored, but with more
 * preemptions.
 */
export function exploreIn(library: Library, scenario: Scenario, bounds: Bounds, focus?: RegExp) {
  const world = new World(scenario, library, bounds.kills);
  const explorer = new Explorer(world);
  if (focus !== undefined) world.machine.focus = focusOf(library, world, focus);
  const result: Exploration = withoutStack(() => explorer.explore(bounds));
  return { result, explorer, world };
}

function focusOf(library: Library, world: World, focus: RegExp) {
  const { pool } = world.actors.find((actor) => actor.attached) as Actor;
  const atlas = new Atlas(pool, world.modelAt);
  const known = new Map<string, boolean>();
  return (address: number, site: number): boolean => {
    const key = `${library.sites[site]?.where ?? 'model'}: ${atlas.name(address)}`;
    if (!known.has(key)) known.set(key, focus.test(key));
    return known.get(key) === true;
  };
}

/** Errors are thrown in many runs, and nobody reads where. */
function withoutStack<T>(body: () => T): T {
  const stackLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return body();
  } finally {
    Error.stackTraceLimit = stackLimit;
  }
}

/** The run of a schedule as a table, and its fault if it has one. */
export function replayed(scenario: Scenario, schedule: string): string {
  shipped ??= new Library();
  const turns = read(schedule);
  const world = new World(scenario, shipped, turns.filter(({ killed }) => killed).length);
  return runOf(new Explorer(world), world, turns, 'nothing is wrong');
}

/** The fault of a run, and the shortest run that has it. */
function describe(explorer: Explorer, world: World, failure: Failure): string {
  const turns = shrink(explorer, read(failure.schedule), failure.fault);
  return runOf(explorer, world, turns, failure.fault);
}

function runOf(explorer: Explorer, world: World, turns: Turn[], otherwise: string): string {
  const { fault, steps } = explorer.replay(turns, true);
  const threads = world.machine.threads.filter((thread) =>
    steps.some((step) => step.thread === thread),
  );
  const pool = world.actors.find((actor) => actor.attached)?.pool;
  const table = pool === undefined ? '' : tableOf(steps, threads, new Atlas(pool, world.modelAt));
  const rows = table.split('\n');
  const shown =
    rows.length <= ROWS_MAX ? rows : [...rows.slice(0, 2), '…', ...rows.slice(-ROWS_MAX)];
  return `${fault ?? otherwise}\nschedule: ${write(turns)}\n${shown.join('\n')}`;
}
