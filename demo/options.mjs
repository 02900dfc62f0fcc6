/** What the command line asks for. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AudioFileError } from './frames.mjs';

export const USAGE = `usage: npm run demo -- [file.wav] [options]

  file.wav      the recording; without one, the clip that comes with the demo
  --out         where the filtered sound goes; by default into a new folder for temporary files
  --verify      recompute it in one thread and compare bit for bit
  --fast        as fast as it goes (the default where output is not a terminal)
  --realtime    at the speed of the sound, to watch the levels (the default in a terminal)
`;

const CLIP = fileURLToPath(new URL('./clip.wav', import.meta.url));

/** The options, or `{ mistake }`. */
export function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        verify: { type: 'boolean', default: false },
        fast: { type: 'boolean', default: false },
        realtime: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (positionals.length > 1) return { mistake: `one file at a time, not ${positionals.length}` };
    if (values.fast && values.realtime)
      return { mistake: '--fast and --realtime exclude each other' };
    const paced = values.realtime || (Boolean(process.stdout.isTTY) && !values.fast);
    return { ...values, paced, inputPath: positionals[0] ?? relative(process.cwd(), CLIP) };
  } catch (error) {
    return { mistake: error.message };
  }
}

/**
 * Where the output goes. `discard` removes what a failed run began, and nothing that was there
 * before.
 */
export function chooseOutput({ out, inputPath }) {
  if (out === undefined) {
    const name = `${basename(inputPath, extname(inputPath))}.filtered.wav`;
    const path = join(mkdtempSync(join(tmpdir(), 'frameslab-')), name);
    return { path, discard: () => rmSync(dirname(path), { recursive: true, force: true }) };
  }
  const before = statSync(out, { throwIfNoEntry: false });
  if (before === undefined) return { path: out, discard: () => rmSync(out, { force: true }) };
  const input = statSync(inputPath);
  if (before.ino === input.ino && before.dev === input.dev) {
    throw new AudioFileError(`${out} is the recording itself, which would be overwritten.`);
  }
  return { path: out, discard() {} };
}
