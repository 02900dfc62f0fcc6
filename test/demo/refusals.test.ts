/** What can't be done is said in one sentence, with an exit code, and costs no slot. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIP, demo, expectRefused, folder, wavBytes, writeWav } from './demo.js';

const { path, remove } = folder();
afterAll(remove);

const out = path('out.wav');
const good = wavBytes({ steps: 5_000, channels: 2 });

/** Runs the bytes as a file; nothing is written where the output would go. */
async function expectFileRefused(name: string, bytes: Buffer, sentence: RegExp): Promise<void> {
  writeFileSync(path(name), bytes);
  expectRefused(await demo([path(name), '--out', out, '--verify']), sentence);
  expect(existsSync(out)).toBe(false);
}

/** The good file with one field of its header changed. */
function patched(offset: number, value: number, bytes: 2 | 4): Buffer {
  const copy = Buffer.from(good);
  copy.writeUIntLE(value, offset, bytes);
  return copy;
}

describe('a file that is not there to be read is refused with one sentence', () => {
  test('a missing file', async () => {
    expectRefused(await demo([path('none.wav')]), /none\.wav: there is no such file\.$/m);
  });

  test('a folder', async () => {
    mkdirSync(path('folder'));
    expectRefused(await demo([path('folder')]), /folder is not a regular file\.$|EISDIR/m);
  });

  test('an empty file', () => expectFileRefused('empty.wav', Buffer.alloc(0), /is empty\.$/m));

  test('a file that is no WAV file', () =>
    expectFileRefused('text.wav', Buffer.from('# frames\n'.repeat(99)), /is not a WAV file\.$/m));
});

describe('a truncated file is refused with one sentence and no slot is lost', () => {
  test('cut within the sound', () =>
    expectFileRefused(
      'cut.wav',
      good.subarray(0, 9_000),
      /is cut short: its header promises 20000 bytes of sound, and 8956 are there\.$/m,
    ));

  test.for([3, 11, 12, 16, 20, 30, 36, 40, 43])('cut within the header, after %i bytes', (bytes) =>
    expectFileRefused(`cut-${bytes}.wav`, good.subarray(0, bytes), /is damaged:|is not a WAV file/),
  );
});

describe('a damaged file is refused with one sentence and no slot is lost', () => {
  test('no channels', () => expectFileRefused('a.wav', patched(22, 0, 2), /0 channels/));
  test('no rate', () => expectFileRefused('b.wav', patched(24, 0, 4), /0 Hz/));
  test('a step of no bytes', () => expectFileRefused('c.wav', patched(32, 0, 2), /0 bytes a step/));
  test('a step of too many bytes', () =>
    expectFileRefused('d.wav', patched(32, 5, 2), /gives 2 samples of 16 bits 5 bytes/));
  test('sound that ends within a sample', () =>
    expectFileRefused('e.wav', patched(40, 9_999, 4), /ends in the middle of a sample\.$/m));
  test('a format chunk of absurd size', () =>
    expectFileRefused('f.wav', patched(16, 0x7fff_0000, 4), /fmt chunk claims to take/));
  test('no format chunk', () => {
    const bytes = Buffer.from(good);
    bytes.write('junk', 12);
    return expectFileRefused('g.wav', bytes, /no fmt chunk/);
  });

  test('a sample that is not a number, in mid-file: every slot still comes home', async () => {
    const bytes = wavBytes({ steps: 200_000, channels: 2, bits: '32f' });
    bytes.writeFloatLE(Number.NaN, bytes.length - 8 * 44_100);
    await expectFileRefused('nan.wav', bytes, /is damaged: the sound at 3\.5\d s is not a number/);
    const run = await demo([path('nan.wav'), '--out', out]);
    expect(run.stdout).toContain('every slot came home');
  });

  test('a file whose cue list claims four billion entries is read all the same', async () => {
    const cue = Buffer.from('cue \x04\x00\x00\x00\xf0\xff\xff\xff', 'latin1');
    writeFileSync(path('cue.wav'), Buffer.concat([good.subarray(0, 36), cue, good.subarray(36)]));
    const run = await demo([path('cue.wav'), '--out', path('cue.out.wav'), '--verify']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('an unsupported file is refused with one sentence that says what it holds', () => {
  test.for([
    [0x02, 'Microsoft ADPCM'],
    [0x06, 'A-law'],
    [0x07, 'mu-law'],
    [0x11, 'IMA ADPCM'],
    [0x55, 'MP3'],
    [0x1234, 'sound in format 4660'],
  ] as const)('format %i, %s', ([format, name]) =>
    expectFileRefused(`${format}.wav`, patched(20, format, 2), new RegExp(`holds ${name} of`)),
  );

  test('integers of 12 bits', () =>
    expectFileRefused(
      '12.wav',
      patched(34, 12, 2),
      /holds PCM of 12 bits, which is not supported/,
    ));

  test('more channels than can be read', () =>
    expectFileRefused(
      '33.wav',
      patched(22, 33, 2),
      /has 33 channels at 44100 Hz, and only up to 32/,
    ));
});

describe('an output that cannot be written is said in one sentence and no slot is lost', () => {
  beforeAll(() => {
    writeWav(path('good.wav'), { steps: 100_000, channels: 2 });
  });

  test('a folder that is not there', async () => {
    const run = await demo([CLIP, '--out', path('nowhere/out.wav')]);
    expectRefused(run, /nowhere\/out\.wav cannot be written \(ENOENT\)\.$/m);
    expect(run.stdout).toContain('every slot came home');
  });

  test.runIf(existsSync('/dev/full'))('a full disk', async () => {
    const run = await demo([CLIP, '--out', '/dev/full']);
    expectRefused(run, /\/dev\/full cannot be written \(ENOSPC\)\.$/m);
    expect(run.stdout).toContain('every slot came home');
  });

  test('the recording itself is never overwritten', async () => {
    const before = readFileSync(path('good.wav'));
    const run = await demo([path('good.wav'), '--out', path('good.wav')]);
    expectRefused(run, /is the recording itself, which would be overwritten\.$/m);
    expect(Buffer.compare(readFileSync(path('good.wav')), before)).toBe(0);
  });

  test('a failed run leaves a file alone that was there before', async () => {
    const bytes = wavBytes({ steps: 50_000, bits: '32f' });
    bytes.writeFloatLE(Number.POSITIVE_INFINITY, 60_000);
    writeFileSync(path('inf.wav'), bytes);
    writeFileSync(path('mine.wav'), 'mine');
    expectRefused(await demo([path('inf.wav'), '--out', path('mine.wav')]), /not a number/);
    expect(existsSync(path('mine.wav'))).toBe(true);
  });
});

test.for([['--loud'], ['a.wav', 'b.wav'], ['--fast', '--realtime'], ['--out']])(
  'a command line it does not understand, %s, gets the usage and exit code 2',
  async (args) => {
    const run = await demo(args);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('usage: npm run demo');
  },
);
