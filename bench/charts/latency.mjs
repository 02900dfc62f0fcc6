/** Latency: p50, p99 and p99.9 of each way to wait for an answer. */
import { card } from './card.mjs';
import { duration, logAxis, strip } from './strip.mjs';

export function latencyChart(tools, { machine, suites }) {
  const groups = suites.find(({ suite }) => suite === 'latency')?.groups;
  if (groups === undefined || groups.length === 0) return undefined;
  const panels = groups.map(({ title, rows }) => ({
    title,
    rows: rows.map((row) => rowOf(row, rows[0])),
  }));
  const all = panels.flatMap(({ rows }) => rows);
  const axis = logAxis(
    all.flatMap(({ low, high, goal }) => [low, high, goal ?? low]),
    { format: (ns) => duration(ns), label: 'time (logarithmic; further left is better)' },
  );
  return card({
    title: 'How long one waits for an answer',
    subtitle: 'Two threads that answer each other, and one that is woken. On the right: p50 · p99.',
    legend: [
      'ours',
      'messages',
      'bare',
      { symbol: 'circle', colour: 'var(--ink)', label: 'p50' },
      { symbol: 'hollow', colour: 'var(--ink)', label: 'p99 and p99.9' },
      { symbol: 'tick', colour: 'var(--ink)', label: 'goal for p50' },
    ],
    panels: panels.map(({ title, rows }, k) => {
      const showAxis = k === panels.length - 1;
      return { title, ...strip(tools, { rows, axis, showAxis, right: 170 }) };
    }),
    machine,
    description: all.map(({ name, figure }) => `${name}: ${figure}.`).join(' '),
  });
}

function rowOf({ name, p50, p99, p999, goals }, yardstick) {
  const goal = goals?.[0]?.goal;
  const byGoal = { 'p50 ≤ 1 µs': 1000, '≤ 1.15 ×': 1.15 * yardstick.p50 };
  return {
    name,
    value: p50,
    low: p50,
    high: p999,
    outer: p999,
    ghost: p99,
    goal: byGoal[goal],
    figure: `${duration(p50)} · ${duration(p99)}`,
  };
}
