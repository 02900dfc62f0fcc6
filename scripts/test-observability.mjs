/**
 * Asks the real ones: Prometheus' own parser and linter (`promtool`, Debian's), a parser of the npm
 * registry, and OpenTelemetry's SDK read what `frameslab/metrics` says.
 *
 * Prints a line per law and a summary; one that does not hold ends it with a non-zero exit.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CannotRun, debianPackage, npmPackages } from './lib/fetch.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const promtoolFile = '/usr/bin/promtool';
const packages = {
  '@opentelemetry/api': '1.9.1',
  '@opentelemetry/sdk-metrics': '2.12.1',
  'parse-prometheus-text-format': '1.1.1',
};

await import('./build-if-stale.mjs');

/** Two pools on which something has happened, one with names that have to be escaped. */
function pools(FramePool) {
  const audio = FramePool.create({
    frames: 4,
    channels: { work: { capacity: 2 }, 'odd "name"\\': { capacity: 1, mode: 'broadcast' } },
  });
  const video = FramePool.create({ frames: 2, cacheFrames: 0, frameSizeBytes: 1024 });
  audio.channel('work').trySend(audio.tryAcquire());
  audio.tryAcquire().release();
  const held = video.acquireMany(2);
  video.tryAcquire();
  held[0].release();
  return { audio, video };
}

function promtool(text) {
  const ran = spawnSync(promtoolFile, ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return { status: ran.status, said: `${ran.stdout}${ran.stderr}` };
}

function promtoolLaws({ prometheusText }, { audio, video }) {
  const text = prometheusText({ audio: audio.stats(), video: video.stats() });
  return [
    [
      'promtool parses the text of two pools and its linter has no complaint',
      () => assert.deepEqual(promtool(text), { status: 0, said: '' }),
    ],
    [
      'promtool accepts labels and a prefix of the caller',
      () => {
        const options = { prefix: 'studio_pool', labels: { host: 'a"b\\c\nd' } };
        assert.deepEqual(promtool(prometheusText(audio.stats(), options)), { status: 0, said: '' });
      },
    ],
    [
      'promtool refuses two texts one after the other: several pools need one call',
      () => {
        const twice = prometheusText(audio.stats()) + prometheusText(video.stats());
        assert.match(promtool(twice).said, /second (HELP|TYPE) line/);
      },
    ],
  ];
}

function parserLaw({ prometheusText }, { audio, video }, parse) {
  const law = () => {
    const stats = { audio: audio.stats(), video: video.stats() };
    const families = parse(prometheusText(stats));
    const find = (name, labels) => {
      const family = families.find((candidate) => candidate.name === name);
      const same = ({ labels: own = {} }) =>
        Object.entries(labels).every(([key, value]) => own[key] === value);
      return { type: family?.type, value: Number(family?.metrics.find(same)?.value) };
    };
    assert.deepEqual(find('frameslab_frames_free', { pool: 'audio' }), {
      type: 'GAUGE',
      value: stats.audio.framesFree,
    });
    assert.deepEqual(find('frameslab_denied_total', { pool: 'video' }), {
      type: 'COUNTER',
      value: 1,
    });
    const channel = 'odd "name"\\';
    assert.equal(find('frameslab_channel_capacity', { pool: 'audio', channel }).value, 1);
    assert.equal(find('frameslab_channel_sent_total', { channel: 'work' }).value, 1);
  };
  return ['an independent parser reads every value and label back', law];
}

/** What the SDK has collected, as `name{attributes}` -> [kind, value]. */
async function collected(reader) {
  const { resourceMetrics, errors } = await reader.collect();
  assert.deepEqual(errors, []);
  const found = new Map();
  for (const { metrics } of resourceMetrics.scopeMetrics) {
    for (const { descriptor, dataPoints, isMonotonic } of metrics) {
      for (const { attributes, value } of dataPoints) {
        const key = `${descriptor.name}${JSON.stringify(attributes)}`;
        found.set(key, { value, unit: descriptor.unit, isMonotonic });
      }
    }
  }
  return found;
}

function openTelemetryLaw({ observeStats, prometheusText }, { audio, video }, sdk) {
  const law = async () => {
    class Reader extends sdk.MetricReader {
      async onForceFlush() {}
      async onShutdown() {}
    }
    const reader = new Reader();
    const provider = new sdk.MeterProvider({ readers: [reader] });
    const meter = provider.getMeter('test');
    const stops = Object.entries({ audio, video }).map(([pool, frames]) =>
      observeStats(meter, frames, { attributes: { pool } }),
    );
    const found = await collected(reader);
    const text = prometheusText({ audio: audio.stats(), video: video.stats() });
    const series = text.split('\n').filter((line) => /^frameslab/.test(line));
    assert.equal(found.size, series.length);
    assert.deepEqual(found.get('frameslab.frames{"pool":"video"}'), {
      value: 2,
      unit: '{frame}',
      isMonotonic: undefined,
    });
    assert.deepEqual(found.get('frameslab.denied{"pool":"video"}'), {
      value: 1,
      unit: '{look}',
      isMonotonic: true,
    });
    const key = 'frameslab.acquires{"pool":"audio"}';
    const before = found.get(key).value;
    audio.tryAcquire().release();
    assert.equal((await collected(reader)).get(key).value, before + 1);
    for (const stop of stops) stop();
    audio.tryAcquire().release();
    // The SDK goes on reporting what it saw last; it does not look any more.
    assert.equal((await collected(reader)).get(key).value, before + 1);
    await provider.shutdown();
  };
  return ["OpenTelemetry's SDK collects the same series of both pools, until it is stopped", law];
}

/** A strict program that hands the API's own `Meter` over. */
function typesLaw(modules, folder) {
  const law = () => {
    const file = join(folder, 'meter.ts');
    writeFileSync(
      file,
      `import { metrics } from '@opentelemetry/api';
       import { FramePool } from 'frameslab';
       import { observeStats, prometheusText } from 'frameslab/metrics';
       const pool = FramePool.create();
       const stop: () => void = observeStats(metrics.getMeter('app'), pool);
       const text: string = prometheusText({ a: pool.stats() });
       // @ts-expect-error a console is no meter, so the types are really there
       observeStats(console, pool);
       stop();
       export { text };\n`,
    );
    const compilerOptions = {
      target: 'ES2022',
      module: 'Preserve',
      moduleResolution: 'bundler',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      lib: ['ES2024', 'ESNext.Disposable', 'DOM'],
      types: [],
      paths: {
        '@opentelemetry/api': [join(modules, '@opentelemetry/api')],
        frameslab: [join(root, 'dist/index.d.ts')],
        'frameslab/metrics': [join(root, 'dist/metrics.d.ts')],
      },
    };
    const project = join(folder, 'tsconfig.json');
    writeFileSync(project, JSON.stringify({ compilerOptions, files: [file] }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const ran = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
    assert.equal(ran.stdout, '');
    assert.equal(ran.status, 0);
  };
  return ["a Meter of OpenTelemetry's API fits, in a strict program", law];
}

const counts = { passed: 0, failed: 0 };
const folder = mkdtempSync(join(tmpdir(), 'frameslab-observability-'));
try {
  if (process.exitCode) throw new CannotRun('the build failed');
  debianPackage('prometheus', promtoolFile);
  const modules = npmPackages('observability', packages);
  const require = createRequire(`${modules}/`);
  const parser = require('parse-prometheus-text-format');
  const { FramePool } = await import('frameslab');
  const metrics = await import('frameslab/metrics');
  const both = pools(FramePool);
  for (const [name, law] of [
    ...promtoolLaws(metrics, both),
    parserLaw(metrics, both, parser.default ?? parser),
    openTelemetryLaw(metrics, both, require('@opentelemetry/sdk-metrics')),
    typesLaw(modules, folder),
  ]) {
    let fault;
    try {
      await law();
    } catch (caught) {
      fault = caught;
    }
    counts[fault === undefined ? 'passed' : 'failed'] += 1;
    console.log(`${fault === undefined ? 'ok     ' : 'FAILED '} ${name}`);
    if (fault !== undefined) console.log(`${fault.message}`.replace(/^/gm, '        '));
  }
} catch (fault) {
  counts.failed += 1;
  console.error(fault instanceof CannotRun ? fault.message : fault);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
if (counts.failed > 0) process.exitCode = 1;
