/** One, two and four threads on one pool at once: what an operation costs each of them. */
import os from 'node:os';
import { FramePool } from 'frameslab';
import { measureAcrossThreads, onlyWanted, withBase } from '../lib/across-threads.mjs';
import { startCrew } from '../lib/crew.mjs';
import { figure } from '../lib/stats.mjs';
import { MutexPool } from '../rivals/mutex-pool.mjs';
import { TreiberPool } from '../rivals/treiber.mjs';

const MEMBERS = [1, 2, 4];
const ALONE = 0;
const SLOTS = 1024;

const WORKS = [
  ['yardstick', 'Threads at once: Atomics.add, each thread on a line of its own'],
  ['one', 'Threads at once: frameslab slots.acquire + release', 1.25],
  ['held', 'Threads at once: frameslab slots, 64 held at a time', 1.25],
  ['treiber', 'Threads at once: Treiber stack, index + tag'],
  ['mutex', 'Threads at once: mutex-guarded pool'],
];

export const title = 'Threads at once';

export function groups() {
  return WORKS.map(([, name, most]) => ({
    title: name,
    note:
      'per operation and thread; × its cost alone in the same round; how much more all of them ' +
      `do in the same time; on ${os.cpus().length} cores`,
    yardstick: 'alone',
    rows: MEMBERS.map((members) => ({
      name: `${members} thread${members > 1 ? 's' : ''}`,
      goals: members === 2 && most !== undefined ? [atMost(most)] : [],
    })),
  }));
}

const atMost = (most) => ({
  text: `≤ ${most} ×`,
  most,
  value: (row) => row.ratio?.median,
});

export async function run({ effort, wanted }) {
  const pairs = withBase(wanted, ALONE);
  const crews = new Map();
  for (const group of new Set(pairs.map(([g]) => g))) {
    crews.set(group, await startWork(WORKS[group][0]));
  }
  const ns = (effort.acrossThreads.roundMs * 1e6) / 2;
  const variants = pairs.map(([group, row]) => ({
    group,
    row,
    round: async () => costOf(await crews.get(group).round({ ns }, MEMBERS[row])),
  }));
  const results = await measureAcrossThreads(variants, effort.acrossThreads, ALONE);
  for (const crew of crews.values()) await crew.end();
  return onlyWanted(results, wanted).map((result) => {
    const scaling = MEMBERS[result.row] / result.ratio.median;
    return { ...result, scaling, note: `scales ${figure(scaling)} ×` };
  });
}

function startWork(work) {
  const setup = {
    work,
    ref: FramePool.create({ frames: SLOTS, threadsMax: 5 }).ref,
    treiber: TreiberPool.create(SLOTS).i32.buffer,
    mutex: MutexPool.create(SLOTS).i32.buffer,
    slots: SLOTS,
    word: new SharedArrayBuffer(1024),
  };
  const roles = new URL('../roles/threads.mjs', import.meta.url);
  return startCrew(Array.from({ length: Math.max(...MEMBERS) }, () => [roles, 'member', setup]));
}

/** Nanoseconds per operation and thread, from when the first began until the last was done. */
function costOf(members) {
  const begin = Math.min(...members.map((member) => member.begin));
  const end = Math.max(...members.map((member) => member.end));
  const operations = members.reduce((sum, member) => sum + member.operations, 0);
  return ((end - begin) * members.length) / operations;
}
