/** Runs the demo as its user does, a process of its own, and makes recordings to run it on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import wavefile from 'wavefile';

const MAIN = fileURLToPath(new URL('../../demo/main.mjs', import.meta.url));
export const CLIP = fileURLToPath(new URL('../../demo/clip.wav', import.meta.url));
export const CLIP_STEPS = 220_000;

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder for one test file, gone after it. */
export function folder(): { path: (name: string) => string; remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), 'frameslab-test-'));
  return {
    path: (name) => join(root, name),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Runs the demo to its end. `meanwhile` gets the process while it runs. */
export function demo(
  args: readonly string[],
  {
    execArgv = [],
    meanwhile,
  }: { execArgv?: string[]; meanwhile?: (child: ChildProcess) => void } = {},
): Promise<Run> {
  const child = spawn(process.execPath, [...execArgv, MAIN, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  meanwhile?.(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The run did its work, and the audit accounts for every slot. */
export function expectDone(run: Run): void {
  expect(run.stderr).toBe('');
  expect(run.stdout).toContain('every slot came home');
  expect(run.code).toBe(0);
}

/** The run ended with one sentence; if there was a pool by then, every slot came home. */
export function expectRefused(run: Run, sentence: RegExp): void {
  expect(run.stderr).toMatch(sentence);
  expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(run.code).toBe(1);
  if (run.stdout !== '') expect(run.stdout).toContain('every slot came home');
}

/** A few tones and a little rumble, one mix for each channel, between -1 and 1. */
export function tones(steps: number, channels: number, sampleRate: number): Float64Array[] {
  return Array.from({ length: channels }, (_, channel) =>
    Float64Array.from({ length: steps }, (_, step) => {
      const phase = (2 * Math.PI * step) / sampleRate;
      const rumble = 0.2 * Math.sin(20 * phase);
      return rumble + 0.7 * Math.sin((220 + 110 * channel) * phase);
    }),
  );
}

export interface Recording {
  readonly steps: number;
  readonly channels?: number;
  readonly sampleRate?: number;
  /** As the WAV library calls it: '8', '16', '24', '32', '32f', '64'. */
  readonly bits?: string;
  readonly container?: 'RIFF' | 'RIFX';
}

const FULL_SCALE: Readonly<Record<string, number>> = { '32f': 1, '64': 1 };

/** The bytes of a WAV file. */
export function wavBytes(recording: Recording): Buffer {
  const { steps, channels = 1, sampleRate = 44_100, bits = '16', container = 'RIFF' } = recording;
  const fullScale = FULL_SCALE[bits] ?? 2 ** (Number(bits) - 1) - 1;
  const unsigned = bits === '8' ? 128 : 0;
  const samples = tones(steps, channels, sampleRate).map((channel) =>
    channel.map((value) => {
      const scaled = value * fullScale + unsigned;
      return fullScale === 1 ? scaled : Math.round(scaled);
    }),
  );
  const wav = new wavefile.WaveFile();
  wav.fromScratch(channels, sampleRate, bits, samples, { container });
  return Buffer.from(wav.toBuffer());
}

/** Writes a WAV file and returns its path. */
export function writeWav(path: string, recording: Recording): string {
  writeFileSync(path, wavBytes(recording));
  return path;
}

/** What is in a WAV file, as the library reads it. */
export function readWav(bytes: Uint8Array): { fmt: Record<string, number>; samples: Uint8Array } {
  const wav = new wavefile.WaveFile(bytes);
  return {
    fmt: wav.fmt as Record<string, number>,
    samples: (wav.data as { samples: Uint8Array }).samples,
  };
}
