/**
 * The fuzzer's thread: goes through its cases, and says in shared memory at which one it is, so that
 * the test can tell when it hangs, and in which case.
 */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { live, Trial } from './fuzz-life.mjs';
import { alone, guarded, livingSlab, randomFrom, sealed } from './fuzz-slabs.mjs';

const HEADER_INTS = 64;
const CATALOG_INTS = 64;
const CHANNELS = 2;
const SEATS = 3;
const HEAD = HEADER_INTS + CHANNELS * CATALOG_INTS;

const library = createRequire(import.meta.url)(workerData.library);

/** Attaches; `undefined` if it was refused as no slab. Anything else is a fault of the library. */
function attach(trial, ref) {
  return trial.call('attach', () => alone(() => library.FramePool.attach(ref)));
}

/**
 * True if the audit must notice this bit: it says whether a slot is free, who owns it, how many
 * refer to it, or how many of its messages are in flight. (That a free slot lies in one seat's cache
 * and not in another's, and how often its only holder holds it, no other word says.)
 */
function mustBeNoticed({ books, slots, leafStride }, ints, name, offset, bit) {
  const wordOf = (slot) => ints[books.slots[0] + slot * 8];
  if (name === 'leaves') {
    const leaf = offset / leafStride;
    return Number.isInteger(leaf) && leaf * 32 + bit < slots;
  }
  if (name === 'slots') {
    const word = ints[books.slots[0] + offset];
    if (offset % 8 !== 0 || offset / 8 >= slots || bit > 15) return false;
    return (word & 0xffff) < 0xff00 || bit > 7 || isReferredTo(ints, books, offset / 8);
  }
  if (name !== 'flights' || offset % 4 !== 0 || offset / 4 >= slots || bit > 15) return false;
  return ints[books.flights[0] + offset] >>> 17 === wordOf(offset / 4) >>> 17;
}

/** True if any ledger counts a reference to a slot. */
function isReferredTo(ints, { ledgers }, slot) {
  const stride = (ledgers[1] - ledgers[0]) / SEATS;
  for (let seat = 0; seat < SEATS; seat++) {
    if ((ints[ledgers[0] + seat * stride + slot] & 0xffff) !== 0) return true;
  }
  return false;
}

/** What each kind of case damages: `(base, random, k)` answers guarded memory, or a ref to refuse. */
const KINDS = {
  /** Every bit of header and catalog, one at a time. */
  headerBit({ bytes }, _random, k) {
    const slab = guarded(bytes);
    slab.ints[k >> 5] ^= 1 << (k & 31);
    return { ...slab, refuse: true };
  },
  /** Several bits of header and catalog. */
  headerBits({ bytes }, random) {
    const slab = guarded(bytes);
    // But no top bits: two of them cancel in the checksum.
    const place = () => random(HEAD) * 32 + random(31);
    const flips = new Set(Array.from({ length: 2 + random(30) }, place));
    for (const bit of flips) slab.ints[bit >> 5] ^= 1 << (bit & 31);
    return { ...slab, refuse: true };
  },
  /** Header words at random, under a checksum that fits. */
  forgedHeader({ bytes }, random) {
    const slab = guarded(bytes);
    for (let n = 1 + random(3); n > 0; n--) {
      const at = 4 + random(HEAD - 4);
      slab.ints[at] = random(2) ? slab.ints[at] ^ (1 << random(32)) : random(2 ** 32) | 0;
    }
    sealed(slab.ints, Math.min(CHANNELS, Math.max(0, slab.ints[16])));
    return slab;
  },
  /** Cut short, at any length. */
  truncated({ bytes }, random) {
    const length = random(bytes.length / 4) * 4;
    const { ref } = guarded(bytes);
    const buffer = new SharedArrayBuffer(length);
    new Uint8Array(buffer).set(bytes.subarray(0, length));
    return { ref: { ...ref, buffer, byteOffset: 0 }, intact: () => true, refuse: true };
  },
  /** Random bytes, some with the magic number. */
  noise(_base, random) {
    const words = Int32Array.from({ length: 16 + random(4000) }, () => random(2 ** 32) | 0);
    const slab = guarded(new Uint8Array(words.buffer), 64 * random(8));
    if (random(2)) slab.ints[0] = 0x6672_6d73;
    if (random(2)) slab.ints.set([1, 0x0102_0304], 1);
    return { ...slab, refuse: true };
  },
  /** The right memory at a wrong offset. */
  wrongOffset({ bytes }, random) {
    const slab = guarded(bytes, 4096);
    const wrong = [0, 64, 4032, 4160, 4097, -64, 0.5, 2 ** 53, Number.NaN, undefined, '4096'];
    const byteOffset = wrong[random(wrong.length)];
    return { ...slab, ref: { ...slab.ref, byteOffset }, refuse: true };
  },
  /** One bit of the books: slots' words, free list, flights, ledgers or mail. */
  bookBit(base, random) {
    const slab = guarded(base.bytes);
    const names = Object.keys(base.books);
    const name = names[random(names.length)];
    const [from, to] = base.books[name];
    // Half of them where something stands: a leaf, a slot's word, a flight word.
    const step = { leaves: base.leafStride, slots: 8, flights: 4 }[name] ?? 1;
    const aimed = random(2) === 1 ? random(Math.ceil((to - from) / step)) * step : -1;
    const at = from + (aimed >= 0 ? aimed : random(to - from));
    const bit = random(aimed >= 0 ? Math.min(32, name === 'leaves' ? base.slots : 17) : 32);
    const noticed = mustBeNoticed(base, slab.ints, name, at - from, bit);
    slab.ints[at] ^= 1 << bit;
    return { ...slab, noticed };
  },
};

const living = new Map();

/** One of the slabs to be damaged, made once. */
function baseOf(number) {
  const plan = workerData.bases[number % workerData.bases.length];
  if (!living.has(plan)) living.set(plan, { ...plan, ...livingSlab(library, plan.options) });
  return living.get(plan);
}

function run({ kind, seed, from = 0, to, progress, name }) {
  const result = { cases: 0, attached: 0, noticed: 0, calls: 0, codes: {}, faults: [] };
  for (let k = from; k < to; k++) {
    Atomics.store(progress, 0, k + 1);
    const base = baseOf(kind === 'headerBit' ? seed : seed + k);
    const random = randomFrom(Math.imul(seed, 0x9e37_79b1) + k);
    const slab = KINDS[kind](base, random, k);
    const trial = new Trial(name);
    const pool = attach(trial, slab.ref);
    if (pool !== undefined) {
      result.attached += 1;
      if (slab.refuse) trial.strange.push('attach: believed a slab that it must refuse');
      const { ok } = trial.call('audit', () => pool.audit()) ?? {};
      if (slab.noticed && ok) trial.strange.push('audit: did not notice the damage');
      result.noticed += ok ? 0 : 1;
      live(trial, pool, base.handles, random);
    }
    if (!slab.intact()) trial.strange.push('somebody wrote outside the slab');
    result.cases += 1;
    result.calls += trial.calls;
    for (const [code, count] of trial.codes) result.codes[code] = (result.codes[code] ?? 0) + count;
    for (const what of trial.strange) {
      if (result.faults.length < 20) result.faults.push(`case ${k}: ${what}`);
    }
  }
  return result;
}

process.emitWarning = () => undefined; // traced pools report what the damage makes them lose
const result = run(workerData);
process.removeAllListeners('exit');
parentPort.postMessage(result);
