/** What published linters of packages say about the tarball, and how large the core is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { CannotRun, npmPackages } from './fetch.mjs';

/** Bytes of the minified core, as a browser gets it: a few hundredths above what it has now. */
const BUDGET = { minified: 103_500, gzip: 34_300, brotli: 30_300 };

/** The folder that holds the linters, and compilers older and newer than the house's. */
export function packageTools() {
  return npmPackages('package', {
    '@arethetypeswrong/core': '0.18.5',
    publint: '0.3.25',
    'typescript-5.9': 'npm:typescript@5.9.3',
    'typescript-7.0': 'npm:typescript@7.0.2',
  });
}

const load = (modules, path) => import(pathToFileURL(join(modules, path)).href);

/** publint has not even a suggestion. */
export async function lint(modules, tarball) {
  const { publint } = await load(modules, 'publint/src/index-node.js');
  const { formatMessage } = await load(modules, 'publint/src/utils.js');
  const file = readFileSync(tarball);
  const contents = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: contents }, strict: true });
  if (messages.length > 0) {
    throw new CannotRun(messages.map((message) => formatMessage(message, pkg)).join('\n'));
  }
}

/** Types and code agree, in each way of resolving modules that TypeScript ever had. */
export async function typesAgree(modules, tarball) {
  const attw = await load(modules, '@arethetypeswrong/core/dist/index.js');
  const contents = new Uint8Array(readFileSync(tarball));
  const found = await attw.checkPackage(attw.createPackageFromTarballData(contents));
  if (!found.types) throw new CannotRun('no types were found in the tarball');
  if (found.problems.length > 0) throw new CannotRun(JSON.stringify(found.problems, null, 2));
  return Object.keys(found.entrypoints['.'].resolutions).join(', ');
}

/** The core keeps to its budget of bytes. */
export async function size(installed) {
  const input = join(installed, 'dist', 'index.js');
  const bundler = await rolldown({ input, platform: 'browser', logLevel: 'silent' });
  const { output } = await bundler.generate({ format: 'esm', minify: true });
  await bundler.close();
  const code = Buffer.from(output.map((chunk) => chunk.code).join(''));
  const found = {
    minified: code.length,
    gzip: gzipSync(code, { level: 9 }).length,
    brotli: brotliCompressSync(code).length,
  };
  const sentence = (sizes) =>
    Object.entries(sizes)
      .map(([how, bytes]) => `${how} ${bytes}`)
      .join(', ');
  if (Object.keys(BUDGET).some((how) => found[how] > BUDGET[how])) {
    throw new CannotRun(`the core has ${sentence(found)} bytes; at most ${sentence(BUDGET)}`);
  }
  return `${sentence(found)} bytes; at most ${sentence(BUDGET)}`;
}
