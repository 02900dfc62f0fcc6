/** Live video and audio: delays, late frames, and the longest pause of the collector. */
import { figure } from '../lib/stats.mjs';
import { card } from './card.mjs';
import { duration, logAxis, strip } from './strip.mjs';

export function liveChart(tools, { machine, suites }) {
  const groups = suites.find(({ suite }) => suite === 'gc')?.groups;
  if (groups === undefined || groups.length === 0) return undefined;
  const panels = groups.map(({ title, rows }) => ({
    title: title.replace(/^[^:]*: /, ''),
    rows: rows.map(rowOf),
  }));
  const all = panels.flatMap(({ rows }) => rows);
  const axis = logAxis(
    all.flatMap(({ low, high }) => [low, high]),
    { format: (ns) => duration(ns), label: 'delay (logarithmic; further left is better)' },
  );
  return card({
    title: 'Live pipelines: delays, late frames and pauses of the collector',
    subtitle: [
      'How long after it was due the consumer saw a frame; without pace: the gaps between frames.',
      'On the right: late frames (or frames a second) · the longest pause of the collector.',
      'Cut: stopped when the process had grown to 4 GiB.',
    ],
    legend: [
      'ours',
      'messages',
      'fresh',
      { symbol: 'circle', colour: 'var(--ink)', label: 'p50' },
      { symbol: 'hollow', colour: 'var(--ink)', label: 'p99 and the longest' },
    ],
    panels: panels.map(({ title, rows }, k) => {
      const showAxis = k === panels.length - 1;
      return { title, ...strip(tools, { rows, axis, showAxis, right: 220 }) };
    }),
    machine,
    description: all.map((row) => `${row.name}: ${row.figure}.`).join(' '),
  });
}

function rowOf({ name, p50Ms, p99Ms, maxMs, late, framesPerSecond, pauses, swollen }) {
  const rate =
    late === undefined
      ? `${figure(framesPerSecond)} frames/s`
      : `${late.toLocaleString('en-US')} late`;
  const longest = pauses?.longestMs;
  const pause = longest === 0 ? 'no pause' : `${figure(longest)} ms pause`;
  return {
    name,
    value: p50Ms * 1e6,
    low: p50Ms * 1e6,
    high: maxMs * 1e6,
    ghost: p99Ms * 1e6,
    outer: maxMs * 1e6,
    figure: [rate, ...(longest === undefined ? [] : [pause]), ...(swollen ? ['cut'] : [])].join(
      ' · ',
    ),
  };
}
