/**
 * What is seen while the sound runs: live bars and the slab in a terminal; elsewhere now and then a
 * line, and at the end one picture of the slab as it was when it was fullest.
 */
import { renderSlab } from 'frameslab';

const FLOOR_DB = -60;
const BAR_CELLS = 36;
const CHANNELS_SHOWN = 8;
const LINES_MAX = 10;

const PICTURE_COLUMNS = 100;

/** `news`: how often the meter shall report. `show(levels)`, `end()`. */
export function openScreen(stdout, totalSeconds, pool) {
  const live = Boolean(stdout.isTTY) && process.env.TERM !== 'dumb';
  return live ? liveScreen(stdout, totalSeconds, pool) : plainLines(stdout, totalSeconds, pool);
}

function plainLines(stdout, totalSeconds, pool) {
  let fullest;
  return {
    news: { everyMs: 0, everySeconds: Math.max(0.5, totalSeconds / LINES_MAX) },
    show({ levels, seconds }) {
      const each = levels.map(({ peak, rms }) => `${decibels(peak)} /${decibels(rms)}`).join('  ');
      const at = `${seconds.toFixed(2).padStart(8)} s  ${percent(seconds, totalSeconds)}`;
      stdout.write(`${at}  peak / rms dBFS ${each}\n`);
      const stats = pool.stats();
      if (stats.framesInUse <= (fullest?.stats.framesInUse ?? -1)) return;
      fullest = { stats, slots: pool.inspect({ cached: true }), seconds };
    },
    end() {
      if (fullest === undefined) return;
      const { slots, stats, seconds } = fullest;
      const picture = renderSlab(slots, { stats, columns: PICTURE_COLUMNS });
      stdout.write(`the slab when the meter was at ${seconds.toFixed(2)} s\n${picture}\n`);
    },
  };
}

/** The slab as lines, if they fit below so many others: what scrolls can't be drawn in place. */
function slabLines(stdout, pool, linesAbove) {
  const color = !process.env.NO_COLOR && stdout.hasColors?.(256) === true;
  const lines = renderSlab(pool.inspect({ cached: true }), {
    stats: pool.stats(),
    columns: (stdout.columns || 80) - 1,
    color,
  }).split('\n');
  return linesAbove + lines.length < (stdout.rows ?? 0) ? lines : [];
}

function liveScreen(stdout, totalSeconds, pool) {
  let drawn = 0;
  const showCursor = () => stdout.write('\x1b[?25h');
  const draw = (levels) => {
    const up = drawn > 0 ? `\x1b[${drawn}A` : '\x1b[?25l';
    const width = (stdout.columns || 80) - 1;
    const lines = [
      ...levels.map((line) => cut(line, width)),
      ...slabLines(stdout, pool, levels.length),
    ];
    stdout.write(`${up}${lines.map((line) => `\r${line}\x1b[K\n`).join('')}\x1b[J`);
    drawn = lines.length;
  };
  process.once('exit', showCursor);
  return {
    news: { everyMs: 40, everySeconds: 0 },
    show({ levels, seconds }) {
      const done = Math.round((seconds / totalSeconds) * BAR_CELLS);
      draw([
        `    ${bar(done)} ${percent(seconds, totalSeconds)} ${seconds.toFixed(1)} s`,
        ...levels.slice(0, CHANNELS_SHOWN).map(channelLine),
      ]);
    },
    end() {
      process.removeListener('exit', showCursor);
      showCursor();
    },
  };
}

function channelLine({ peak, rms }, channel) {
  const cells = (value) => Math.round((1 - Math.max(value, FLOOR_DB) / FLOOR_DB) * BAR_CELLS);
  const name = String(channel + 1).padStart(2);
  const figures = `peak${decibels(peak)}  rms${decibels(rms)} dBFS`;
  return `${name}  ${bar(cells(rms), cells(peak))}  ${figures}`;
}

function bar(filled, mark = 0) {
  const cells = '█'.repeat(clamp(filled)) + '·'.repeat(BAR_CELLS - clamp(filled));
  if (mark <= filled) return cells;
  return `${cells.slice(0, clamp(mark) - 1)}│${cells.slice(clamp(mark))}`;
}

function clamp(cells) {
  return Math.min(Math.max(cells, 0), BAR_CELLS);
}

function cut(line, width) {
  return line.length > width ? line.slice(0, width) : line;
}

function percent(seconds, totalSeconds) {
  return `${Math.round((100 * seconds) / totalSeconds)} %`.padStart(5);
}

export function decibels(value) {
  return (Number.isFinite(value) ? value.toFixed(1) : 'silent').padStart(6);
}
