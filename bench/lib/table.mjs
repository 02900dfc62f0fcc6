/** Prints results for people. Losses are printed like everything else. */

const NAME_WIDTH = 56;

export function printHeader(machine) {
  say(`${machine.library}  ·  ${machine.runtime}  ·  ${machine.date}`);
  say(`${machine.machine}  ·  ${machine.system}`);
  say(`load average at the start ${machine.loadAverage.toFixed(1)}  ·  ${machine.command}`);
  if (machine.loadAverage > machine.cores / 2) {
    say('BUSY: other programs were running; rows with several threads measure them as well.');
  }
  say('');
  say('Medians; in brackets the quartiles. Ratios are medians of ratios of the same round.');
}

export function printGroup(group) {
  say('');
  say(group.title);
  if (group.note !== undefined) say(`  (${group.note})`);
  for (const row of group.rows) say(`  ${line(row, group.yardstick)}`);
}

function line(row, yardstick) {
  const parts = [row.name.padEnd(NAME_WIDTH)];
  if (row.ns !== undefined) parts.push(time(row.ns));
  if (row.text !== undefined) parts.push(row.text);
  if (row.ratio !== undefined && yardstick !== undefined) {
    parts.push(`${figure(row.ratio.median)} × ${yardstick}`.padEnd(22));
  }
  if (row.target !== undefined) parts.push(verdict(row));
  if (row.note !== undefined) parts.push(row.note);
  return parts.join('  ').trimEnd();
}

function time({ median, q1, q3 }) {
  const [unit, scale] = median < 1e4 ? ['ns', 1] : median < 1e7 ? ['µs', 1e3] : ['ms', 1e6];
  const value = `${figure(median / scale)} ${unit}`;
  return `${value.padStart(10)}  ${`[${figure(q1 / scale)} … ${figure(q3 / scale)}]`.padEnd(18)}`;
}

function verdict({ target, ratio, ns }) {
  const absolute = typeof target === 'object';
  const limit = absolute ? target.ns : target;
  const value = absolute ? ns.median : ratio.median;
  return `goal ${limit}${absolute ? ' ns' : ' ×'}: ${value <= limit ? 'met' : 'MISSED'}`;
}

/** Three significant figures, without an exponent. */
export function figure(value) {
  if (!Number.isFinite(value)) return '–';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
