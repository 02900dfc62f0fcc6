/**
 * Goals: what a row should cost, printed beside it whether it is met or not.
 *
 * A goal is `{ text, most | least, value(row, rows, groups) }`: `rows` are the rows of the same
 * group by name, `groups` those of each group. Where the value is no number, what it needs was not
 * measured, and nothing is said.
 */
import { figure } from './stats.mjs';

/** At most so many times the group's yardstick. */
export const timesYardstick = (most) => ({
  text: `≤ ${most} ×`,
  most,
  value: (row) => row.ratio?.median,
});

export const nanosecondsAtMost = (most, label = `${figure(most)} ns`) => ({
  text: `≤ ${label}`,
  most,
  value: (row) => row.ns?.median,
});

/** The row called `rival` should cost at least so many times what this one costs. */
export const fasterThan = (rival, least, name = rival) => ({
  text: `≥ ${least.toLocaleString('en-US')} × faster than ${name}`,
  least,
  value: (row, rows) => {
    const other = rows.get(rival)?.ns?.median;
    return other === undefined || row.ns === undefined ? undefined : other / row.ns.median;
  },
});

export function judge(goals, row, rows, groups) {
  if (row.why !== undefined) return [];
  return goals.flatMap((goal) => {
    const value = goal.value(row, rows, groups);
    if (value === undefined || Number.isNaN(value)) return [];
    const met = goal.most === undefined ? value >= goal.least : value <= goal.most;
    return [{ goal: goal.text, value, met }];
  });
}
