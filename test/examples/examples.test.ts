/** The laws of `docs/examples`: each runs, checks itself, can fail, ends, and is short. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { examples, type Fault, run, runBroken } from './run.js';

/** An example, what it prints when all is well, and what it says about a fault. */
interface Example {
  readonly prints: readonly RegExp[];
  readonly faults: Readonly<Record<string, Fault & { readonly says: RegExp }>>;
}

const LINES_MAX = 100;

const EXAMPLES: Readonly<Record<string, Example>> = {
  audio: {
    prints: [
      /^250 frames of 20 ms went through 2 workers$/m,
      /^440000 samples are halved exactly/m,
    ],
    faults: {
      'a wrong sample': {
        file: 'worker.mjs',
        from: 'samples[k] >>= 1',
        to: 'samples[k] >>= 2',
        says: /AssertionError/,
      },
      'a frame that is not released': {
        file: 'main.mjs',
        from: '    frame.release();',
        to: '    if (count > 0) frame.release();',
        says: /held: 1/,
      },
    },
  },
  video: {
    prints: [/^\d+ shown, [1-9]\d* dropped$/m, /^every picture was whole and in order/m],
    faults: {
      'a picture that the filter left out': {
        file: 'filter.mjs',
        from: '  invert(frame.bytes);',
        to: '  if (frame.sequence < 29) invert(frame.bytes);',
        says: /picture 29 is not whole/,
      },
    },
  },
  'hash-compress': {
    prints: [
      /^sha256 [0-9a-f]{64}$/m,
      /^880044 bytes became \d+/m,
      /^unpacked, they are the same/m,
    ],
    faults: {
      'a piece that was hashed wrongly': {
        file: 'hasher.mjs',
        from: 'hash.update(frame.bytes)',
        to: 'hash.update(frame.bytes.subarray(1))',
        says: /AssertionError/,
      },
      'a piece that was not put in its place': {
        file: 'main.mjs',
        from: 'frame.sequence = sequence;',
        to: 'frame.sequence = sequence < 2 ? 1 - sequence : sequence;',
        says: /the unpacked file differs from the original/,
      },
    },
  },
  tcp: {
    prints: [
      /^the (server has stopped reading a client|system buffers all) that/m,
      // The notice may come between the two: the server stops when it likes, not when busy ends.
      /^busy client: 8388608 bytes came back in order.*\n(?:the .*\n)?lazy client: 8388608 bytes came back/m,
      /^all of it went through 16 frames/m,
    ],
    faults: {
      'a byte that was worked on twice': {
        file: 'worker.mjs',
        from: '  await answers.send(frame);',
        to: '  bytes[bytes.length - 1] ^= 255;\n  await answers.send(frame);',
        says: /byte \d+ is wrong/,
      },
    },
  },
  'wasm-codec': {
    prints: [
      /^1920000 bytes of samples, encoded in place, became \d+/m,
      /^channel 0: 240000 samples, \d+\.\d dB/m,
      /^channel 1: 240000 samples, \d+\.\d dB/m,
    ],
    faults: {
      'a pointer to the wrong samples': {
        file: 'encoder.mjs',
        from: 'channel * samples * 4',
        to: '0 * samples * 4',
        says: /channel 1 does not sound the same/,
      },
    },
  },
  piscina: {
    prints: [
      /^a worker hangs \(job 60\): it is killed$/m,
      /^200 of 200 jobs answered, 1 done again, \d+ twice$/m,
      /^[1-9]\d* frames came back from the dead, all are home$/m,
    ],
    faults: {
      'a worker that nobody watches': {
        file: 'farm.mjs',
        from: 'pool.watch(worker)',
        to: 'worker',
        says: /held: [1-9]/,
      },
      'a job that is lost with its worker': {
        file: 'main.mjs',
        from: 'while (!(await giveJob(frame))) redone += 1;',
        to: 'if (!(await giveJob(frame))) answered.add(frame.sequence);',
        says: /AssertionError/,
      },
    },
  },
  browser: {
    prints: [
      /^Chromium [\d.]+: 750 quanta played, [1-9]\d* shown and right, \d+ silent ones between$/m,
    ],
    faults: {
      'a wrong sample': {
        file: 'synth.mjs',
        from: 'sampleAt(sequence * QUANTUM + k)',
        to: 'sampleAt(sequence * QUANTUM + k + (sequence === 9 ? 1 : 0))',
        says: /wrong: quantum 9 is wrong/,
      },
    },
  },
};

describe('the examples', () => {
  const folders = readdirSync(examples, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((name) => name !== 'nats'); // longer, and with a suite of its own: test:distribution

  test('each has its tests here and its command in the index', () => {
    const index = readFileSync(join(examples, 'README.md'), 'utf8');
    expect(folders.sort()).toEqual(Object.keys(EXAMPLES).sort());
    for (const name of folders) expect(index).toContain(`node docs/examples/${name}/main.mjs`);
  });

  test(`each opens with what it shows, and no file is longer than ${LINES_MAX} lines`, () => {
    for (const name of folders) {
      const files = readdirSync(join(examples, name)).filter((file) => file.endsWith('.mjs'));
      expect(files).toContain('main.mjs');
      for (const file of files) {
        const text = readFileSync(join(examples, name, file), 'utf8');
        expect(text, `${name}/${file}`).toMatch(/^\/\*\*/);
        expect(text.split('\n').length - 1, `lines of ${name}/${file}`).toBeLessThanOrEqual(
          LINES_MAX,
        );
      }
    }
  });
});

describe.each(Object.entries(EXAMPLES))('%s', (name, { prints, faults }) => {
  test('runs, is right, and ends by itself', async () => {
    const outcome = await run(name);
    expect(outcome).toMatchObject({ status: 0, signal: null, stderr: '' });
    for (const line of prints) expect(outcome.stdout).toMatch(line);
  });

  test.each(Object.entries(faults))('notices %s', async (_, { says, ...fault }) => {
    const outcome = await runBroken(name, fault);
    expect(outcome).toMatchObject({ status: 1, signal: null });
    expect(outcome.stderr).toMatch(says);
  });
});
