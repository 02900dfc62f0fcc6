/** The pool in one thread: each row as a multiple of one `Atomics.add`. */
import { figure } from '../lib/stats.mjs';
import { card } from './card.mjs';
import { logAxis, strip } from './strip.mjs';

const TITLE = 'Work in one thread, beside what one would take instead';

export function inThreadChart(tools, { machine, suites }) {
  const groups = suites.find(({ suite }) => suite === 'pool')?.groups.filter(({ rows }) => rows[1]);
  if (groups === undefined || groups.length === 0) return undefined;
  const panels = groups
    .filter(({ title }) => !/^(What the machine|Writing)/.test(title))
    .map(({ title, rows }) => ({ title, rows: rows.map(rowOf).sort((a, b) => a.value - b.value) }));
  const all = panels.flatMap(({ rows }) => rows);
  const values = all.flatMap(({ low, high, goal, ghost }) => [low, high, goal ?? 1, ghost ?? 1]);
  const axis = logAxis(values, {
    format: (value) => `${value.toLocaleString('en-US')} ×`,
    label: 'times the cost of one Atomics.add (logarithmic; further left is better)',
  });
  return card({
    title: TITLE,
    subtitle: 'Cost of one operation, as a multiple of one Atomics.add in the same round: medians.',
    legend: [
      'ours',
      'shared',
      'fresh',
      { symbol: 'line', colour: 'var(--ink)', label: 'quartiles' },
      { symbol: 'hollow', colour: 'var(--ink)', label: 'all in one process' },
      { symbol: 'tick', colour: 'var(--ink)', label: 'goal' },
      { symbol: 'dashes', colour: 'var(--soft)', label: 'one Atomics.add' },
    ],
    panels: panels.map(({ title, rows }, k) => {
      const showAxis = k === panels.length - 1;
      return { title, ...strip(tools, { rows, axis, rule: 1, showAxis }) };
    }),
    machine,
    description: panels.map(describe).join(' '),
  });
}

function rowOf({ name, ratio, together, goals }) {
  const goal = goals?.find((one) => /^≤ [\d.]+ ×$/.test(one.goal));
  return {
    name,
    value: ratio.median,
    low: ratio.q1,
    high: ratio.q3,
    ghost: together?.ratio.median,
    goal: goal === undefined ? undefined : Number(goal.goal.split(' ')[1]),
    figure: `${figure(ratio.median)} ×${goal === undefined || goal.met ? '' : '  goal missed'}`,
  };
}

function describe({ title, rows }) {
  return `${title}: ${rows.map((row) => `${row.name} ${row.figure}`).join(', ')}.`;
}
