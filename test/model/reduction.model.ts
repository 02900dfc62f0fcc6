/**
 * The reductions of the explorer leave nothing out: with them and without them the same runs are
 * found, where a run is its final memory and what every living thread has read.
 *
 * Here the memory is that of the words that are visible or shown: what a dead thread alone used
 * differs, and is the reason for reduction 4. The first exploration only learns these words. And a
 * broken variant breaks a law with as many preemptions with the reductions as without.
 */
import { expect, test } from 'vitest';
import { Explorer, type Subject } from './explorer.js';
import { Library } from './library.js';
import { type Machine, Status } from './machine.js';
import { mutants, mutated } from './mutants.js';
import { scenarios } from './scenarios.js';
import { type Scenario, World } from './world.js';

type Case = readonly [scenario: string, preemptions: number, kills: number];

const cases: readonly Case[] = [
  ['one-slot', 2, 0],
  ['two-slots', 2, 0],
  ['mailbox', 1, 0],
  ['delivery', 2, 0],
  ['mail-close', 2, 0],
  ['retain-release', 3, 0],
  ['adopt-adopt', 3, 0],
  ['broadcast-leave', 1, 0],
  ['lane-drop-oldest', 1, 0],
  ['one-slot', 0, 1],
  ['transfer', 1, 1],
  ['retain-release', 1, 1],
  ['adopt-revoke', 1, 1],
  ['last-release', 0, 1],
  ['delivery', 0, 1],
  ['transfer', 0, 2],
  ['retain-release', 0, 2],
];

const library = new Library();

for (const [name, preemptions, kills] of cases) {
  test(`nothing is left out of ${name}: ${preemptions} preemptions, ${kills} kills`, () => {
    const world = new World(scenarios[name] as Scenario, library, kills);
    endsOf(world, true, preemptions, kills);
    const all = endsOf(world, false, preemptions, kills);
    const reduced = endsOf(world, true, preemptions, kills);
    expect(reduced.size).toBeGreaterThan(1);
    expect(
      [...all].filter((end) => !reduced.has(end)),
      'left out',
    ).toEqual([]);
    expect(
      [...reduced].filter((end) => !all.has(end)),
      'made up',
    ).toEqual([]);
  });
}

for (const mutant of mutants) {
  if (mutant.bounds.kills > 0 || mutant.focus !== undefined) continue;
  test(`the same laws are seen broken when ${mutant.flaw}`, () => {
    const broken = new Library((texts) => mutated(texts, mutant));
    const bounds = { ...mutant.bounds, msMax: Number.POSITIVE_INFINITY, stepsMax: 5_000_000 };
    const [all, reduced] = [false, true].map((reduces) =>
      new Explorer(new World(scenarios[mutant.scenario] as Scenario, broken, 0), reduces).explore(
        bounds,
      ),
    );
    expect(reduced?.failure).toBeDefined();
    expect(reduced?.bound).toBe(all?.bound);
  });
}

/** How the runs of an exploration end. */
function endsOf(world: World, reduced: boolean, preemptions: number, kills: number): Set<string> {
  const ends = new Set<string>();
  const { machine } = world;
  const subject: Subject = {
    machine,
    get counted() {
      return world.counted;
    },
    begin: () => world.begin(),
    killed: (thread) => world.killed(thread),
    end: (stuck) => {
      ends.add(endOf(machine));
      return world.end(stuck);
    },
  };
  const result = new Explorer(subject, reduced).explore({ preemptions, kills });
  expect(result.failure).toBeUndefined();
  expect(result.complete).toBe(true);
  return ends;
}

function endOf(machine: Machine): string {
  const threads = machine.threads.map(({ status, history1, history2, steps }) =>
    status === Status.dead ? 'dead' : `${status}.${steps}.${history1}.${history2}`,
  );
  return [machine.memory1, machine.memory2, ...threads].join(' ');
}
