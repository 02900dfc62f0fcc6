/** Producer to consumer: nanoseconds per frame, by frame size. */
import { card, FAMILIES, familyOf, WIDTH } from './card.mjs';
import { duration, logAxis } from './strip.mjs';

const HEIGHT = 460;
const RIGHT = 365;
const LABEL_GAP = 17;
const UNITS = { KiB: 2 ** 10, MiB: 2 ** 20 };

export function handoverChart(tools, { machine, suites }) {
  const groups = suites.find(({ suite }) => suite === 'handover')?.groups;
  if (groups === undefined || groups.length === 0) return undefined;
  const points = groups.flatMap(({ title, rows }) => {
    const [, count, unit] = title.match(/frames of (\d+) ([KM]iB)/);
    return rows.map(({ name, ns }) => ({
      name,
      size: Number(count) * UNITS[unit],
      value: ns.median,
      low: ns.q1,
      high: ns.q3,
      ...FAMILIES[familyOf(name)],
      label: `${count} ${unit}`,
    }));
  });
  return card({
    title: 'From a producer’s thread to a consumer’s, by frame size',
    subtitle: [
      'Time per frame: taken, written, handed over, read and given back. Medians and quartiles.',
      'Both axes are logarithmic; further down is better.',
    ],
    legend: ['ours', 'shared', 'messages', 'fresh'],
    panels: [{ svg: plotOf(tools, points), height: HEIGHT }],
    machine,
    description: points
      .map(({ name, label, value }) => `${name}, ${label}: ${duration(value)}.`)
      .join(' '),
  });
}

function plotOf({ Plot, document }, points) {
  const axis = logAxis(
    points.flatMap(({ low, high }) => [low, high]),
    { format: (ns) => duration(ns) },
  );
  const sizes = [...new Map(points.map(({ size, label }) => [size, label]))];
  const common = {
    document,
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 92,
    marginRight: RIGHT,
    marginTop: 8,
    marginBottom: 34,
    x: { type: 'log', domain: [sizes[0][0] / 1.3, sizes.at(-1)[0] * 1.3], axis: null },
    y: { type: 'log', domain: axis.domain, axis: null },
    color: { type: 'identity' },
    symbol: { type: 'identity' },
  };
  const y = Plot.plot({ ...common, marks: [Plot.dot(points, { x: 'size', y: 'value' })] }).scale(
    'y',
  );
  const own = { x: 'size', y: 'value' };
  return Plot.plot({
    ...common,
    marks: [
      Plot.gridY(axis.ticks, { stroke: 'var(--line)', strokeOpacity: 1 }),
      Plot.axisY(axis.ticks, {
        ...axisStyle(axis.format),
        label: null,
      }),
      Plot.text(sizes, {
        x: ([size]) => size,
        text: ([, label]) => label,
        frameAnchor: 'bottom',
        lineAnchor: 'top',
        dy: 12,
        fontSize: 11.5,
        fill: 'var(--soft)',
      }),
      Plot.line(points, { ...own, z: 'name', stroke: 'colour', strokeWidth: 2 }),
      Plot.ruleX(points, {
        x: 'size',
        y1: 'low',
        y2: 'high',
        stroke: 'colour',
        strokeWidth: 5,
        strokeOpacity: 0.25,
        strokeLinecap: 'round',
      }),
      Plot.dot(points, { ...own, fill: 'colour', symbol: 'symbol', r: 4.5 }),
      Plot.link(labels(points, y, sizes), {
        x1: 'size',
        y1: 'value',
        x2: 'elbow',
        y2: 'at',
        stroke: 'colour',
        strokeOpacity: 0.5,
      }),
      Plot.text(labels(points, y, sizes), {
        x: 'elbow',
        y: 'at',
        text: 'words',
        textAnchor: 'start',
        dx: 5,
        fontSize: 11.5,
        fill: 'colour',
        fontWeight: 600,
      }),
    ],
  });
}

function axisStyle(tickFormat) {
  return {
    tickFormat,
    tickSize: 0,
    fontSize: 11.5,
    fill: 'var(--soft)',
    labelArrow: 'none',
  };
}

/** The names at the ends of the lines, moved apart where they would lie on each other. */
function labels(points, y, sizes) {
  const [last] = sizes.at(-1);
  const ends = points
    .filter(({ size }) => size === last)
    .map((point) => ({ ...point, px: y.apply(point.value) }))
    .sort((a, b) => b.px - a.px);
  for (let k = 1; k < ends.length; k++) {
    ends[k].px = Math.min(ends[k].px, ends[k - 1].px - LABEL_GAP);
  }
  return ends.map((end) => ({
    ...end,
    at: y.invert(end.px),
    elbow: last * 2.2,
    words: `${end.name.replace('frameslab, ', 'frameslab: ')}, ${duration(end.value)}`,
  }));
}
