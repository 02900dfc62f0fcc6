/** Ctrl-C, a reader of the output that leaves, and the live screen. */
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { CLIP, CLIP_STEPS, demo, folder, readWav, writeWav } from './demo.js';

const { path, remove } = folder();
afterAll(remove);

const onWindows = process.platform === 'win32'; // which can't send itself a SIGINT

test.skipIf(onWindows).for(['SIGINT', 'SIGTERM'] as const)(
  '%s ends tidily: what was read is written, and every slot comes home',
  async (signal) => {
    const out = path(`${signal}.wav`);
    const run = await demo([CLIP, '--realtime', '--out', out], {
      meanwhile: (child) =>
        child.stdout?.once('data', () => setTimeout(() => child.kill(signal), 700)),
    });
    expect(run.code).toBe(130);
    expect(run.stderr).toBe('');
    expect(run.stdout).toContain('every slot came home');
    const { samples } = readWav(readFileSync(out));
    expect(samples.length % (882 * 4)).toBe(0);
    expect(samples.length).toBeLessThan(CLIP_STEPS * 4);
  },
);

test('a reader that leaves early stops the work without a stack trace', async () => {
  const run = await demo([CLIP, '--realtime', '--out', path('pipe.wav')], {
    meanwhile: (child) => child.stdout?.once('data', () => child.stdout?.destroy()),
  });
  expect(run.stderr).toBe('');
  expect(run.code).toBe(130);
});

test('in a terminal the levels are drawn in place, and the cursor comes back', async () => {
  const sound = writeWav(path('sound.wav'), { steps: 66_150, channels: 2 });
  const run = await demo([sound, '--out', path('live.wav'), '--verify'], {
    execArgv: ['--import', 'data:text/javascript,process.stdout.isTTY=true'],
  });
  expect(run.code).toBe(0);
  expect(run.stdout).toContain('\x1b[?25l');
  expect(run.stdout.lastIndexOf('\x1b[?25h')).toBeGreaterThan(run.stdout.lastIndexOf('\x1b[3A'));
  expect(run.stdout.split('\x1b[3A').length).toBeGreaterThan(10);
  expect(run.stdout).toContain('every slot came home');
});

test('in a terminal that is high enough the slab is drawn below the levels, every slot', async () => {
  const sound = writeWav(path('slab.wav'), { steps: 44_100, channels: 2 });
  const run = await demo([sound, '--out', path('slab.out.wav')], {
    execArgv: ['--import', 'data:text/javascript,process.stdout.isTTY=true;process.stdout.rows=40'],
  });
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const pictures = run.stdout.split(/^.*?192 slots: /m).slice(1);
  expect(pictures.length).toBeGreaterThan(5);
  for (const picture of pictures) {
    const cells = [...picture.matchAll(/^\r *\d+ [·>~!?@%+a-zA-Z0-9]{64}(?=\W)/gm)];
    expect(cells).toHaveLength(3);
  }
});

test('elsewhere one picture of the slab is printed, without an escape sequence', async () => {
  const sound = writeWav(path('plain.wav'), { steps: 44_100, channels: 2 });
  const run = await demo([sound, '--out', path('plain.out.wav')]);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(run.stdout.match(/^192 slots: /gm)).toHaveLength(1);
  expect(run.stdout).not.toContain('\x1b');
});
