/** What the frames of this example contain: bytes that only their sequence number explains. */
import { crc32 } from 'node:zlib';

/** Fills a frame so that no two frames are alike; answers the checksum. */
export function fill(bytes, sequence) {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  let state = Math.imul(sequence + 1, 0x9e37_79b1) >>> 0;
  for (let k = 0; k < words.length; k++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[k] = state;
  }
  return checksum(bytes);
}

/** CRC-32 of bytes in shared memory, in place. */
export function checksum(bytes) {
  return crc32(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
