/** One, two and four threads on one pool at once: what an operation costs each of them. */
import { FramePool } from 'frameslab';
import { measureAcrossThreads } from '../lib/across-threads.mjs';
import { startCrew } from '../lib/crew.mjs';
import { figure } from '../lib/table.mjs';
import { MutexPool } from '../rivals/mutex-pool.mjs';
import { TreiberPool } from '../rivals/treiber.mjs';

const MEMBERS = [1, 2, 4];
const SLOTS = 1024;

const WORKS = [
  ['yardstick', 'yardstick: Atomics.add, each thread on a line of its own'],
  ['one', 'frameslab slots.acquire + release', 1.25],
  ['held', 'frameslab slots, 64 held at a time', 1.25],
  ['treiber', 'Treiber stack, index + tag'],
  ['mutex', 'mutex-guarded pool'],
];

export const title = 'Threads at once';

export async function run({ effort }) {
  const pool = FramePool.create({ frames: SLOTS, threadsMax: 5 });
  const setup = {
    ref: pool.ref,
    treiber: TreiberPool.create(SLOTS).i32.buffer,
    mutex: MutexPool.create(SLOTS).i32.buffer,
    slots: SLOTS,
    word: new SharedArrayBuffer(1024),
  };
  const roles = new URL('../roles/threads.mjs', import.meta.url);
  const crew = await startCrew(Array.from({ length: 4 }, () => [roles, 'member', setup]));
  const ns = (effort.acrossThreads.roundMs * 1e6) / 2;
  const variants = WORKS.flatMap(([work, name, target]) =>
    MEMBERS.map((members) => ({
      name: `${members} thread${members > 1 ? 's' : ''}`,
      work: name,
      members,
      target: members === 2 ? target : undefined,
      yardstick: false,
      round: async () => mean(await crew.round({ work, ns }, members)),
    })),
  );
  const rows = await measureAcrossThreads(variants, effort.acrossThreads);
  await crew.end();
  return WORKS.map(([, name], index) => group(name, rows.slice(index * 3, index * 3 + 3)));
}

function group(name, rows) {
  const alone = rows[0].ns.median;
  return {
    title: name,
    note: 'per operation and thread; then × its cost alone; then how much more all of them do',
    yardstick: 'alone',
    rows: rows.map((row, index) => {
      const members = MEMBERS[index];
      const ratio = { median: row.ns.median / alone };
      return { ...row, ratio, note: `scales ${figure(members / ratio.median)} ×` };
    }),
  };
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
