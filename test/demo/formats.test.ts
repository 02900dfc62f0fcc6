/** Every kind of WAV file that the demo promises to read, through all threads and back. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  CLIP,
  CLIP_STEPS,
  demo,
  expectDone,
  folder,
  type Recording,
  readWav,
  wavBytes,
  writeWav,
} from './demo.js';

const { path, remove } = folder();
afterAll(remove);

/** Runs a file with `--verify`; returns what was written. */
async function filtered(input: string): Promise<ReturnType<typeof readWav> & { stdout: string }> {
  const out = `${input}.out`;
  const run = await demo([input, '--out', out, '--verify']);
  expectDone(run);
  expect(run.stdout).toMatch(/verified +[\d,]+ samples/);
  return { ...readWav(readFileSync(out)), stdout: run.stdout };
}

describe('the clip', () => {
  test('runs without an argument, comes out as long as it was, and bit for bit as one thread computes it', async () => {
    const out = path('clip.out.wav');
    const run = await demo(['--out', out, '--verify']);
    expectDone(run);
    expect(run.stdout).toContain('440,000 samples, recomputed in one thread, are the same');
    expect(run.stdout).toMatch(/frames +250 of 20 ms, 4.99 s/);
    const { fmt, samples } = readWav(readFileSync(out));
    expect(fmt).toMatchObject({
      audioFormat: 1,
      numChannels: 2,
      sampleRate: 44_100,
      bitsPerSample: 16,
    });
    expect(samples).toHaveLength(CLIP_STEPS * 4);
    expect(Buffer.compare(samples, readWav(readFileSync(CLIP)).samples)).not.toBe(0);
  });

  test('the summary names latencies, levels, stats and the audit', async () => {
    const { stdout } = await demo([CLIP, '--out', path('summary.wav')]);
    for (const hop of ['read > filter', 'filter > write', 'filter > meter']) {
      expect(stdout).toMatch(new RegExp(`${hop}( +\\d+\\.\\d{3}){4}\\n`));
    }
    for (const row of ['throughput', 'channel 1', 'channel 2', 'stats()', 'audit()', 'written']) {
      expect(stdout).toContain(`\n${row} `);
    }
  });

  test('without --out the output goes to the folder for temporary files, and its path is printed', async () => {
    const { stdout } = await demo([CLIP]);
    const written = /^written +(.+)$/m.exec(stdout)?.[1];
    expect(readWav(readFileSync(written ?? '')).samples).toHaveLength(CLIP_STEPS * 4);
    rmSync(dirname(written ?? ''), { recursive: true });
  });
});

describe('a file of any supported format is filtered, and verified bit for bit', () => {
  const cases: readonly Required<Omit<Recording, 'steps' | 'container'>>[] = [
    { bits: '16', channels: 1, sampleRate: 44_100 },
    { bits: '16', channels: 2, sampleRate: 48_000 },
    { bits: '16', channels: 6, sampleRate: 48_000 },
    { bits: '32f', channels: 1, sampleRate: 96_000 },
    { bits: '32f', channels: 2, sampleRate: 44_100 },
    { bits: '8', channels: 2, sampleRate: 8_000 },
    { bits: '24', channels: 1, sampleRate: 11_025 },
    { bits: '24', channels: 2, sampleRate: 48_000 },
    { bits: '32', channels: 2, sampleRate: 22_050 },
    { bits: '64', channels: 2, sampleRate: 44_100 },
  ];
  test.for(cases)('$bits bits, $channels channels, $sampleRate Hz', async (recording) => {
    const input = path(`${Object.values(recording).join('-')}.wav`);
    const steps = 20_011;
    const { fmt, samples } = await filtered(writeWav(input, { ...recording, steps }));
    const sampleBytes = recording.bits === '16' ? 2 : 4;
    expect(fmt).toMatchObject({
      numChannels: recording.channels,
      sampleRate: recording.sampleRate,
    });
    expect(samples).toHaveLength(steps * recording.channels * sampleBytes);
  });

  test('float, 6 channels, in the extensible format', async () => {
    const bytes = wavBytes({ steps: 5_000, channels: 6, bits: '32f' });
    bytes.writeUInt16LE(3, bytes.indexOf('fmt ') + 8 + 24); // the library had called them integers
    writeFileSync(path('six.wav'), bytes);
    const { fmt } = await filtered(path('six.wav'));
    expect(fmt).toMatchObject({ audioFormat: 0xfffe, numChannels: 6, bitsPerSample: 32 });
    expect(fmt['subformat']).toMatchObject([3, 0x10_0000, 0xaa00_0080, 0x719b_3800]);
  });

  test.for(['16', '24', '32f'])('big-endian, %s bits: as the little-endian file', async (bits) => {
    const big = path(`big-${bits}.wav`);
    const little = path(`little-${bits}.wav`);
    writeWav(big, { steps: 3_000, channels: 2, bits, container: 'RIFX' });
    writeWav(little, { steps: 3_000, channels: 2, bits });
    const { samples } = await filtered(big);
    expect(Buffer.compare(samples, (await filtered(little)).samples)).toBe(0);
  });
});

describe('lengths', () => {
  test.for([
    [1, 1],
    [881, 1],
    [882, 1],
    [883, 2],
    [64 * 882 + 1, 65],
  ] as const)('%i steps make %i frames', async ([steps, frames]) => {
    const { samples, stdout } = await filtered(
      writeWav(path(`${steps}.wav`), { steps, channels: 2 }),
    );
    expect(samples).toHaveLength(steps * 4);
    expect(stdout).toMatch(new RegExp(`^frames +${frames} of 20 ms`, 'm'));
  });

  test('a file of zero samples becomes a file of zero samples', async () => {
    const { samples, stdout } = await filtered(
      writeWav(path('zero.wav'), { steps: 0, channels: 2 }),
    );
    expect(samples).toHaveLength(0);
    expect(stdout).toMatch(/^frames +0 of 20 ms/m);
  });

  test('a rate so low that 20 ms hold no sample still makes frames of one', async () => {
    const { samples } = await filtered(writeWav(path('low.wav'), { steps: 30, sampleRate: 10 }));
    expect(samples).toHaveLength(60);
  });
});

describe('headers as real programs write them', () => {
  const plain = wavBytes({ steps: 2_000, channels: 2 });
  const head = plain.subarray(0, 36);
  const data = plain.subarray(36);
  const chunk = (id: string, body: Buffer): Buffer => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(body.length);
    return Buffer.concat([Buffer.from(id), size, body, Buffer.alloc(body.length % 2)]);
  };
  const sameSound = async (name: string, bytes: Buffer): Promise<void> => {
    writeFileSync(path(name), bytes);
    writeFileSync(path('plain.wav'), plain);
    const { samples } = await filtered(path(name));
    expect(Buffer.compare(samples, (await filtered(path('plain.wav'))).samples)).toBe(0);
  };

  test('chunks of odd length before the sound, and others behind it, change nothing', async () => {
    const info = chunk('LIST', Buffer.from('INFOISFT\x05\x00\x00\x00Lavf\x00'));
    const big = chunk('id3 ', Buffer.alloc(300_001, 'x'));
    await sameSound(
      'chunks.wav',
      Buffer.concat([head, info, big, data, info, Buffer.from('tail')]),
    );
  });

  test('a file that was streamed, its length unknown, is read to its end', async () => {
    const bytes = Buffer.from(plain);
    bytes.writeUInt32LE(0xffff_ffff, 4);
    bytes.writeUInt32LE(0xffff_ffff, 40);
    await sameSound('streamed.wav', bytes);
  });

  test('an RF64 file is as long as its ds64 chunk says', async () => {
    const ds64 = Buffer.alloc(28);
    ds64.writeBigUInt64LE(BigInt(plain.length + 36), 0);
    ds64.writeBigUInt64LE(8_000n, 8);
    const bytes = Buffer.concat([
      head.subarray(0, 12),
      chunk('ds64', ds64),
      head.subarray(12),
      data,
    ]);
    bytes.write('RF64', 0);
    bytes.writeUInt32LE(0xffff_ffff, 4);
    bytes.writeUInt32LE(0xffff_ffff, bytes.indexOf('data') + 4);
    await sameSound('rf64.wav', bytes);
  });
});
