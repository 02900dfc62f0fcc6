/**
 * `renderSlab`: the slab as text for a terminal, every slot a cell by state and holder.
 *
 * Invariants
 * 1. A pure function of its arguments: it reads no slab, no clock and no environment. So it draws
 *    as well what another process sent as JSON; whether to use colour is the caller's decision.
 * 2. Every slot is in exactly one cell, in order, and a cell is one column wide. With more slots
 *    than cells, each cell stands for the same number of slots, and the first line says so.
 * 3. No line is wider than `columns`; no name that a thread gave itself can steer the terminal.
 * 4. Functions are constants here and in `text.ts`: so a bundler sees that it may drop them where
 *    nobody draws, which a declaration that keeps its name hides from it.
 *
 * Any thread. Allocates the text.
 */
import { integer } from '../slab/geometry.js';
import type { SlotReport } from './report.js';
import type { PoolStats } from './stats.js';
import { type Item, listed, type Paint, painted, plainText, wrapped } from './text.js';

/** Options of `renderSlab`. */
export interface RenderOptions {
  /**
   * `pool.stats()`: says how many slots there are, and adds lanes and counters. Default: none, the
   * picture ends with the highest slot that was reported.
   */
  readonly stats?: PoolStats | undefined;
  /** How wide the text may be. Default 80. */
  readonly columns?: number | undefined;
  /** Lines of cells at most; with more slots than fit, cells stand for groups. Default 32. */
  readonly rows?: number | undefined;
  /** Colours, as escape sequences. Default false. */
  readonly color?: boolean | undefined;
  /**
   * What is out for longer is marked as old. Default 10,000. Only `trace` knows a lease's age.
   */
  readonly oldMs?: number | undefined;
}

type Kind = 'free' | 'cached' | 'held' | 'shared' | 'lane' | 'flight' | 'old' | 'suspect';

/** One slot, as it is drawn. */
interface Cell {
  readonly kind: Kind;
  /** The seat whose colour it has, or −1. */
  readonly seat: number;
  readonly sign: string;
}

const FREE: Cell = { kind: 'free', seat: -1, sign: '·' };
const SHADES = '░▒▓█';
const BAR_CELLS = 16;
const OLD_LISTED = 5;
/** Told apart by people who see red and green alike; 256-colour numbers. */
const SEAT_COLORS = [250, 74, 214, 36, 175, 227, 32, 173] as const;
const LANE_PAINT: Paint = '38;5;255';
const FLIGHT_PAINT: Paint = '38;5;231;1';
const OLD_PAINT: Paint = '48;5;166;38;5;231;1';
const SUSPECT_PAINT: Paint = '48;5;231;38;5;16;1';
const LEGEND: readonly Item[] = [
  { sign: '·', meaning: 'free', paint: '2' },
  { sign: 'a', meaning: 'cached by A' },
  { sign: 'A', meaning: 'held by A alone' },
  { sign: '2', meaning: 'shared by 2' },
  { sign: '>', meaning: 'in a lane', paint: LANE_PAINT },
  { sign: '~', meaning: 'in flight', paint: FLIGHT_PAINT },
  { sign: '!', meaning: 'old', paint: OLD_PAINT },
  { sign: '?', meaning: 'suspect', paint: SUSPECT_PAINT },
];
const GROUP_LEGEND: readonly Item[] = [
  { sign: '·', meaning: 'free or cached', paint: '2' },
  { sign: SHADES, meaning: 'in use: up to a quarter, … all' },
  { sign: '!', meaning: 'something old', paint: OLD_PAINT },
  { sign: '?', meaning: 'something suspect', paint: SUSPECT_PAINT },
];

/**
 * Draws what `pool.inspect()` found, for a terminal: a cell per slot, a legend and the sums; with
 * `stats` also the channels as queues, and the counters. `pool.inspect({ cached: true })` shows who
 * keeps which free slot. Lines are joined by `\n`. Any thread; never blocks; allocates. Throws
 * `InvalidOptionError` for `columns` or `rows` that are not positive integers.
 */
export const renderSlab = (slots: readonly SlotReport[], options: RenderOptions = {}): string => {
  const columns = integer('columns', options.columns ?? 80, 1, 10_000);
  const rows = integer('rows', options.rows ?? 32, 1, 1 << 20);
  const { stats, color = false, oldMs = 10_000 } = options;
  const cells = cellsOf(slots, stats, oldMs);
  const labelWidth = `${Math.max(0, cells.length - 1)}`.length + 1;
  const labelled = columns >= labelWidth + 8;
  const wide = roundWidth(labelled ? columns - labelWidth : columns);
  const group = groupSize(cells.length, wide * rows);
  const drawn = group === 1 ? cells : grouped(cells, group);
  const lines: string[] = [];
  for (let at = 0; at < drawn.length; at += wide) {
    const label = labelled ? `${`${at * group}`.padStart(labelWidth - 1)} ` : '';
    lines.push(label + line(drawn.slice(at, at + wide), color));
  }
  return [
    ...wrapped(headline(cells, group, stats), columns),
    ...lines,
    ...listed(group === 1 ? legend(slots, stats) : GROUP_LEGEND, columns, color),
    ...oldOnes(slots, oldMs).flatMap((sentence) => wrapped(sentence, columns)),
    ...(stats === undefined ? [] : channels(stats).flatMap((text) => wrapped(text, columns))),
    ...(stats === undefined ? [] : listed(counters(stats), columns, false)),
  ].join('\n');
};

const cellsOf = (
  slots: readonly SlotReport[],
  stats: PoolStats | undefined,
  oldMs: number,
): Cell[] => {
  const highest = slots.reduce((most, row) => Math.max(most, row.slot), -1);
  const cells = new Array<Cell>(Math.max(stats?.slots ?? 0, highest + 1)).fill(FREE);
  for (const row of slots) cells[row.slot] = cellOf(row, oldMs);
  return cells;
};

const cellOf = (row: SlotReport, oldMs: number): Cell => {
  const { holders, messages, inLanes, cachedBy } = row;
  const seat = cachedBy ?? holders[0]?.seat ?? -1;
  if (row.suspect) return { kind: 'suspect', seat, sign: '?' };
  if (cachedBy !== undefined) return { kind: 'cached', seat, sign: letter(seat, true) };
  if (ageOf(row) > oldMs) return { kind: 'old', seat, sign: '!' };
  if (holders.length === 1 && messages.length === 0 && inLanes === 0) {
    return { kind: 'held', seat, sign: letter(seat, false) };
  }
  if (holders.length > 0) {
    return { kind: 'shared', seat, sign: row.references > 9 ? '+' : `${row.references}` };
  }
  if (inLanes > 0) return { kind: 'lane', seat, sign: '>' };
  return { kind: 'flight', seat, sign: '~' };
};

/** How long it has been out: its lease, if that was traced, or its latest message. */
const ageOf = (row: SlotReport): number => {
  return Math.max(row.ageMs ?? 0, ...row.messages.map(({ ageMs }) => ageMs));
};

/** A letter per seat, which stays its own while others come and go; `@` behind the alphabet. */
const letter = (seat: number, small: boolean): string => {
  if (seat < 0 || seat >= 26) return small ? '%' : '@';
  return String.fromCharCode((small ? 97 : 65) + seat);
};

/** The least power of two that makes so many slots fit into so many cells. */
const groupSize = (slots: number, cells: number): number => {
  let size = 1;
  while (Math.ceil(slots / size) > cells) size *= 2;
  return size;
};

/** A cell per group: how much of it is in use; what is wrong in it shows through. */
const grouped = (cells: readonly Cell[], size: number): Cell[] => {
  const groups: Cell[] = [];
  for (let at = 0; at < cells.length; at += size) {
    const members = cells.slice(at, at + size);
    const wrong =
      members.find(({ kind }) => kind === 'suspect') ?? members.find(({ kind }) => kind === 'old');
    const used = members.filter(({ kind }) => kind !== 'free' && kind !== 'cached');
    const shade = Math.ceil((used.length / members.length) * SHADES.length);
    if (wrong !== undefined) groups.push(wrong);
    else if (shade === 0) groups.push(FREE);
    else groups.push({ kind: 'lane', seat: -1, sign: SHADES[shade - 1] as string });
  }
  return groups;
};

/** Cells side by side; those of one colour share their escape sequence. */
const line = (cells: readonly Cell[], color: boolean): string => {
  if (!color) return cells.map(({ sign }) => sign).join('');
  let text = '';
  for (let from = 0; from < cells.length; ) {
    const paint = paintOf(cells[from] as Cell);
    let to = from;
    let run = '';
    while (to < cells.length && paintOf(cells[to] as Cell) === paint) run += cells[to++]?.sign;
    text += painted(run, paint);
    from = to;
  }
  return text;
};

const paintOf = ({ kind, seat }: Cell): Paint => {
  const own = SEAT_COLORS[Math.max(0, seat) % SEAT_COLORS.length] as number;
  if (kind === 'free') return '2';
  if (kind === 'cached') return `38;5;${own}`;
  if (kind === 'held') return `48;5;${own};38;5;16`;
  if (kind === 'shared') return `48;5;${own};38;5;16;4`;
  if (kind === 'lane') return LANE_PAINT;
  if (kind === 'flight') return FLIGHT_PAINT;
  return kind === 'old' ? OLD_PAINT : SUSPECT_PAINT;
};

const headline = (cells: readonly Cell[], group: number, stats: PoolStats | undefined): string => {
  const count = (...kinds: Kind[]): number =>
    cells.filter(({ kind }) => kinds.includes(kind)).length;
  const cached = count('cached');
  const inCaches = cached === 0 ? (stats?.framesCached ?? 0) : 0;
  const parts = [
    `${number(count('free'))} free${inCaches > 0 ? ` (${number(inCaches)} in caches)` : ''}`,
    cached > 0 ? `${number(cached)} cached` : '',
    `${number(count('held'))} held`,
    `${number(count('shared'))} shared`,
    `${number(count('lane'))} in lanes`,
    `${number(count('flight'))} in flight`,
    count('old') > 0 ? `${number(count('old'))} old` : '',
    count('suspect') > 0 ? `${number(count('suspect'))} suspect` : '',
  ].filter((part) => part !== '');
  const all = `${number(cells.length)} slot${cells.length === 1 ? '' : 's'}`;
  const upTo = stats === undefined ? ', up to the highest reported' : '';
  const scale = group > 1 ? `, each cell stands for ${number(group)}` : '';
  return `${all}${upTo}${scale}: ${parts.join(', ')}`;
};

/** The signs, and the letters of the seats that are known by name. */
const legend = (slots: readonly SlotReport[], stats: PoolStats | undefined): Item[] => {
  const names = new Map<number, string>();
  for (const { holders } of slots) for (const { seat, name } of holders) names.set(seat, name);
  for (const { seat, name } of stats?.threads ?? []) names.set(seat, name);
  const seats = [...names].sort(([a], [b]) => a - b);
  return [
    ...LEGEND,
    ...seats.map(([seat, name]) => ({
      sign: letter(seat, false),
      meaning: plainText(name),
      paint: paintOf({ kind: 'held', seat, sign: '' }),
    })),
  ];
};

/** The oldest that are out for too long, each in a sentence. */
const oldOnes = (slots: readonly SlotReport[], oldMs: number): string[] => {
  const old = slots
    .filter((row) => row.cachedBy === undefined && ageOf(row) > oldMs)
    .sort((a, b) => ageOf(b) - ageOf(a));
  const sentences = old.slice(0, OLD_LISTED).map((row) => {
    const names = row.holders.map(({ seat, name }) => `${letter(seat, false)} ${plainText(name)}`);
    const where = row.messages.length > 0 ? ['in flight'] : row.inLanes > 0 ? ['in a lane'] : [];
    const place = plainText(row.stack?.split('\n')[0] ?? '');
    const out = `${(ageOf(row) / 1000).toFixed(1)} s`;
    return `! slot ${row.slot}, ${out}: ${[...names, ...where].join(', ')} ${place}`.trimEnd();
  });
  const more = old.length - sentences.length;
  return more > 0 ? [...sentences, `! and ${number(more)} more`] : sentences;
};

/** A line per channel, its lanes together as one queue. */
const channels = ({ channels }: PoolStats): string[] => {
  const nameWidth = Math.max(0, ...channels.map(({ name }) => plainText(name).length));
  return channels.map(({ name, mode, depth, capacity, sent, dropped }) => {
    const full = Math.min(BAR_CELLS, Math.ceil((depth / Math.max(1, capacity)) * BAR_CELLS));
    const bar = '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
    const title = `${plainText(name).padEnd(nameWidth)} ${mode.padEnd(9)}`;
    const sums = `${number(sent)} sent, ${number(dropped)} dropped`;
    return `${title} ${bar} ${number(depth)} deep, ${number(capacity)} a lane, ${sums}`;
  });
};

const counters = (stats: PoolStats): Item[] => {
  const { acquires, hits, misses, releases, denied, waits, waiters, reclaimed } = stats;
  const sums = { acquires, hits, misses, releases, denied, waits, waiting: waiters, reclaimed };
  return Object.entries(sums).map(([meaning, sum]) => ({ sign: number(sum), meaning }));
};

/** So many cells to a line that the labels are round numbers, as far as there is room for it. */
const roundWidth = (room: number): number => {
  const unit = [64, 32, 16, 8].find((size) => size <= room) ?? 1;
  return Math.max(1, room - (room % unit));
};

const number = (value: number): string => {
  return value.toLocaleString('en');
};
