/**
 * Writing a megabyte, in private and in shared memory: what sharing costs before any library. V8 fills
 * shared memory one element at a time; copying in does not suffer.
 */
import { keep } from './kit.mjs';

const BYTES = 2 ** 20;
const KIB = BYTES / 1024;

const MEMORIES = [
  ['private', () => new ArrayBuffer(BYTES)],
  ['shared', () => new SharedArrayBuffer(BYTES)],
];

const WAYS = [
  [
    'bytes.set(picture)',
    (buffer) => {
      const bytes = new Uint8Array(buffer);
      const picture = new Uint8Array(BYTES).fill(1);
      return () => bytes.set(picture);
    },
  ],
  [
    'bytes.fill(value)',
    (buffer) => {
      const bytes = new Uint8Array(buffer);
      return (k) => bytes.fill(k);
    },
  ],
  [
    'float64s.fill(value)',
    (buffer) => {
      const numbers = new Float64Array(buffer);
      return (k) => numbers.fill(k);
    },
  ],
  [
    'a loop over bytes, writing',
    (buffer) => {
      const bytes = new Uint8Array(buffer);
      return (k) => {
        for (let at = 0; at < BYTES; at++) bytes[at] = at + k;
      };
    },
  ],
  [
    'a loop over bytes, reading',
    (buffer) => {
      const bytes = new Uint8Array(buffer);
      return () => {
        let sum = 0;
        for (let at = 0; at < BYTES; at++) sum = (sum + bytes[at]) | 0;
        keep(sum);
      };
    },
  ],
];

export const writing = WAYS.flatMap(([way, make]) =>
  MEMORIES.map(([memory, allocate]) => ({
    name: `${memory}: ${way}`,
    per: KIB,
    make() {
      const work = make(allocate());
      return (count) => {
        for (let k = 0; k < count; k++) work(k);
      };
    },
  })),
);
