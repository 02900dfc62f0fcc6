/**
 * The Ogg Vorbis encoder of `wasm-media-encoders`, with its memory made shared.
 *
 * The package's own JavaScript copies samples into the codec's memory. Here the codec is used by its
 * exports, and its memory is declared shared in the binary: one bit, since it has a maximum already.
 * Code compiled for one thread runs unchanged in shared memory, as long as one thread calls it.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const HAS_MAXIMUM = 1;
const SHARED = 2;
const MEMORY_SECTION = 5;

/** Instantiates the codec; its exports. */
export function loadCodec() {
  const path = createRequire(import.meta.url).resolve('wasm-media-encoders/wasm/ogg');
  const module = new WebAssembly.Module(withSharedMemory(readFileSync(path)));
  const { exports } = new WebAssembly.Instance(module, {
    env: { emscripten_notify_memory_growth() {} },
    wasi_snapshot_preview1: {
      proc_exit(code) {
        throw new Error(`the codec ended with ${code}`);
      },
    },
  });
  exports._initialize();
  return exports;
}

/** The encoder of a stream: what its `enc_…` functions take as their first argument. */
export function openEncoder(codec, { channels, sampleRate, quality }) {
  const at = codec.malloc(16);
  const view = new DataView(codec.memory.buffer);
  view.setUint32(at, channels, true);
  view.setUint32(at + 4, sampleRate, true);
  view.setFloat32(at + 8, quality, true);
  view.setUint32(at + 12, 1, true); // the number of the Ogg stream
  const encoder = codec.enc_init(at);
  codec.free(at);
  if (encoder === 0) throw new Error('the codec refuses these parameters');
  return encoder;
}

/** Sets the bit in the section that declares the memory. */
function withSharedMemory(binary) {
  let at = 8; // after magic and version
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = binary[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < binary.length) {
    const section = binary[at++];
    const bytes = number();
    if (section === MEMORY_SECTION) {
      const flagsAt = at + 1; // after the count of memories
      if (binary[at] !== 1 || binary[flagsAt] !== HAS_MAXIMUM) break;
      binary[flagsAt] |= SHARED;
      return binary;
    }
    at += bytes;
  }
  throw new Error('the codec has no memory with a maximum: it is another version');
}
