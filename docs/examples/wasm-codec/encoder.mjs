/**
 * The encoding thread: the slab lies in the codec's memory, so a frame's `byteOffset` is a pointer
 * that the codec reads from. JavaScript copies nothing on the way in (what libvorbis needs for
 * longer than one call, it keeps for itself).
 */
import { parentPort, workerData } from 'node:worker_threads';
import { FramePool } from 'frameslab';
import { loadCodec, openEncoder } from './codec.mjs';

const ALIGNMENT = 64;
const { pool: options, stream } = workerData;
const codec = loadCodec();
const encoder = openEncoder(codec, stream);

// The codec's own allocator gives the room, so the codec will keep out of it.
const room = codec.malloc(FramePool.slabBytes(options) + ALIGNMENT);
const byteOffset = Math.ceil(room / ALIGNMENT) * ALIGNMENT;
const pool = FramePool.create({ ...options, buffer: codec.memory.buffer, byteOffset });
parentPort.postMessage(pool.ref);

const packed = pool.channel('packed');
let bytesIn = 0;
for await (const frame of pool.channel('sound')) {
  const samples = frame.length / 4 / stream.channels;
  // Where the codec looks for each channel's samples: in the frame, one channel after the other.
  const pointers = new Uint32Array(codec.memory.buffer, codec.enc_get_pcm(encoder, 0), 2);
  for (let channel = 0; channel < stream.channels; channel++) {
    pointers[channel] = frame.byteOffset + channel * samples * 4;
  }
  await send(codec.enc_encode(encoder, samples));
  bytesIn += frame.length;
  frame.release();
}
await send(codec.enc_flush(encoder));
packed.close();
parentPort.postMessage(bytesIn);
pool.close();

/** Sends what the codec has written, in as many frames as it takes: a small copy on the way out. */
async function send(bytes) {
  const from = codec.enc_get_out_buf(encoder);
  for (let done = 0; done < bytes; ) {
    const frame = await pool.acquire();
    const piece = Math.min(bytes - done, frame.capacity);
    frame.write(new Uint8Array(codec.memory.buffer, from + done, piece));
    await packed.send(frame);
    done += piece;
  }
}
