/**
 * Strict consumers of the installed package, written in TypeScript: each way of resolving modules,
 * each version of the compiler, from ESM and from CommonJS.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, run } from './package.mjs';

const body = `
import { type MeterLike, observeStats, prometheusText } from 'frameslab/metrics';
export function observe(meter: MeterLike<object>): string {
  const stop: () => void = observeStats(meter, pool);
  stop();
  return prometheusText({ pool: pool.stats() });
}
const options: FramePoolOptions = { frames: 4, frameSizeBytes: 1024 };
const pool: FramePool = FramePool.create(options);
const now: Frame | undefined = pool.tryAcquire(3);
export async function main(): Promise<number> {
  const frame: Frame = now ?? (await pool.acquire());
  frame.write(new Uint8Array(3));
  const bytes: Uint8Array<SharedArrayBuffer> = frame.bytes;
  const samples: Float32Array = frame.view(Float32Array);
  const copied: Uint8Array<ArrayBuffer> = frame.copy();
  // @ts-expect-error shared bytes are no private bytes: most web APIs refuse them
  const refused: Uint8Array<ArrayBuffer> = frame.bytes;
  const last: boolean = frame.release();
  pool.audit();
  pool.close();
  return last ? bytes.length + samples.length + copied.length + refused.length : 0;
}
// @ts-expect-error an option of the wrong type is refused, so the types are really there
FramePool.create({ frames: 'four' });
// @ts-expect-error exactOptionalPropertyTypes: an option is left out, not set to undefined
FramePool.create({ frames: undefined });
`;
const imported = "import { type Frame, FramePool, type FramePoolOptions } from 'frameslab';";
const required = `import frameslab = require('frameslab');
import FramePool = frameslab.FramePool;
type Frame = frameslab.Frame;
type FramePoolOptions = frameslab.FramePoolOptions;`;

/** A consumer on Node has Node's types; one in a browser has the web's and none of Node's. */
const onNode = {
  lib: ['ES2024', 'ESNext.Disposable'],
  types: ['node'],
  typeRoots: [join(root, 'node_modules', '@types')],
};
const onWeb = { lib: ['ES2024', 'ESNext.Disposable', 'DOM'], types: [] };

/** Name and compiler options of each consumer. */
export const consumers = [
  ['node16', { module: 'Node16', moduleResolution: 'node16', ...onNode }],
  ['nodenext', { module: 'NodeNext', moduleResolution: 'nodenext', ...onNode }],
  ['bundler', { module: 'Preserve', moduleResolution: 'bundler', ...onWeb }],
  [
    'bundler-for-node',
    { module: 'Preserve', moduleResolution: 'bundler', customConditions: ['node'], ...onNode },
  ],
];

/** The bin of a TypeScript package. */
export const compilerIn = (modules, name) => join(modules, name, 'bin', 'tsc');

/** Checks one consumer, in a folder of its own below `project`, where frameslab is installed. */
export function typeCheck(project, tsc, [name, resolution]) {
  const write = (path, text) => {
    const file = join(project, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const files = [
    write('esm.mts', `${imported}\n${body}`),
    write('cjs.cts', `${required}\n${body}`),
  ];
  const compilerOptions = {
    target: 'ES2022',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    ...resolution,
  };
  const config = write('tsconfig.json', JSON.stringify({ compilerOptions, files }, null, 2));
  run(process.execPath, [tsc, '--pretty', 'false', '-p', config], project);
}
