/** `renderSlab` draws every slot once, within its width, and only what it was given. */
import fc from 'fast-check';
import {
  InvalidOptionError,
  type PoolStats,
  type RenderOptions,
  renderSlab,
  type SlotReport,
} from 'frameslab';
import { afterEach, describe, expect, test } from 'vitest';
import { expectAllHome, refused, smallPool, wrong } from './kit.js';

const SEED = Number(process.env['SEED'] ?? Math.trunc(Math.random() * 0x7fff_ffff));
const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
const plain = (text: string): string => text.replace(ESCAPES, '');

/**
 * The cells of a picture that is wide enough for labels: what stands behind each line's number,
 * between the sums, which end with a word, and the legend.
 */
function cellsIn(text: string): { labels: number[]; cells: string } {
  const [above = ''] = plain(text).split(/^· free/m);
  const lines = [...above.matchAll(/^ *(\d+) (?!held|old|suspect)([·a-zA-Z@%0-9+>~!?░▒▓█]+)$/gm)];
  return {
    labels: lines.map((line) => Number(line[1])),
    cells: lines.map((line) => line[2]).join(''),
  };
}

const row = (slot: number, more: Partial<SlotReport> = {}): SlotReport => ({
  slot,
  generation: 1,
  handle: slot + 1,
  references: 1,
  holders: [{ seat: 0, name: 'main', count: 1 }],
  messages: [],
  inLanes: 0,
  suspect: false,
  ...more,
});

/** Stats of a pool with so many slots; the other numbers are those of a new one. */
function statsOf(slots: number): PoolStats {
  const pool = smallPool();
  const stats = { ...pool.stats(), slots };
  pool.close();
  return stats;
}

const lane = { holders: [], inLanes: 1 };
const flight = { holders: [], messages: [{ to: -1, count: 1, sender: 0, ageMs: 5 }] };
const shared = { references: 3, inLanes: 2 };
const anyRow = fc.constantFrom<Partial<SlotReport>>(
  {},
  lane,
  flight,
  shared,
  { cachedBy: 1, holders: [], references: 0 },
  { ageMs: 1e6, stack: 'at work (file:///app/worker.mjs:12:34)' },
  { suspect: true },
  { holders: [{ seat: 200, name: 'x'.repeat(40), count: 2 }] },
);
const anyPicture = fc
  .tuple(fc.integer({ min: 1, max: 300 }), fc.dictionary(fc.nat(299).map(String), anyRow))
  .map(([slots, rows]) => ({
    stats: statsOf(slots),
    slots: Object.entries(rows)
      .map(([slot, more]) => row(Number(slot), more))
      .filter(({ slot }) => slot < slots),
  }));

describe('the cells', () => {
  test(`show every slot exactly once, in order (seed ${SEED})`, () => {
    const property = fc.property(
      anyPicture,
      fc.integer({ min: 20, max: 200 }),
      ({ slots, stats }, columns) => {
        const { labels, cells } = cellsIn(renderSlab(slots, { stats, columns, rows: 999 }));
        expect(cells).toHaveLength(stats.slots);
        const wide = labels[1] ?? stats.slots;
        expect(labels).toEqual(labels.map((_, line) => line * wide));
        const taken = [...cells].flatMap((sign, slot) => (sign === '·' ? [] : [slot]));
        expect(taken).toEqual(slots.map(({ slot }) => slot).sort((a, b) => a - b));
      },
    );
    fc.assert(property, { seed: SEED, numRuns: 100 });
  });

  test('have a sign for each state of a real pool', () => {
    const pool = smallPool({ cacheFrames: 4, channels: { work: { capacity: 4 } } });
    const [alone, both, sent, message, freed] = pool.acquireMany(5) ?? [];
    if (!alone || !both || !sent || !message || !freed) throw new Error('five frames');
    alone.retain();
    both.share();
    const where = [alone, both, sent, message, freed].map((frame) => frame.slot);
    pool.channel('work').trySend(sent);
    message.transfer();
    freed.release();
    const slots = pool.inspect({ cached: true });
    const { cells } = cellsIn(renderSlab(slots, { stats: pool.stats() }));
    expect(where.map((slot) => cells[slot])).toEqual(['A', '2', '>', '~', 'a']);
    for (const { handle, messages } of slots) if (messages.length > 0) pool.revoke(handle);
    pool.channel('work').tryReceive()?.release();
    alone[Symbol.dispose]();
    both.release();
    expectAllHome(pool);
  });

  test('show what is old, with its place, and what is suspect', () => {
    const pool = smallPool({ trace: true });
    const frame = pool.acquireSync(1);
    const old = pool.inspect().map((found) => ({ ...found, ageMs: 60_000 }));
    const text = renderSlab(old, { stats: pool.stats() });
    expect(cellsIn(text).cells[frame.slot]).toBe('!');
    expect(text).toMatch(/^! slot \d+, 60\.0 s: A main at .*render\.test/m);
    expect(cellsIn(renderSlab(old, { oldMs: 70_000 })).cells).not.toContain('!');
    expect(cellsIn(renderSlab([row(0, { suspect: true })])).cells).toBe('?');
    frame.release();
    expectAllHome(pool);
  });

  test('are letters of the seats, the same letter whoever else is there', () => {
    const holder = (seat: number): Partial<SlotReport> => ({
      holders: [{ seat, name: `w${seat}`, count: 1 }],
    });
    expect(cellsIn(renderSlab([row(0, holder(2)), row(1, holder(25))])).cells).toBe('CZ');
    expect(cellsIn(renderSlab([row(0, holder(2)), row(1, holder(26))])).cells).toBe('C@');
    expect(renderSlab([row(0, holder(2))])).toContain('C w2');
  });
});

describe('the size', () => {
  test(`no line is wider than asked for, and colour adds no column (seed ${SEED})`, () => {
    const property = fc.property(
      anyPicture,
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 40 }),
      ({ slots, stats }, columns, rows) => {
        const text = renderSlab(slots, { stats, columns, rows });
        const widths = text.split('\n').map((line) => line.length);
        expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
        expect(plain(renderSlab(slots, { stats, columns, rows, color: true }))).toBe(text);
      },
    );
    fc.assert(property, { seed: SEED, numRuns: 100 });
  });

  test('one slot makes one cell', () => {
    expect(cellsIn(renderSlab([row(0)], { stats: statsOf(1) }))).toEqual({
      labels: [0],
      cells: 'A',
    });
    expect(cellsIn(renderSlab([], { stats: statsOf(1) })).cells).toBe('·');
    expect(renderSlab([])).toContain('0 slots');
  });

  test('100,000 slots share cells, which say for how many they stand', () => {
    const stats = statsOf(100_000);
    const slots = Array.from({ length: 30_000 }, (_, slot) => row(slot));
    slots.push(row(70_000, { ageMs: 1e6 }));
    const text = renderSlab(slots, { stats, rows: 20 });
    const { labels, cells } = cellsIn(text);
    const each = Number(/each cell stands for (\d+)/.exec(text)?.[1]);
    expect(labels.length).toBeLessThanOrEqual(20);
    expect(cells).toHaveLength(Math.ceil(100_000 / each));
    expect(labels[1]).toBe(each * 64);
    expect([...cells].filter((sign) => sign === '█')).toHaveLength(Math.floor(30_000 / each));
    expect(cells[Math.floor(70_000 / each)]).toBe('!');
    expect(text).toContain('69,999 free');
    expect(renderSlab(slots.slice(0, 9), { stats: statsOf(9), rows: 1 })).not.toContain('stands');
  });

  test('a width that is none is refused', () => {
    for (const columns of [0, -1, 1.5, Number.NaN, wrong('80')]) {
      refused(() => renderSlab([], { columns }), InvalidOptionError, 'columns');
    }
    refused(() => renderSlab([], { rows: 0 }), InvalidOptionError, 'rows');
  });
});

describe('a pure function', () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  test('colour is off unless asked for; the environment is not asked', () => {
    const colour: RenderOptions = { color: true };
    const [off, on] = [renderSlab([row(0)]), renderSlab([row(0)], colour)];
    expect(off).toBe(plain(on));
    expect(on).not.toBe(off);
    process.env['NO_COLOR'] = '1';
    expect(renderSlab([row(0)], colour)).toBe(on);
    delete process.env['NO_COLOR'];
    process.env['FORCE_COLOR'] = '1';
    expect(renderSlab([row(0)])).toBe(off);
  });

  test('what went through JSON looks the same', () => {
    const pool = smallPool({ trace: true, channels: { work: { capacity: 4 } } });
    const frame = pool.acquireSync(1);
    const [slots, stats] = [pool.inspect({ cached: true }), pool.stats()];
    const copy = JSON.parse(JSON.stringify({ slots, stats }));
    expect(renderSlab(copy.slots, { stats: copy.stats })).toBe(renderSlab(slots, { stats }));
    frame.release();
    expectAllHome(pool);
  });

  test('a name cannot steer the terminal, nor a place', () => {
    const holders = [{ seat: 0, name: '\x1b[2J\n\u009b歩', count: 1 }];
    const text = renderSlab([row(0, { holders, ageMs: 1e6, stack: 'at \x07bell' })]);
    expect(text).toContain('A ?[2J???');
    expect(text).toContain('at ?bell');
    expect(text).not.toMatch(/[^\n\x20-\x7e·░▒▓█…]/);
  });
});

test('with stats, channels are drawn as queues, with the counters', () => {
  const pool = smallPool({ channels: { work: { capacity: 4 }, rest: { capacity: 4 } } });
  for (let k = 0; k < 2; k++) pool.channel('work').trySend(pool.acquireSync(1));
  const text = renderSlab(pool.inspect(), { stats: pool.stats() });
  expect(text).toContain('work queue     ████████░░░░░░░░ 2 deep, 4 a lane, 2 sent, 0 dropped');
  expect(text).toContain('rest queue     ░░░░░░░░░░░░░░░░ 0 deep, 4 a lane, 0 sent, 0 dropped');
  expect(text).toMatch(/^2 acquires {3}\d hits {3}\d misses {3}0 releases/m);
  expect(renderSlab(pool.inspect())).not.toContain('acquires');
  for (let k = 0; k < 2; k++) pool.channel('work').tryReceive()?.release();
  expectAllHome(pool);
});
