/**
 * What ran where: results that suites leave in `.tools/results`, and the tables made of them in README.md.
 *
 * One file per suite, `.tools/results/NAME.json`:
 *
 *     { "date": "2026-11-25",
 *       "columns": ["unit", "threads"],            as the rows use them, in the table's order
 *       "rows": [{ "name": "Bun", "version": "1.4.5",
 *                  "waiting": { "sync": "wait", "async": "waitAsync" },   as stats() says it, if asked
 *                  "columns": { "unit": { "passed": 900, "failed": 0, "notRun": 1 } },
 *                  "passed": 1200, "failed": 0, "notRun": 2,
 *                  "notes": ["2 not run: why"] }] }
 *
 * A suite's table stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`, so suites that run at
 * different times do not disturb each other's rows.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../.tools/results/', import.meta.url));
const readme = fileURLToPath(new URL('../../README.md', import.meta.url));

/**
 * Leaves a suite's results for whoever wants them. Rows that this run has not made anew stay as they
 * were, if `wanted` names them ("Bun 1.4.5"); it also gives the order.
 */
export function mergeResults(name, results, wanted) {
  mkdirSync(folder, { recursive: true });
  const file = `${folder}${name}.json`;
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).rows : [];
  const rows = wanted.flatMap((title) => {
    const is = (row) => `${row.name} ${row.version}` === title;
    return results.rows.find(is) ?? before.find(is) ?? [];
  });
  writeFileSync(file, `${JSON.stringify({ ...results, rows }, null, 2)}\n`);
}

/** Writes a suite's table into README.md, from the results that it left. */
export function writeTable(name) {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const text = readFileSync(readme, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no ${begin} … ${end}`);
  const table = tableOf(JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')));
  writeFileSync(readme, `${text.slice(0, from + begin.length)}\n${table}\n${text.slice(to)}`);
}

/** The table, and below it when it was made and what its footnotes say. */
export function tableOf({ date, columns, rows }) {
  const ways = rows.some(({ waiting }) => waiting !== undefined);
  const head = ['', ...columns, ...(ways ? ['blocking', 'promises'] : []), 'passed', 'not run'];
  const lines = rows.map((row) => [
    `${row.name} ${row.version}`,
    ...columns.map((column) => verdict(row.columns[column])),
    ...(ways ? [row.waiting?.sync ?? '–', row.waiting?.async ?? '–'] : []),
    row.passed.toLocaleString('en'),
    String(row.notRun),
  ]);
  const widths = head.map((_, k) => Math.max(...[head, ...lines].map((line) => line[k].length), 3));
  const show = (line) => `| ${line.map((cell, k) => cell.padEnd(widths[k])).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const notes = rows.flatMap(({ name, version, notes: own = [] }) =>
    own.map((note) => `- ${name} ${version}: ${note}.`),
  );
  const foot = notes.length > 0 ? ['', ...notes] : [];
  return [show(head), rule, ...lines.map(show), '', `Measured on ${date}.`, ...foot].join('\n');
}

/** One cell: all of it, a part of it, nothing of it. */
function verdict(counts) {
  if (counts === undefined || counts.passed + counts.failed === 0) return 'not run';
  if (counts.failed > 0) return `${counts.failed} failed`;
  return counts.notRun > 0 ? `all but ${counts.notRun}` : 'yes';
}
