/**
 * Writes docs/memory-layout.md and its picture from src/slab/layout.ts: the drawing in its comment, the
 * fields of its enums, and what its code answers for sample options. So the page cannot drift.
 *
 *   npm run docs:layout              writes them
 *   npm run docs:layout -- --check   fails if they are not what it would write
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { drawing } from './lib/layout-drawing.mjs';
import { table, writePages } from './lib/page.mjs';

const source = fileURLToPath(new URL('../src/', import.meta.url));
const INT = 4;

/** The modules of src/ that are needed, compiled one by one and loaded. */
async function load() {
  const folder = mkdtempSync(join(tmpdir(), 'frameslab-layout-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const name of ['errors', 'geometry', 'rounding', 'layout']) {
      const path = name === 'errors' ? 'errors.ts' : `slab/${name}.ts`;
      const { outputText } = ts.transpileModule(readFileSync(source + path, 'utf8'), {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      });
      const flat = outputText.replaceAll("'../errors.js'", "'./errors.js'");
      writeFileSync(join(folder, `${name}.js`), flat);
    }
    const at = (name) => pathToFileURL(join(folder, `${name}.js`)).href;
    const [layout, geometry, rounding] = ['layout', 'geometry', 'rounding'].map(
      (name) => import(at(name)),
    );
    return { ...(await layout), ...(await geometry), ...(await rounding) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { layoutOf, geometryOf, LINE } = await load();
const text = readFileSync(`${source}slab/layout.ts`, 'utf8');
const file = ts.createSourceFile('layout.ts', text, ts.ScriptTarget.ES2022, true);

// ---------------------------------------------------------------------------------------------
// The fields

/** The comments before a node, each as one line. */
function commentsOf(node) {
  const ranges = ts.getLeadingCommentRanges(text, node.pos) ?? [];
  return ranges.map(({ pos, end }) =>
    text
      .slice(pos, end)
      .replaceAll(/^\s*(?:\/\*\*|\*\/|\*|\/\/)|\*\/$/gm, '')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  );
}

/** Every enum: its name, its comment, and its fields with offset and room, in ints. */
const enums = file.statements.filter(ts.isEnumDeclaration).map((node) => {
  const values = node.members.map((member) => ({
    name: member.name.getText(),
    at: Number(member.initializer?.getText()),
    said: commentsOf(member).join(' '),
  }));
  const size = values.find(({ name }) => name === 'size')?.at;
  const fields = values.filter(({ name }) => name !== 'size').sort((a, b) => a.at - b.at);
  return { name: node.name.text, said: commentsOf(node).at(-1), size, fields };
});

function fieldsText({ name, said, size, fields }) {
  const rows = fields.map((field, k) => {
    const end = fields[k + 1]?.at ?? size;
    return [`\`${field.name}\``, field.at, field.at * INT, (end - field.at) * INT, field.said];
  });
  const head = ['field', 'int', 'byte', 'bytes to the next', ''];
  return `### ${name}\n\n${said} ${size} ints, ${size * INT} bytes.\n\n${table(head, rows)}`;
}

// ---------------------------------------------------------------------------------------------
// The regions

/** What a region is called: by the offset in `Layout` with which it begins. */
const NAMES = {
  stampAt: ['globals', 'stamp, takes, low water, ticket, doubt, settler, waiters: a line each'],
  leavesAt: ['free list', 'a bit per slot, with two levels above it'],
  slotsAt: ['slots', 'word, guard, length, tag, timestamp, sequence'],
  flightsAt: ['flights', 'messages to whoever adopts first'],
  seatsAt: ['seats', 'who is attached, and the private numbers of each'],
  sharesAt: ['shares', 'whose cache may use which seat’s share of the reserve'],
  cachesAt: ['caches', 'the free slots that each seat keeps'],
  ledgersAt: ['ledgers', 'who holds what: a cell per seat and slot'],
  mailAt: ['mail', 'messages to one seat: a cell per seat and slot'],
};

/** The regions of a slab in their order: name, first byte, bytes, what is in it. */
function regionsOf(layout, geometry) {
  const starts = [['header', 0, 'magic, version, sizes, identity, checksum']];
  const [header] = enums.filter(({ name }) => name === 'HEADER');
  if (geometry.channels.length > 0) starts.push(['catalog', header.size * INT, 'the channels']);
  for (const [key, [name, said]] of Object.entries(NAMES)) {
    starts.push([name, layout[key] * INT, said]);
  }
  for (const channel of layout.channels) {
    starts.push([`channel ${channel.name}`, channel.at * INT, `${channel.lanes} lanes`]);
  }
  if (layout.tracesAt > 0) starts.push(['traces', layout.tracesAt * INT, 'when, and the stack']);
  starts.push(['frames', layout.framesAtBytes, 'user header and data of each slot']);
  starts.sort((a, b) => a[1] - b[1]);
  return starts.map(([name, at, said], k) => {
    const end = starts[k + 1]?.[1] ?? layout.slabBytes;
    return { name, at, bytes: end - at, said };
  });
}

const number = (value) => value.toLocaleString('en-GB');
const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`;

const SAMPLES = [
  ['The defaults', {}],
  [
    'Audio: 20 ms of stereo, two channels',
    {
      frameSizeBytes: 3840,
      frames: 64,
      threadsMax: 4,
      channels: {
        raw: { capacity: 16 },
        processed: { capacity: 16, mode: 'broadcast' },
      },
    },
  ],
  ['Video: 1080p in NV12', { frameSizeBytes: 3_110_400, frames: 24, threadsMax: 8 }],
];

function sampleText([title, options]) {
  const geometry = geometryOf(options);
  const layout = layoutOf(geometry);
  const rows = regionsOf(layout, geometry).map(({ name, at, bytes, said }) => [
    name,
    number(at),
    number(bytes),
    percent(bytes, layout.slabBytes),
    said,
  ]);
  const { frames, threadsMax, cacheFrames } = geometry;
  return [
    `### ${title}`,
    `\`FramePool.create(${shown(options)})\``,
    `${number(layout.slabBytes)} bytes for ${layout.slots} slots: ${frames} frames + ${threadsMax} ` +
      `threads × ${cacheFrames} cached. Managing them takes ${number(layout.framesAtBytes)} bytes.`,
    table(['region', 'from byte', 'bytes', 'share', 'what is in it'], rows),
  ].join('\n\n');
}

function shown(options) {
  const json = JSON.stringify(options);
  return json === '{}'
    ? ''
    : json
        .replaceAll(/"(\w+)":/g, '$1: ')
        .replaceAll('"', "'")
        .replaceAll(',', ', ');
}

// ---------------------------------------------------------------------------------------------
// What grows with what: found by asking the code twice

const bytesWith = (options) => layoutOf(geometryOf(options)).slabBytes;

function growthText() {
  const base = { frameSizeBytes: 4096, frames: 1024, threadsMax: 16, cacheFrames: 32 };
  const channels = { q: { capacity: 16 } };
  const broadcast = { q: { capacity: 16, mode: 'broadcast' } };
  const wide = (mode) => ({ q: { capacity: 32, mode } });
  const rows = [
    ['a frame more', base, { ...base, frames: 2048 }, 1024],
    ['a byte of user header', base, { ...base, headerBytes: 64 }, 64],
    ['a seat more, cache and all', base, { ...base, threadsMax: 17 }, 1],
    [
      'a seat more, without caches',
      { ...base, cacheFrames: 0 },
      { ...base, cacheFrames: 0, threadsMax: 17 },
      1,
    ],
    ['a cached frame more, for 16 seats', base, { ...base, cacheFrames: 64 }, 32],
    ['a queue of 16', base, { ...base, channels }, 1],
    ['a broadcast of 16', base, { ...base, channels: broadcast }, 1],
    ['a broadcast of 32', base, { ...base, channels: wide('broadcast') }, 1],
    ['`trace`', base, { ...base, trace: true }, 1],
  ].map(([what, before, after, units]) => [
    what,
    number(Math.round((bytesWith(after) - bytesWith(before)) / units)),
  ]);
  return table(['what', 'bytes'], rows);
}

// ---------------------------------------------------------------------------------------------

const opening = commentsOf(file.statements[0]).length > 0 ? text.slice(0, text.indexOf('*/')) : '';
const box = opening
  .split('\n')
  .map((line) => line.replace(/^ \*\s{0,3}/, ''))
  .filter((line) => /^[│┌├└]|^int 0/.test(line))
  .join('\n');
if (box === '') throw new Error('src/slab/layout.ts opens without a drawing');
checkDrawing();

/** The drawing is a comment: it has to name the regions in the order in which the code lays them. */
function checkDrawing() {
  const everything = geometryOf({ trace: true, channels: { q: { capacity: 1 } } });
  const wanted = regionsOf(layoutOf(everything), everything).map(({ name }) =>
    name.toUpperCase().replace('CHANNEL Q', 'CHANNELS'),
  );
  const drawn = [...box.matchAll(/^│ ([A-Z]+(?: [A-Z]+)*) {2}/gm)].map((match) => match[1]);
  const sizeOf = (name) => enums.find((each) => each.name === name).size;
  const facts = [
    [/^│ HEADER +(\d+) ints/m, sizeOf('HEADER')],
    [/^│ CATALOG +(\d+) ints/m, sizeOf('CATALOG')],
    [/^│ SLOTS +(\d+) ints/m, sizeOf('SLOT')],
    [/^│ FLIGHTS +(\d+) ints/m, sizeOf('FLIGHT')],
    [/^│ SEATS +(\d+) lines/m, sizeOf('SEAT') / LINE],
    [/subscriber\): (\d+) lines and/, sizeOf('LANE') / LINE],
  ];
  const wrong = facts.filter(([pattern, size]) => Number(pattern.exec(box)?.[1]) !== size);
  if (`${drawn}` === `${wanted}` && wrong.length === 0) return;
  throw new Error(
    `the drawing in src/slab/layout.ts is wrong: it says ${drawn}, the code ${wanted}; ` +
      `numbers that differ: ${wrong.map(([pattern]) => pattern).join(' ') || 'none'}`,
  );
}

const geometry = geometryOf(SAMPLES[1][1]);
const layout = layoutOf(geometry);
const page = `# The memory layout

<!-- Written by \`npm run docs:layout\` from src/slab/layout.ts. Change that, not this page. -->

Everything lies in one \`SharedArrayBuffer\`, the slab. Its layout is a pure function of the options, and
the options stand in its header: a thread that attaches needs the buffer and nothing else. Offsets are
counted in 32-bit words ("ints") from the slab's beginning; a *line* is 16 ints, 64 bytes, what one cache
line holds.

You never need these numbers to use the library. They are for reading the code, a memory dump, or a
slab from another language.

\`\`\`text
${box}
\`\`\`

To scale, for the second sample below:

![The regions of a slab, to scale](images/memory-layout.svg)

## Samples

${SAMPLES.map(sampleText).join('\n\n')}

## What costs what

Bytes of the slab, from \`{ frameSizeBytes: 4096, frames: 1024, threadsMax: 16, cacheFrames: 32 }\` on.
How to choose the numbers is in [sizing.md](sizing.md).

${growthText()}

## Fields

One table per kind of row. *Bytes to the next* is the room that a field has: 64-bit floats need 8, what
stands alone on its line has the rest of it.

${enums.map(fieldsText).join('\n\n')}

The bits inside the words (generations, counts, flags) are drawn where their verbs are:
[slot-word.ts](../src/words/slot-word.ts), [ledger-cell.ts](../src/words/ledger-cell.ts),
[handle.ts](../src/words/handle.ts), [flights.ts](../src/protocol/flights.ts) and
[ring.ts](../src/protocol/ring.ts).
`;

writePages(
  {
    'docs/memory-layout.md': page,
    'docs/images/memory-layout.svg': drawing(regionsOf(layout, geometry), layout.slabBytes),
  },
  'docs:layout',
);
