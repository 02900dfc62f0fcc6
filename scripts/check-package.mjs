/**
 * Checks the package as a stranger meets it: packs it, installs the tarball into an empty project,
 * uses it from ESM and CommonJS, bundles it and weighs the bundle, asks the linters of packages, and
 * type-checks strict consumers against it. What only this script needs is fetched into `.tools/`.
 *
 * Prints one line per step. Any failure ends it with a non-zero exit.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import ts from 'typescript';
import { CannotRun } from './lib/fetch.mjs';
import { install, pack, root, run } from './lib/package.mjs';
import { lint, packageTools, size, typesAgree } from './lib/package-lint.mjs';
import { compilerIn, consumers, typeCheck } from './lib/package-types.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'frameslab-package-'));
const consumer = join(scratch, 'consumer');
const installed = join(consumer, 'node_modules', 'frameslab');

function expect(holds, sentence) {
  if (!holds) throw new CannotRun(sentence);
}

function write(name, text) {
  const file = join(consumer, name);
  writeFileSync(file, text);
  return file;
}

// ---------------------------------------------------------------------------------------------
// The tarball

function packed() {
  const { tarball, report } = pack(scratch);
  const paths = report.files.map((file) => file.path);
  const loose = new Set(['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json']);
  const strangers = paths.filter((path) => !loose.has(path) && !path.startsWith('dist/'));
  expect(strangers.length === 0, `the tarball holds what it should not: ${strangers.join(', ')}`);
  const missing = [...loose].filter((path) => !paths.includes(path));
  expect(missing.length === 0, `the tarball lacks ${missing.join(', ')}`);
  return { tarball, told: `${paths.length} files, ${report.size} bytes` };
}

function installAlone(tarball) {
  install(tarball, consumer);
  const others = readdirSync(join(consumer, 'node_modules')).filter(
    (name) => name !== 'frameslab' && !name.startsWith('.'),
  );
  expect(others.length === 0, `installing frameslab also installed ${others.join(', ')}`);
}

/** Every path that the exports map names exists in the tarball. */
function exportsMap() {
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const named = [];
  const collect = (entry) => {
    if (typeof entry === 'string') named.push(entry);
    else for (const inner of Object.values(entry)) collect(inner);
  };
  collect(manifest.exports);
  for (const path of named) {
    expect(existsSync(join(installed, path)), `the exports map names ${path}, which is not there`);
  }
  for (const field of ['dependencies', 'peerDependencies', 'optionalDependencies']) {
    expect(manifest[field] === undefined, `package.json has ${field}; frameslab has none`);
  }
  return new Set(named).size;
}

// ---------------------------------------------------------------------------------------------
// The default entry, which browsers load

/** Every module that `entry` reaches, and every bare specifier met on the way. */
function reach(entry) {
  const files = new Set();
  const bare = new Set();
  const pending = [join(installed, entry)];
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
    for (const { fileName: specifier } of importedFiles) {
      if (specifier.startsWith('.')) pending.push(resolve(dirname(file), specifier));
      else bare.add(specifier);
    }
  }
  return { files, bare };
}

function platformNeutral() {
  for (const entry of ['dist/index.js', 'dist/index.cjs']) {
    const { bare } = reach(entry);
    const builtins = [...bare].filter((s) => s.startsWith('node:') || builtinModules.includes(s));
    expect(builtins.length === 0, `${entry} imports ${builtins.join(', ')}`);
    expect(bare.size === 0, `${entry} imports ${[...bare].join(', ')}`);
  }
  for (const entry of ['dist/node.js', 'dist/node.cjs']) {
    const { bare } = reach(entry);
    expect(bare.has('node:worker_threads'), `${entry} does not import node:worker_threads`);
    const others = [...bare].filter((specifier) => !specifier.startsWith('node:'));
    expect(others.length === 0, `${entry} imports ${others.join(', ')}`);
  }
  for (const entry of ['dist/metrics.js', 'dist/metrics.cjs']) {
    const { bare } = reach(entry);
    expect(bare.size === 0, `${entry} imports ${[...bare].join(', ')}`);
  }
  const shared = [...reach('dist/index.js').files].filter((f) =>
    reach('dist/node.js').files.has(f),
  );
  expect(
    shared.length > 0,
    'dist/index.js and dist/node.js share no chunk: the core is there twice',
  );
}

// ---------------------------------------------------------------------------------------------
// Using it

/** One frame's life, in plain JavaScript; `frameslab` is whatever was imported. */
const life = `
const { FramePool } = frameslab;
const pool = FramePool.create({ frames: 4, frameSizeBytes: 1024 });
async function main() {
  const frame = await pool.acquire();
  frame.write(new Uint8Array([1, 2, 3]));
  if (frame.length !== 3 || frame.bytes[2] !== 3) throw new Error('the bytes did not arrive');
  const held = pool.audit();
  if (held.ok !== true) throw new Error('audit while held: ' + JSON.stringify(held));
  if (frame.release() !== true) throw new Error('release did not say that it was the last');
  const home = pool.audit();
  if (home.ok !== true) throw new Error('audit after release: ' + JSON.stringify(home));
  pool.close();
  for (const [name, value] of Object.entries(frameslab)) {
    if (typeof value === 'function' && /^class\\b/.test(Function.prototype.toString.call(value)))
      if (value.name !== name) throw new Error('class ' + name + ' calls itself ' + value.name);
  }
  console.log('ok');
}
main().catch((error) => { console.error(error); process.exit(1); });
`;

function use(name, text) {
  const printed = run(process.execPath, [write(name, text)], consumer);
  expect(printed === 'ok\n', `${name} printed ${JSON.stringify(printed)} instead of ok`);
}

/**
 * A bundler that believes `sideEffects: false` keeps a module only for the exports it provides. The
 * host adaptor must survive that, or a bundled program would run on the wrong host.
 */
async function bundle() {
  const input = write('bundle-me.mjs', `import * as frameslab from 'frameslab';\n${life}`);
  const named = write(
    'bundle-one.mjs',
    "import { FramePool } from 'frameslab';\nFramePool.create();\n",
  );
  for (const [entry, platform, wanted] of [
    [input, 'node', true],
    [named, 'node', true],
    [named, 'browser', false],
  ]) {
    const bundler = await rolldown({ input: entry, platform, logLevel: 'silent' });
    const file = join(consumer, `bundled-${platform}-${basename(entry)}`);
    await bundler.write({ file, format: 'esm' });
    await bundler.close();
    const text = readFileSync(file, 'utf8');
    const found = text.includes('worker_threads');
    expect(
      found === wanted,
      wanted
        ? 'a bundler drops the host adaptor: with `sideEffects: false`, dist/node.js must provide ' +
            'FramePool itself, or package.json must name dist/node.js and dist/node.cjs there'
        : 'a bundle for browsers imports worker_threads',
    );
    if (entry === input) use(basename(file), text);
    const picture = text.includes('each cell stands for');
    expect(entry === input || !picture, 'who imports FramePool alone gets renderSlab as well');
  }
}

// ---------------------------------------------------------------------------------------------

async function step(sentence, check) {
  const begun = performance.now();
  const detail = await check();
  const took = Math.round(performance.now() - begun);
  console.log(`ok  ${sentence}${typeof detail === 'string' ? `: ${detail}` : ''} (${took} ms)`);
}

try {
  let tarball;
  await step('the tarball holds dist and the four papers, nothing else', () => {
    const { told, ...rest } = packed();
    tarball = rest.tarball;
    return told;
  });
  await step('it installs offline into an empty project, alone', () => installAlone(tarball));
  await step('every path of the exports map is there', () => `${exportsMap()} paths`);
  await step(
    'the default entry imports nothing of Node; the entries share a chunk',
    platformNeutral,
  );
  await step('imported from ESM, a frame lives and comes home', () =>
    use('use.mjs', `import * as frameslab from 'frameslab';\n${life}`),
  );
  await step('required from CommonJS, a frame lives and comes home', () =>
    use('use.cjs', `'use strict';\nconst frameslab = require('frameslab');\n${life}`),
  );
  await step('frameslab/metrics is there, imported and required', () => {
    const body = `const pool = FramePool.create({ frames: 1 });
      const text = prometheusText(pool.stats());
      console.log(text.includes('frameslab_frames 1') ? 'ok' : text);`;
    use(
      'metrics.mjs',
      `import { FramePool } from 'frameslab';
       import { prometheusText } from 'frameslab/metrics';
       ${body}`,
    );
    use(
      'metrics.cjs',
      `const { FramePool } = require('frameslab');
       const { prometheusText } = require('frameslab/metrics');
       ${body}`,
    );
  });
  await step('the default entry works without a host adaptor', () => {
    use(
      'core.mjs',
      `import * as frameslab from './node_modules/frameslab/dist/index.js';\n${life}`,
    );
  });
  await step('bundled for Node and for a browser, it keeps the right host', bundle);
  let tools;
  await step('linters and compilers are there', () => {
    tools = packageTools();
  });
  await step('the minified core keeps to its budget', () => size(installed));
  await step('publint has nothing to say', () => lint(tools, tarball));
  await step('types and code agree', () => typesAgree(tools, tarball));
  const compilers = {
    'TypeScript 5.9': compilerIn(tools, 'typescript-5.9'),
    'the TypeScript of the house': compilerIn(join(root, 'node_modules'), 'typescript'),
    'TypeScript 7.0': compilerIn(tools, 'typescript-7.0'),
  };
  for (const [name, compiler] of Object.entries(compilers)) {
    for (const each of consumers) {
      await step(`a strict consumer type-checks, .mts and .cts, ${each[0]}, ${name}`, () =>
        typeCheck(consumer, compiler, each),
      );
    }
  }
} catch (error) {
  console.error(`FAILED  ${error instanceof CannotRun ? error.message : (error.stack ?? error)}`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
