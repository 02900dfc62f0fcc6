/** Prints results for people. Losses are printed like everything else. */
import { wasBusy } from './machine.mjs';
import { figure } from './stats.mjs';

const NAME_WIDTH = 56;

export function printHeader(machine, quick) {
  const commit = machine.commit === undefined ? '' : ` (${machine.commit})`;
  say(`${machine.library}${commit}  ·  ${machine.runtime}  ·  ${machine.date}`);
  say(`${machine.machine}  ·  ${machine.system}`);
  say(machine.command);
  if (wasBusy(machine)) {
    say(`BUSY: other programs took ${Math.round(machine.busyShare * 100)} % of the machine.`);
  }
  if (quick) say('QUICK: a smoke test. Its numbers are rough.');
  say('');
  say('Medians; in brackets the quartiles. Ratios are medians of ratios of the same round.');
}

/** What would run: for `--list`. */
export function printPlan(plans) {
  for (const { name, module, groups, wanted } of plans) {
    say(`${name}: ${module.title}`);
    for (const [g, group] of groups.entries()) {
      const rows = wanted.filter(([of]) => of === g).map(([, r]) => group.rows[r].name);
      if (rows.length > 0) say(`  ${group.title}`);
      for (const row of rows) say(`    ${row}`);
    }
  }
}

export function printSuite({ suite, title, cannotRun, groups }) {
  if (cannotRun !== undefined) say(`\n${title}\n  not run (${suite}): ${cannotRun}`);
  for (const group of groups) printGroup(group);
}

function printGroup({ title, note, yardstick, yardstickNs, rows }) {
  say('');
  say(title);
  const cost = yardstickNs === undefined ? undefined : `one ${yardstick}: ${time(yardstickNs)}`;
  const notes = [cost, note].filter((text) => text !== undefined);
  for (const text of notes) say(`  (${text.trim().replace(/\s+/g, ' ')})`);
  for (const row of rows) say(`  ${line(row, yardstick)}`);
}

function line(row, yardstick) {
  const parts = [row.name.padEnd(NAME_WIDTH)];
  if (row.why !== undefined) parts.push(`not measured: ${row.why}, see above`);
  if (row.ns !== undefined) parts.push(time(row.ns));
  if (row.text !== undefined) parts.push(row.text);
  if (row.ratio !== undefined && yardstick !== undefined) {
    parts.push(`${figure(row.ratio.median)} × ${yardstick}`.padEnd(22));
  }
  if (row.note !== undefined) parts.push(row.note);
  if (row.together !== undefined) parts.push(`together ${figure(row.together.ratio.median)} ×`);
  for (const { goal, value, met } of row.goals ?? []) {
    const found = goal.startsWith('≥') ? ` (${figure(value)} ×)` : '';
    parts.push(`goal ${goal}${found}: ${met ? 'met' : 'MISSED'}`);
  }
  return parts.join('  ').trimEnd();
}

function time({ median, q1, q3 }) {
  const [unit, scale] = median < 1e4 ? ['ns', 1] : median < 1e7 ? ['µs', 1e3] : ['ms', 1e6];
  const value = `${figure(median / scale)} ${unit}`;
  return `${value.padStart(10)}  ${`[${figure(q1 / scale)} … ${figure(q3 / scale)}]`.padEnd(18)}`;
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
