/** The pool in one thread, beside what one would take instead. The rows are in `workloads/`. */
import { measureInThread } from '../lib/in-thread.mjs';
import { bulks } from '../workloads/bulk.mjs';
import { counting } from '../workloads/counting.mjs';
import { holding } from '../workloads/holding.mjs';
import { one, yardsticks } from '../workloads/one.mjs';
import { writing } from '../workloads/writing.mjs';

export const title = 'The pool in one thread';
export const together = true;
export const passes = ({ inThread }) => inThread.passes;

const CACHES = 'a cacheFrames that a row names is given explicitly';

const GROUPS = [
  { title: 'What the machine takes for less', rows: yardsticks },
  { title: 'Writing and reading 1 MiB, private and shared memory, per KiB', rows: writing },
  { title: 'acquire + release, one at a time', rows: one },
  {
    title: '64 held at a time, per acquire + release',
    note: CACHES,
    rows: holding(64, { slotsMost: 0.9, frameMost: 2.5, caches: [128] }),
  },
  {
    title: '1,000 held, released in order, per acquire + release',
    note: CACHES,
    rows: holding(1000, { slotsMost: 2, caches: [128, 256, 1024] }),
  },
  { title: 'bulk of 32, per slot', rows: bulks, note: CACHES },
  { title: 'retain + release', rows: counting },
];

export function groups() {
  return GROUPS.map((group) => ({ ...group, yardstick: 'Atomics.add' }));
}

export function run({ effort, wanted }) {
  return measureInThread(GROUPS, wanted, effort.inThread);
}
