/**
 * A panel of rows along a logarithmic axis: a symbol where the row's value is, a line over its
 * spread, its name on the left and its figure on the right.
 */
import { FAMILIES, familyOf, WIDTH } from './card.mjs';

const ROW = 22;
const AXIS = 40;
const LEFT = 346;
const RIGHT = 160;

/**
 * Rows are `{ name, value, low, high, figure, goal?, ghost?, outer? }`, all but name and figure
 * numbers on the axis: `ghost` is a hollow dot, `outer` a second one. `axis` is `{ domain, ticks,
 * format, label }`; `rule` a value that all rows are compared with.
 */
export function strip({ Plot, document }, { rows, axis, rule, showAxis, right = RIGHT }) {
  const height = rows.length * ROW + (showAxis ? AXIS : 6);
  const data = rows.map((row) => ({ ...row, ...FAMILIES[familyOf(row.name)] }));
  const y = { y: 'name' };
  const own = { fill: 'colour', symbol: 'symbol' };
  const marks = [
    Plot.gridX(axis.ticks, { stroke: 'var(--line)', strokeOpacity: 1 }),
    rule === undefined
      ? undefined
      : Plot.ruleX([rule], { stroke: 'var(--soft)', strokeDasharray: '3 2' }),
    Plot.link(data, {
      ...y,
      x1: 'low',
      x2: 'high',
      stroke: 'colour',
      strokeWidth: 3,
      strokeOpacity: 0.45,
      strokeLinecap: 'round',
    }),
    dots(Plot, data, 'outer', { r: 3 }),
    dots(Plot, data, 'ghost', { r: 4 }),
    Plot.tickX(
      data.filter(({ goal }) => goal !== undefined),
      { ...y, x: 'goal', stroke: 'var(--ink)', strokeWidth: 2, insetTop: 3, insetBottom: 3 },
    ),
    Plot.dot(data, { ...y, x: 'value', ...own, r: 5 }),
    Plot.text(data, {
      ...y,
      text: 'figure',
      frameAnchor: 'right',
      textAnchor: 'start',
      dx: 12,
      fontSize: 12,
      fill: 'var(--ink)',
      fontVariant: 'tabular-nums',
    }),
    ...names(Plot, data),
    ...(showAxis ? axisBelow(Plot, axis) : []),
  ];
  const svg = Plot.plot({
    document,
    width: WIDTH,
    height,
    marginLeft: LEFT,
    marginRight: right,
    marginTop: 0,
    marginBottom: showAxis ? AXIS : 6,
    x: { type: 'log', domain: axis.domain, axis: null },
    y: { domain: rows.map(({ name }) => name), axis: null, padding: 0.1 },
    color: { type: 'identity' },
    symbol: { type: 'identity' },
    marks: marks.filter((mark) => mark !== undefined),
  });
  return { svg, height };
}

/** Written out: Plot leaves labels of a logarithmic axis away as it sees fit. */
function axisBelow(Plot, { ticks, format, label }) {
  const words = { frameAnchor: 'bottom', lineAnchor: 'top', fontSize: 11.5, fill: 'var(--soft)' };
  return [
    Plot.text(ticks, { ...words, x: (tick) => tick, text: format, dy: 8 }),
    Plot.text([label], { ...words, text: (line) => line, dy: 24 }),
  ];
}

/** The names on the left: the library's own in bold. */
function names(Plot, data) {
  return [true, false].map((ours) =>
    Plot.text(
      data.filter(({ name }) => name.startsWith('frameslab') === ours),
      {
        y: 'name',
        text: 'name',
        frameAnchor: 'left',
        textAnchor: 'end',
        dx: -14,
        fontSize: 12.5,
        fontWeight: ours ? 650 : 400,
        fill: 'var(--ink)',
      },
    ),
  );
}

/** Hollow dots, where there are any. */
function dots(Plot, data, x, { r }) {
  const some = data.filter((row) => row[x] !== undefined);
  return Plot.dot(some, { y: 'name', x, stroke: 'colour', fill: 'var(--ground)', r });
}

/** A domain that holds all values, with a little air; its ticks are finer where it is short. */
export function logAxis(values, { format, label }) {
  const positive = values.filter((value) => value > 0);
  const low = Math.min(...positive) / 1.25;
  const high = Math.max(...positive) * 1.25;
  const steps = high / low < 300 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = -6; power <= 15; power++) {
    for (const step of steps) {
      const tick = Number(`${step}e${power}`);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return { domain: [low, high], ticks, format, label };
}

/** A duration in the unit that suits it, from nanoseconds. */
export function duration(ns, digits = 3) {
  const units = [
    ['ns', 1],
    ['µs', 1e3],
    ['ms', 1e6],
    ['s', 1e9],
  ];
  const [unit, scale] = units.findLast(([, least]) => ns >= least) ?? units[0];
  return `${Number((ns / scale).toPrecision(digits)).toLocaleString('en-US')} ${unit}`;
}
