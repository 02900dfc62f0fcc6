/**
 * Runs suites, each in child processes, and puts their results together.
 *
 * What one row taught the engine about the library's methods must neither help nor hurt the next: a
 * pool measured after five others in one process can cost twice as much as alone. So a row of the
 * in-thread suites has a process of its own, which is what a program with one pool looks like.
 * Several passes are made over all rows, in turns: the machine drifts, and two processes of one
 * program differ by where their memory lies. The rows of the suite `pool` also run all in one
 * process, after each other; that number is printed too, as `together`.
 *
 * Rows of several threads have workers of their own, hence engines of their own, and take turns.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { judge } from './goals.mjs';
import { pairedRatio, spread } from './stats.mjs';

/** Two threads that wait for each other for ever must not hold CI up. */
const CHILD_MS_MAX = 600_000;

const children = new Set();

/** Ends what still runs; for a bench that is told to stop. */
export function endChildren() {
  for (const child of children) child.kill('SIGKILL');
}

/** The groups of one suite, measured. `plan` is one of `planOf`; `all`: no row was left out. */
export async function runSuite({ name, flags, module, groups, wanted }, { effort, all }) {
  const why = module.cannotRun?.();
  const title = module.title;
  if (why !== undefined) return { suite: name, title, cannotRun: why, groups: [] };
  const passes = module.passes?.(effort);
  // A row that fails costs the others nothing: it is listed with why.
  const child = (rows) =>
    measure(name, flags, { effort, wanted: rows }).catch(({ message }) =>
      rows.map(([group, row]) => ({ group, row, why: message })),
    );
  const results = [];
  if (passes === undefined) results.push(...(await child(wanted)));
  for (let pass = 0; pass < (passes ?? 0); pass++) {
    for (const pair of wanted) results.push(...(await child([pair])));
  }
  const together = module.together === true && all ? await child(wanted) : [];
  return { suite: name, title, groups: assemble(groups, wanted, results, together) };
}

function assemble(groups, wanted, results, together) {
  const byName = groups.map(() => new Map());
  for (const [g, r] of wanted) {
    const own = (list) => list.filter((result) => result.group === g && result.row === r);
    const row = { name: groups[g].rows[r].name, ...merged(own(results)) };
    const mixed = own(together);
    if (mixed[0]?.why !== undefined) row.why ??= mixed[0].why;
    else if (mixed.length > 0) row.together = merged(mixed);
    byName[g].set(row.name, row);
  }
  for (const [g, r] of wanted) {
    const { name, goals = [] } = groups[g].rows[r];
    const row = byName[g].get(name);
    const judged = judge(goals, row, byName[g], byName);
    if (judged.length > 0) row.goals = judged;
  }
  return groups.flatMap(({ title, note, yardstick }, g) => {
    if (byName[g].size === 0) return [];
    const cost = spreadOf(results.filter((result) => result.group === g).map((r) => r.yardstick));
    return [{ title, note, yardstick, yardstickNs: cost, rows: [...byName[g].values()] }];
  });
}

/** One row from all the processes that measured it. */
function merged(results) {
  const failed = results.find(({ why }) => why !== undefined);
  if (failed !== undefined) return { why: failed.why };
  const { group, row, samples, yardstick, ...rest } = results[0];
  if (samples === undefined) return rest;
  const own = results.flatMap((result) => result.samples);
  const ratio =
    yardstick === undefined
      ? rest.ratio
      : pairedRatio(
          own,
          results.flatMap((result) => result.yardstick),
        );
  return { ...rest, ns: spread(own), ratio };
}

function spreadOf(lists) {
  const samples = lists.filter((list) => list !== undefined).flat();
  return samples.length === 0 ? undefined : spread(samples);
}

function measure(name, flags, options) {
  const script = fileURLToPath(new URL('../suite.mjs', import.meta.url));
  const own = process.versions.bun === undefined ? flags : [];
  const child = spawn(process.execPath, [...own, script, name, JSON.stringify(options)], {
    timeout: CHILD_MS_MAX,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      children.delete(child);
      if (code === 0) resolve(JSON.parse(out.trimEnd().split('\n').at(-1)));
      else reject(new Error(`its process ended with ${signal ?? code}`));
    });
  });
}
