/**
 * Slabs for the fuzzer: one with a life in it (frames held, messages under way, mail, lanes, a free
 * seat), and damaged copies of it between guard bytes. The same seed and number damage it alike.
 *
 * Plain JavaScript: it runs in the worker.
 */

export const GUARD = 0xa5;
const MARGIN = 4096;

/** mulberry32: small random numbers that a seed decides. */
export function randomFrom(start) {
  let state = start | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}

/** Attaches under a registry of its own, as if it were a thread of its own. */
export function alone(attach) {
  const version = Object.getOwnPropertySymbols(globalThis).find((key) =>
    key.description?.startsWith('frameslab.attachments.'),
  );
  const kept = version && globalThis[version];
  if (version) globalThis[version] = new Set();
  try {
    return attach();
  } finally {
    if (version) globalThis[version] = kept;
  }
}

/** A slab in the middle of its life. `handles` are those that its threads know. */
export function livingSlab({ FramePool }, options) {
  // Once before, so that the symbol of the registry exists.
  FramePool.create({ frames: 1, frameSizeBytes: 1, threadsMax: 1, cacheFrames: 0 }).close();
  const pool = alone(() => FramePool.create(options));
  const other = alone(() => FramePool.attach(pool.ref));
  const handles = [];
  const made = (frame) => {
    if (frame === undefined) return undefined;
    handles.push(frame.handle);
    return frame.write(Uint8Array.of(handles.length, 2));
  };
  const first = made(pool.tryAcquire());
  first.share(); // to anybody
  first.share({ to: other.seat });
  other.adopt(first.share());
  other.channel('news').subscribe();
  pool.channel('news').trySend(first.retain());
  const second = made(other.tryAcquire());
  other.channel('line').trySend(second.retain());
  const third = made(pool.tryAcquire());
  third?.release();
  const { buffer, byteOffset } = pool;
  // The parties stay reachable: a traced frame that is collected would be reported as a leak.
  return {
    handles,
    bytes: new Uint8Array(buffer, byteOffset).slice(),
    keep: [first, second, third, pool, other],
  };
}

/** A copy of the bytes between guards: `{ ref, ints, intact }`. */
export function guarded(bytes, byteOffset = MARGIN) {
  const after = byteOffset + bytes.length;
  const buffer = new SharedArrayBuffer(after + MARGIN);
  const all = new Uint8Array(buffer).fill(GUARD);
  all.set(bytes, byteOffset);
  const intact = () =>
    all.subarray(0, byteOffset).every((byte) => byte === GUARD) &&
    all.subarray(after).every((byte) => byte === GUARD);
  const ints = new Int32Array(buffer, byteOffset, bytes.length >> 2);
  return { ref: { frameslab: 'pool', buffer, byteOffset }, ints, intact };
}

/** FNV-1a over header and catalog without magic and checksum, as slab.ts defines it. */
export function sealed(ints, channels) {
  let hash = 0x811c_9dc5;
  for (let k = 0; k < 64 + channels * 64 && k < ints.length; k++) {
    if (k !== 0 && k !== 3) hash = Math.imul(hash ^ ints[k], 0x0100_0193);
  }
  ints[3] = hash;
}
