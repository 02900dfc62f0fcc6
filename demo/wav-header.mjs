/**
 * What a WAV file says about itself, read and written with the `wavefile` library; what can't be
 * true is refused here, before a sample is read.
 *
 * The library is shown a small header cut out of the file, never the file: it reads whatever a cue
 * list claims to hold, and one damaged count there makes it fill all memory.
 */
import { Buffer } from 'node:buffer';
import { fstatSync, readSync } from 'node:fs';
import wavefile from 'wavefile';
import { AudioFileError } from './frames.mjs';

const CHANNELS_MAX = 32;
const SAMPLE_RATE_MAX = 768_000;
const CHUNKS_MAX = 10_000; // who finds more is walking through noise
const CHUNK_BYTES_MAX = 65_536; // of the chunks that are read whole; real ones take 16 to 80
const LENGTH_UNKNOWN = [0xffff_ffff, 0x7fff_f000]; // what ffmpeg and sox say, writing to a pipe
const FORMAT_EXTENSIBLE = 0xfffe;
const FORMAT_NAMES = {
  1: 'PCM',
  2: 'Microsoft ADPCM',
  3: 'floating-point PCM',
  6: 'A-law',
  7: 'mu-law',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  80: 'MPEG audio',
  85: 'MP3',
};
const SOURCES = new Set(['int8', 'int16', 'int24', 'int32', 'float32', 'float64']);

/**
 * Reads the header of an open file. `source` is the format of the samples in the file, `stride` the
 * bytes of one sample of every channel there.
 */
export function readWavHeader(fd, name) {
  const fileBytes = fstatSync(fd).size;
  if (fileBytes === 0) throw new AudioFileError(`${name} is empty.`);
  const chunks = scanChunks(fd, fileBytes, name);
  const fmt = parse(chunks, name);
  const dataBytes = soundBytes(chunks, fileBytes - chunks.dataOffset, name);
  if (dataBytes % fmt.blockAlign !== 0) {
    throw damaged(name, 'its sound ends in the middle of a sample');
  }
  return {
    source: sourceOf(fmt, name),
    bigEndian: chunks.bigEndian,
    channels: fmt.numChannels,
    channelMask: fmt.dwChannelMask,
    sampleRate: fmt.sampleRate,
    stride: fmt.blockAlign,
    length: dataBytes / fmt.blockAlign,
    dataOffset: chunks.dataOffset,
  };
}

/** The header of a file with `dataBytes` of samples behind it. */
export function wavHeader({ channels, channelMask, sampleRate, sampleType }, dataBytes) {
  const wav = new wavefile.WaveFile();
  wav.fromScratch(channels, sampleRate, sampleType === 'int16' ? '16' : '32f', []);
  if (wav.fmt.subformat.length > 0) {
    // More than two channels: an extension says what they are. The library calls them integers.
    wav.fmt.audioFormat = FORMAT_EXTENSIBLE;
    wav.fmt.subformat[0] = sampleType === 'int16' ? 1 : 3;
    if (channelMask !== 0) wav.fmt.dwChannelMask = channelMask;
  }
  const header = Buffer.from(wav.toBuffer());
  header.writeUInt32LE(header.length - 8 + dataBytes, 4);
  header.writeUInt32LE(dataBytes, header.length - 4); // the data chunk's size is the last word
  return header;
}

export function damaged(name, how) {
  return new AudioFileError(`${name} is damaged: ${how}.`);
}

function scanChunks(fd, fileBytes, name) {
  const riff = readAt(fd, 0, 12);
  const container = riff.toString('latin1', 0, 4);
  if (!['RIFF', 'RIFX', 'RF64'].includes(container) || riff.toString('latin1', 8) !== 'WAVE') {
    throw new AudioFileError(`${name} is not a WAV file.`);
  }
  const bigEndian = container === 'RIFX';
  const kept = { riff };
  let offset = 12;
  for (let chunks = 0; chunks < CHUNKS_MAX && offset + 8 <= fileBytes; chunks++) {
    const head = readAt(fd, offset, 8);
    const id = head.toString('latin1', 0, 4);
    const bytes = bigEndian ? head.readUInt32BE(4) : head.readUInt32LE(4);
    if (id === 'data')
      return { ...kept, data: head, dataBytes: bytes, dataOffset: offset + 8, bigEndian };
    if (id === 'fmt ' || id === 'ds64') kept[id] = wholeChunk(fd, offset, id.trim(), bytes, name);
    offset += 8 + bytes + (bytes % 2);
  }
  throw damaged(name, 'it ends before the sound begins');
}

function wholeChunk(fd, offset, id, bytes, name) {
  if (bytes < 16 || bytes > CHUNK_BYTES_MAX) {
    throw damaged(name, `its ${id} chunk claims to take ${bytes} bytes`);
  }
  const chunk = readAt(fd, offset, 8 + bytes + (bytes % 2));
  if (chunk.length < 8 + bytes) throw damaged(name, `it ends within its ${id} chunk`);
  return chunk;
}

function readAt(fd, offset, bytes) {
  const buffer = Buffer.alloc(bytes);
  return buffer.subarray(0, readSync(fd, buffer, 0, bytes, offset));
}

/** How many bytes of sound there are; a file with less than it promises is refused. */
function soundBytes({ dataBytes, ds64 }, present, name) {
  let promised = dataBytes;
  if (promised === 0xffff_ffff && ds64 !== undefined) promised = Number(ds64.readBigUInt64LE(16));
  else if (promised > present && LENGTH_UNKNOWN.includes(promised)) return present;
  if (promised <= present) return promised;
  throw new AudioFileError(
    `${name} is cut short: its header promises ${promised} bytes of sound, ` +
      `and ${present} are there.`,
  );
}

function parse(chunks, name) {
  if (chunks['fmt '] === undefined)
    throw damaged(name, 'nothing says what its sound is (no fmt chunk)');
  const known = [chunks.riff, chunks.ds64, chunks['fmt '], chunks.data].filter(Boolean);
  const wav = new wavefile.WaveFile();
  try {
    wav.fromBuffer(Buffer.concat(known), false);
  } catch (error) {
    throw damaged(name, `its header cannot be read (${error.message})`);
  }
  const { numChannels, sampleRate, blockAlign } = wav.fmt;
  if (numChannels === 0 || sampleRate === 0 || blockAlign === 0) {
    throw damaged(
      name,
      `its header says ${numChannels} channels, ${sampleRate} Hz, ${blockAlign} bytes a step`,
    );
  }
  if (numChannels > CHANNELS_MAX || sampleRate > SAMPLE_RATE_MAX) {
    throw new AudioFileError(
      `${name} has ${numChannels} channels at ${sampleRate} Hz, ` +
        `and only up to ${CHANNELS_MAX} at up to ${SAMPLE_RATE_MAX} Hz are supported.`,
    );
  }
  return wav.fmt;
}

function sourceOf({ audioFormat, subformat, bitsPerSample, numChannels, blockAlign }, name) {
  const format = audioFormat === FORMAT_EXTENSIBLE ? (subformat[0] ?? 0) : audioFormat;
  const source = `${{ 1: 'int', 3: 'float' }[format]}${bitsPerSample}`;
  if (!SOURCES.has(source)) {
    const what = FORMAT_NAMES[format] ?? `sound in format ${format}`;
    throw new AudioFileError(
      `${name} holds ${what} of ${bitsPerSample} bits, which is not supported: ` +
        'only PCM of 8, 16, 24 or 32 bits and floating-point PCM of 32 or 64 are.',
    );
  }
  if (blockAlign * 8 !== numChannels * bitsPerSample) {
    throw damaged(
      name,
      `its header gives ${numChannels} samples of ${bitsPerSample} bits ${blockAlign} bytes`,
    );
  }
  return source;
}
