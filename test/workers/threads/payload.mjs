/** What the tests write into frames: producer and sequence, a pattern, and a checksum over it. */

/** One step of a xorshift generator; never 0 for a seed that is not 0. */
export function nextRandom(state) {
  let x = state | 0 || 1;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x;
}

/** A generator of numbers from 0 to `below` − 1. */
export function randomFrom(seed) {
  let state = seed | 0 || 1;
  return (below) => {
    state = nextRandom(state);
    return (state >>> 0) % below;
  };
}

/** Fills a frame that this thread alone holds: sequence, producer (tag), pattern, checksum. */
export function fill(frame, producer, sequence) {
  const words = Math.min(16, frame.capacity >> 2);
  frame.length = words << 2;
  const view = new Int32Array(frame.storage.buffer, frame.byteOffset, words);
  let state = (producer + 1) * 0x01000193 + sequence + 1;
  let sum = 0;
  for (let k = 0; k < words - 1; k++) {
    state = nextRandom(state);
    view[k] = state;
    sum = (sum + state) | 0;
  }
  view[words - 1] = sum;
  frame.tag = producer;
  frame.sequence = sequence;
}

/** Throws unless the frame carries exactly what `fill` wrote for its producer and sequence. */
export function verify(frame) {
  const { tag: producer, sequence } = frame;
  const words = frame.length >> 2;
  const view = frame.view(Int32Array);
  let state = (producer + 1) * 0x01000193 + sequence + 1;
  let sum = 0;
  for (let k = 0; k < words - 1; k++) {
    state = nextRandom(state);
    if (view[k] !== state) {
      throw new Error(`producer ${producer}, sequence ${sequence}: word ${k} is ${view[k]}`);
    }
    sum = (sum + state) | 0;
  }
  if (words < 2 || view[words - 1] !== sum) {
    throw new Error(`producer ${producer}, sequence ${sequence}: wrong checksum`);
  }
}
