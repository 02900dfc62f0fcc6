/** The account that is given at the end. */
import { decibels } from './screen.mjs';

const WIDTH = 100;
const NAME_WIDTH = 12;

/** The lines of the summary. */
export function summaryLines({ work, hops, levels, stats, audit }) {
  return [
    ...row('frames', framesLine(work)),
    ...row('throughput', throughputLine(work)),
    ...hopTable(hops),
    ...levels.flatMap(({ peak, rms }, channel) =>
      row(`channel ${channel + 1}`, `peak ${decibels(peak)} dBFS, rms ${decibels(rms)} dBFS`),
    ),
    ...row('stats()', statsLine(stats)),
    ...row('audit()', auditLine(audit)),
  ];
}

export function row(name, text) {
  const lines = [''];
  for (const word of text.split(/ (?! )/)) {
    const line = lines.at(-1);
    if (line.length + word.length + 1 + NAME_WIDTH > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line, i) => (i === 0 ? name : '').padEnd(NAME_WIDTH) + line);
}

function framesLine({ frames, seconds }) {
  return `${frames} of 20 ms, ${seconds.toFixed(2)} s of sound`;
}

function throughputLine({ frames, seconds, bytes, elapsedMs, paced }) {
  const elapsedSeconds = elapsedMs / 1000;
  const framesPerSecond = Math.round(frames / elapsedSeconds).toLocaleString('en');
  const megabytes = (bytes / 1e6 / elapsedSeconds).toFixed(1);
  const speed = (seconds / elapsedSeconds).toFixed(1);
  const note = paced ? ' (held back to the speed of the sound: --fast lets it run)' : '';
  return (
    `${framesPerSecond} frames/s, ${megabytes} MB/s, ` +
    `${speed} × real time, ${elapsedMs.toFixed(0)} ms in all${note}`
  );
}

function hopTable(hops) {
  const columns = ['p50', 'p90', 'p99', 'max'];
  const cells = (values) => values.map((value) => value.padStart(10)).join('');
  return [
    'hand-over'.padEnd(NAME_WIDTH) + 'ms'.padEnd(16) + cells(columns),
    ...Object.entries(hops).map(([name, ms]) => {
      const sorted = Float64Array.from(ms).sort();
      const values = [0.5, 0.9, 0.99, 1].map((share) => percentile(sorted, share));
      return ' '.repeat(NAME_WIDTH) + name.padEnd(16) + cells(values);
    }),
  ];
}

/** Nearest rank: a latency that really occurred. */
function percentile(sorted, share) {
  if (sorted.length === 0) return '-';
  return sorted[Math.ceil(share * sorted.length) - 1].toFixed(3);
}

function statsLine(stats) {
  return Object.entries(stats)
    .filter(([, value]) => typeof value === 'number')
    .map(([name, value]) => `${name} ${Math.round(value * 10) / 10}`)
    .join(', ');
}

function auditLine(audit) {
  const { slots, free, cached, held, inFlight, inLanes } = audit;
  const home = everySlotCameHome(audit) ? 'every slot came home' : 'NOT every slot came home';
  const away = `${held} held, ${inFlight} in messages, ${inLanes} in channels`;
  const sentences = audit.problems.map(({ slot, problem }) => `; slot ${slot}: ${problem}`);
  return `${home}: ${slots} slots, ${free} free, ${cached} in caches, ${away}${sentences.join('')}`;
}

/** Nothing is held or under way any more, and nothing is wrong. */
export function everySlotCameHome({ ok, slots, free, cached }) {
  return ok && free + cached === slots;
}
