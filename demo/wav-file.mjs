/**
 * Sound from a WAV file straight into frames, and from frames straight into a WAV file.
 *
 * 1. 16-bit and 32-bit float samples go from the file into the frame as they are, in one copy, the
 *    operating system's. Other formats are converted into the frame, as 32-bit floats.
 * 2. A file is checked before a sample is read: who holds a `WavReader` holds a sound file.
 * 3. Memory doesn't grow with the file.
 *
 * Positions and counts are in steps: one step is one sample of every channel.
 */
import { Buffer } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { AudioFileError } from './frames.mjs';
import { damaged, readWavHeader, wavHeader } from './wav-header.mjs';

const DATA_BYTES_MAX = 0xffff_ffff - 128; // a RIFF header can't say more

export class WavReader {
  #fd;
  #name;
  #header;
  #staging = Buffer.alloc(0);

  constructor(path) {
    this.#name = path;
    this.#fd = openFile(path);
    try {
      this.#header = readWavHeader(this.#fd, path);
      if (this.length * this.stride > DATA_BYTES_MAX) {
        throw new AudioFileError(`${path} is too long: what it becomes would not fit a WAV file.`);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Sample format in the file: int8, int16, int24, int32, float32 or float64. */
  get source() {
    return this.#header.source;
  }

  /** Steps in the file. */
  get length() {
    return this.#header.length;
  }

  get seconds() {
    return this.length / this.format.sampleRate;
  }

  /** What a frame holds, and a `WavWriter` writes. */
  get format() {
    const { channels, channelMask, sampleRate, source } = this.#header;
    return {
      channels,
      channelMask,
      sampleRate,
      sampleType: source === 'int16' ? 'int16' : 'float32',
    };
  }

  /** Bytes of one step in a frame. */
  get stride() {
    return this.#header.channels * (this.#header.source === 'int16' ? 2 : 4);
  }

  /** Reads `count` steps from `position` into `storage`; returns how many bytes they take there. */
  read(position, count, storage) {
    const { source, stride, dataOffset, bigEndian, channels } = this.#header;
    const offset = dataOffset + position * stride;
    const bytes = count * stride;
    if (source === 'int16' || source === 'float32') {
      this.#fill(storage, bytes, offset);
      if (bigEndian) swapBytes(storage, bytes, source);
      return bytes;
    }
    if (this.#staging.length < bytes) this.#staging = Buffer.alloc(bytes);
    this.#fill(this.#staging, bytes, offset);
    const samples = new Float32Array(storage.buffer, storage.byteOffset, count * channels);
    CONVERT[source](this.#staging, samples, !bigEndian);
    return samples.byteLength;
  }

  #fill(target, bytes, offset) {
    for (let done = 0; done < bytes; ) {
      const got = readSync(this.#fd, target, done, bytes - done, offset + done);
      if (got === 0) throw damaged(this.#name, 'it became shorter while it was read');
      done += got;
    }
  }

  close() {
    closeSync(this.#fd);
  }
}

/** Writes samples to a new file. The header comes last, when it's known what it has to say. */
export class WavWriter {
  #fd;
  #format;
  #headerBytes;
  #dataBytes = 0;

  constructor(path, format) {
    this.#format = format;
    this.#headerBytes = wavHeader(format, 0).length;
    this.#fd = openSync(path, 'w');
  }

  /** Appends bytes of shared memory: they go to the operating system with no copy between. */
  append(bytes) {
    this.#write(bytes, this.#headerBytes + this.#dataBytes);
    this.#dataBytes += bytes.byteLength;
  }

  #write(bytes, offset) {
    for (let done = 0; done < bytes.byteLength; ) {
      done += writeSync(this.#fd, bytes, done, bytes.byteLength - done, offset + done);
    }
  }

  /** Writes the header: after this the file is whole, and holds what was appended so far. */
  finish() {
    this.#write(wavHeader(this.#format, this.#dataBytes), 0);
  }

  close() {
    closeSync(this.#fd);
  }
}

function openFile(path) {
  let fd;
  try {
    // Non-blocking, so that a pipe without a writer is refused below and not waited for.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (error.code === 'ENOENT') throw new AudioFileError(`${path}: there is no such file.`);
    throw new AudioFileError(`${path} cannot be opened (${error.code}).`);
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new AudioFileError(`${path} is not a regular file.`);
}

/** Bytes of the file -> floats from -1 to 1, straight into the frame. */
const CONVERT = {
  int8(from, into) {
    for (let i = 0; i < into.length; i++) into[i] = (from[i] - 128) / 128;
  },
  int24(from, into, littleEndian) {
    const low = littleEndian ? 0 : 2;
    for (let i = 0, at = 0; i < into.length; i++, at += 3) {
      const high = (from[at + 2 - low] << 24) >> 8;
      into[i] = (high | (from[at + 1] << 8) | from[at + low]) / 0x80_0000;
    }
  },
  int32(from, into, littleEndian) {
    for (let i = 0, at = 0; i < into.length; i++, at += 4) {
      into[i] = (littleEndian ? from.readInt32LE(at) : from.readInt32BE(at)) / 0x8000_0000;
    }
  },
  float64(from, into, littleEndian) {
    for (let i = 0, at = 0; i < into.length; i++, at += 8) {
      into[i] = littleEndian ? from.readDoubleLE(at) : from.readDoubleBE(at);
    }
  },
};

function swapBytes(storage, bytes, source) {
  const buffer = Buffer.from(storage.buffer, storage.byteOffset, bytes);
  if (source === 'int16') buffer.swap16();
  else buffer.swap32();
}
