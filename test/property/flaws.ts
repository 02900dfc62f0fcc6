/**
 * The library with known flaws, one at a time: the proof that the properties can fail. A flaw is a
 * change of the built text; one that no longer fits the build is an error.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ALPHABETS } from './commands.js';
import { LIBRARY_FILE } from './run.js';

/** `[what is wrong, the text of the build, what it is replaced by]`. */
export type Flaw = readonly [name: string, from: string, to: string];

/** Found by random sequences of this alphabet. */
export const COMMAND_FLAWS: readonly (readonly [alphabet: keyof typeof ALPHABETS, ...Flaw])[] = [
  [
    'frame objects',
    'a new frame keeps its last length',
    'i32[this.ledgerAt + slot] = 1, f64[at + 2 /* length */ >> 1] = 0,',
    'i32[this.ledgerAt + slot] = 1,',
  ],
  [
    'frame objects',
    'a shared frame may be written',
    'return this.ledger.count(slot) === 1 && (payload === this.owned || payload === 1);',
    'return true;',
  ],
  [
    'the integer API',
    'a retain of a shared frame is not counted in its word',
    'if (i32[cellAt] = cell + 1, !!shared)',
    'if (i32[cellAt] = cell + 1, false)',
  ],
  [
    'frame objects',
    'a message to a seat is looked for among those to anybody',
    'let from = mailed ? refs.seat : ANYBODY;',
    'let from = ANYBODY;',
  ],
  [
    'frame objects',
    'a private copy has another header',
    'copyView(this.header, copy.header), copy',
    'copy',
  ],
  [
    'the integer API',
    'an acquireMany that fails keeps what it took',
    'done < count && (this.releaseMany(into, done), ',
    'done < count && (',
  ],
  [
    'the integer API',
    'a releaseMany releases a handle more often than it is held',
    'this.marks.first(this.check(handle)) || this.checkRepeated(from, end, handle);',
    'this.check(handle);',
  ],
  [
    'channels',
    'what is dropped as the oldest is never released',
    'handle !== 0 && (this.refs.release(handle), this.add(lane + 4',
    'handle !== 0 && (this.add(lane + 4',
  ],
  [
    'channels',
    'a subscriber that leaves does not release what lay in its lanes',
    'this.ring.cut(lane), this.drain(lane, producer, -1, drained);',
    'this.ring.cut(lane);',
  ],
  ['channels', 'a batch sends twice what is held once', '!refs.marks.first(slot) || ', ''],
  [
    'channels',
    'a broadcast counts one reference too few',
    'let extra = Math.max(0, targets - 1);',
    'let extra = 0;',
  ],
  [
    'frame objects',
    'the guard does not fill released slots',
    'this.bytes(slot).fill(POISON), ',
    '',
  ],
  [
    'frame objects',
    'an overwritten gap keeps its old bytes',
    'offset > before && storage.fill(0, before, offset)',
    'offset > before',
  ],
];

/** Found by damaged slabs of a kind. */
export const FUZZ_FLAWS: readonly (readonly [kind: string, ...Flaw])[] = [
  [
    'headerBit',
    'nobody looks at the checksum',
    '!== i32[3 /* checksum */])',
    '!== i32[3 /* checksum */] && false)',
  ],
  [
    'truncated',
    'nobody looks at the size',
    'if (said !== layout.slabBytes || room < layout.slabBytes)',
    'if (said !== layout.slabBytes)',
  ],
  [
    'bookBit',
    'the audit does not look at the free bits',
    'if (row.bit) return',
    'if (row.bit && row.slot < 0) return',
  ],
];

/** A pause in the middle of what must be one step: so that every machine shows the flaw. */
const PAUSE = 'for (let k = 0; k < 3000; k++) Atomics.load(this.i32, 0);';

/** Found in recorded histories, each in the scene of this name. */
export const HISTORY_FLAWS: readonly (readonly [scene: string, ...Flaw])[] = [
  [
    'two frames, three threads',
    'a free bit is taken by a plain store',
    'let taken = Atomics.and(i32, at, ~bits) & bits;',
    `${PAUSE} i32[at] = i32[at] & ~bits; let taken = bits;`,
  ],
  [
    'messages of one frame, three threads',
    'a message is taken by a plain store',
    'if (Atomics.compareExchange(this.i32, at, before, before - 1) === before) return !0;',
    `${PAUSE} this.i32[at] = before - 1; return !0;`,
  ],
  [
    'a queue, 1 producer(s), 2 consumer(s)',
    'a cell is claimed by a plain store',
    'before = Atomics.compareExchange(this.i32, at, full, 0);',
    `before = this.i32[at]; ${PAUSE} if (before === full) this.i32[at] = 0;`,
  ],
];

/** Calls back with the path of a build that has the flaw; removes it afterwards. */
export async function withFlaw<T>(
  [name, from, to]: Flaw,
  use: (file: string) => Promise<T> | T,
): Promise<T> {
  const text = readFileSync(LIBRARY_FILE, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`'${name}' does not fit this build: ${from}`);
  const folder = mkdtempSync(join(tmpdir(), 'frameslab-flaw-'));
  try {
    const file = join(folder, 'node.cjs');
    writeFileSync(
      file,
      text.replace(from, () => to),
    );
    return await use(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
