/**
 * The suites in the order of the table, and what each of them would measure.
 *
 * A suite is a module with
 *
 *   title
 *   groups()          groups of rows, without making anything: `--list` prints them
 *   run({ effort, wanted })   measures the rows that `wanted` names, as `[group, row]` pairs; answers
 *                     `{ group, row, … }` for each
 *   passes(effort)    if there: each row runs in a process of its own, in turns, so many times
 *   together          if true: all rows also run once in one process, see run.mjs
 *   cannotRun()       if there: a sentence when this runtime cannot run the suite
 */

const GC_FLAGS = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];

/** Names, and the flags that Node needs for them. */
export const SUITES = [
  { name: 'pool', flags: [] },
  { name: 'heap', flags: GC_FLAGS },
  { name: 'atomics', flags: [] },
  { name: 'sizes', flags: [] },
  { name: 'slab', flags: ['--expose-gc'] },
  { name: 'handover', flags: [] },
  { name: 'latency', flags: [] },
  { name: 'threads', flags: [] },
  { name: 'fanout', flags: [] },
  { name: 'gc', flags: [] },
];

export function loadSuite(name) {
  return import(`../suites/${name}.mjs`);
}

/**
 * The suites that the words choose, each with its groups and the `[group, row]` pairs that the
 * texts of `only` choose. Suites without such a row are left out.
 */
export async function planOf({ words, only }) {
  const plans = [];
  for (const suite of SUITES) {
    if (words.length > 0 && !words.some((word) => suite.name.includes(word))) continue;
    const module = await loadSuite(suite.name);
    const groups = module.groups();
    const wanted = groups.flatMap((group, g) =>
      group.rows.flatMap((row, r) => (chosen(group, row, only) ? [[g, r]] : [])),
    );
    if (wanted.length > 0) plans.push({ ...suite, module, groups, wanted });
  }
  return plans;
}

function chosen(group, row, only) {
  if (only.length === 0) return true;
  const label = `${group.title}: ${row.name}`.toLowerCase();
  return only.some((text) => label.includes(text.toLowerCase()));
}
