/**
 * A failing run as a table: a column per thread, a row per access, time goes down.
 *
 * Each row names the operation, the word by its place in the slab, and what it was and became.
 * Plain reads of words that only one thread knows are left out.
 */
import type { FramePool } from 'frameslab';
import { CHANNEL, FLIGHT, HEADER, LANE, SEAT, SLOT } from '../../src/slab/layout.js';
import { OPERATIONS, READ, type Step, type Thread } from './machine.js';

/** Where things are in a slab; what this file needs of the library's own layout. */
export interface Regions {
  readonly [name: string]: number | readonly object[];
}

/** The fields of a row, as the drawing in src/slab/layout.ts has them. */
type Fields = Readonly<Record<string, string | number>>;

/** The field at an offset; `sequence+1` is the second int of `sequence`. */
function fieldOf(fields: Fields, offset: number): string {
  let [best, begin] = ['field', 0];
  for (const [name, at] of Object.entries(fields)) {
    if (typeof at !== 'number' || name === 'size' || at > offset || at < begin) continue;
    [best, begin] = [name, at];
  }
  return offset === begin ? best : `${best}+${offset - begin}`;
}

interface Channel {
  readonly name: string;
  readonly at: number;
  readonly lanesAt: number;
  readonly lanes: number;
  readonly laneSize: number;
}

interface Layout {
  readonly [name: string]: number;
}

/** Names addresses of one slab. */
export class Atlas {
  private readonly layout: Layout;
  private readonly channels: readonly Channel[];

  /** @param pool any pool object on the slab; @param modelAt where the model's words begin. */
  constructor(
    pool: FramePool,
    private readonly modelAt: number,
  ) {
    const { layout } = (pool as unknown as { attachment: { slab: { layout: Layout } } }).attachment
      .slab;
    this.layout = layout;
    this.channels = (layout as unknown as { channels: readonly Channel[] }).channels;
  }

  /** What stands at an address. */
  name(address: number): string {
    const l = this.layout as Record<string, number>;
    const at = (name: string): number => l[name] as number;
    if (address >= this.modelAt) return `model ${address - this.modelAt}`;
    if (address >= at('controlInts')) return this.frameName(address);
    const channel = this.channelName(address);
    if (channel !== undefined) return channel;
    for (const [from, stride, say] of this.tables()) {
      if (address < at(from)) continue;
      const offset = address - at(from);
      const row = stride === 0 ? 0 : Math.floor(offset / stride);
      return say(row, stride === 0 ? offset : offset % stride);
    }
    return `header ${fieldOf(HEADER, address)}`;
  }

  /** The regions from the last to the first. */
  private tables(): [string, number, (row: number, rest: number) => string][] {
    const l = this.layout as Record<string, number>;
    return [
      ['mailAt', l['ledgerStride'] as number, (row, slot) => `mail seat ${row} slot ${slot}`],
      ['ledgersAt', l['ledgerStride'] as number, (row, slot) => `ledger seat ${row} slot ${slot}`],
      ['cachesAt', l['cacheStride'] as number, (row, k) => `cache seat ${row} [${k}]`],
      ['seatsAt', SEAT.size, (row, rest) => `seat ${row} ${fieldOf(SEAT, rest)}`],
      ['flightsAt', FLIGHT.size, (row, rest) => `flight ${row} ${fieldOf(FLIGHT, rest)}`],
      ['slotsAt', SLOT.size, (row, rest) => `slot ${row} ${fieldOf(SLOT, rest)}`],
      ['rootAt', 0, (_, k) => `root ${k}`],
      ['summaryAt', 0, (_, k) => `summary ${k}`],
      ['leavesAt', l['leafStride'] as number, (row) => `leaf ${row}`],
      ['waitersAt', 0, (_, k) => `waiters ${k}`],
      ['settlerAt', 0, () => 'settler'],
      ['doubtAt', 0, () => 'doubt'],
      ['ticketAt', 0, () => 'ticket'],
      ['lowWaterAt', 0, () => 'low water'],
      ['takesAt', 0, () => 'takes'],
      ['stampAt', 0, () => 'stamp'],
    ];
  }

  private frameName(address: number): string {
    const l = this.layout as Record<string, number>;
    const stride = (l['frameStrideBytes'] as number) >> 2;
    const offset = address - (l['controlInts'] as number);
    return `frame ${Math.floor(offset / stride)} [${offset % stride}]`;
  }

  private channelName(address: number): string | undefined {
    for (const { name, at, lanesAt, lanes, laneSize } of this.channels) {
      if (address >= at && address < lanesAt) {
        return `${name} ${fieldOf(CHANNEL, address - at)}`;
      }
      if (address < lanesAt || address >= lanesAt + lanes * laneSize) continue;
      const lane = Math.floor((address - lanesAt) / laneSize);
      const rest = (address - lanesAt) % laneSize;
      const cell = rest - LANE.size;
      const what =
        cell < 0 ? fieldOf(LANE, rest) : `cell ${cell >> 1} ${cell & 1 ? 'state' : 'handle'}`;
      return `${name} lane ${lane} ${what}`;
    }
    return undefined;
  }
}

/** The table of a run. */
export function tableOf(steps: readonly Step[], threads: readonly Thread[], atlas: Atlas): string {
  const shared = sharedAddresses(steps);
  const rows = steps
    .filter((step) => step.operation !== READ || shared.has(step.address))
    .map((step) => ({ step, text: textOf(step, atlas) }));
  const widths = threads.map((thread) =>
    rows.reduce(
      (width, { step, text }) => (step.thread === thread ? Math.max(width, text.length) : width),
      8,
    ),
  );
  const lines = [
    threads.map((thread, k) => thread.name.padEnd(widths[k] as number)).join(' | '),
    widths.map((width) => '-'.repeat(width)).join('-+-'),
  ];
  for (const { step, text } of rows) {
    const cells = threads.map((thread, k) =>
      (thread === step.thread ? text : '').padEnd(widths[k] as number),
    );
    lines.push(`${cells.join(' | ')} | ${step.site.where}:${step.site.line}`);
  }
  return lines.join('\n');
}

function sharedAddresses(steps: readonly Step[]): Set<number> {
  const users = new Map<number, number>();
  for (const { address, thread } of steps) {
    users.set(address, (users.get(address) ?? 0) | (1 << thread.id));
  }
  const shared = [...users].filter(([, mask]) => (mask & (mask - 1)) !== 0);
  return new Set(shared.map(([address]) => address));
}

function textOf({ operation, address, before, after, result }: Step, atlas: Atlas): string {
  const change = before === after ? hex(before) : `${hex(before)} -> ${hex(after)}`;
  const outcome = typeof result === 'string' ? ` ${result}` : '';
  return `${OPERATIONS[operation]} ${atlas.name(address)}: ${change}${outcome}`;
}

function hex(value: number): string {
  return value >= -1024 && value < 1024 ? String(value) : `0x${(value >>> 0).toString(16)}`;
}
