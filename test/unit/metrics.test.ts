/** `frameslab/metrics`: every number has its metric, each metric its rules, for both systems. */
import { type FramePool, InvalidOptionError, type PoolStats } from 'frameslab';
import {
  type MeterLike,
  type ObservationsLike,
  observeStats,
  PROMETHEUS_CONTENT_TYPE,
  prometheusText,
} from 'frameslab/metrics';
import { afterEach, describe, expect, test } from 'vitest';
import { refused, smallPool, wrong } from './kit.js';

const open: FramePool[] = [];
afterEach(() => {
  for (const pool of open.splice(0)) pool.close();
});

/** A pool with two channels, on which something has happened; nothing is held any more. */
function usedPool(): FramePool {
  const pool = smallPool({
    frames: 3,
    channels: {
      work: { capacity: 2, whenFull: 'drop-newest' },
      'odd "name"\\': { capacity: 1, mode: 'broadcast' },
    },
  });
  open.push(pool);
  const held = pool.acquireMany(3) ?? [];
  pool.tryAcquire();
  for (const frame of held) pool.channel('work').trySend(frame);
  for (let k = 0; k < 2; k++) pool.channel('work').tryReceive()?.release();
  return pool;
}

/** The lines of a text that are no comments, as name with labels -> value. */
function seriesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

/** The numbers that are left to queries: computed from others, they can step back. */
const DERIVED = ['hits', 'releases', 'hitRatePercent', 'received'];

/** Every number of the stats with another value, so that none can be taken for another. */
function distinct(stats: PoolStats): PoolStats {
  let next = 1000;
  return JSON.parse(JSON.stringify(stats), (key, value) =>
    typeof value === 'number' && key !== 'seat' ? ++next : value,
  );
}

describe('prometheusText', () => {
  test('every number of stats() is there once, but for those that can step back', () => {
    const stats = distinct(usedPool().stats());
    const values = [...seriesOf(prometheusText(stats)).values()];
    const numbers = (object: object): [string, number][] =>
      Object.entries(object).filter(([key, value]) => typeof value === 'number' && key !== 'seat');
    const all = [stats, ...stats.threads, ...stats.channels].flatMap(numbers);
    for (const [key, value] of all) {
      const wanted = DERIVED.includes(key) || key === 'threadId' ? 0 : 1;
      expect([key, values.filter((found) => found === value).length]).toEqual([key, wanted]);
    }
    expect(all.length).toBeGreaterThan(25);
  });

  test('what it says is what stats() says', () => {
    const stats = usedPool().stats();
    const series = seriesOf(prometheusText(stats));
    expect(series.get('frameslab_frames')).toBe(3);
    expect(series.get('frameslab_frame_size_bytes')).toBe(64);
    expect(series.get('frameslab_acquires_total')).toBe(stats.acquires);
    expect(series.get('frameslab_denied_total')).toBe(1);
    expect(series.get('frameslab_in_doubt')).toBe(0);
    expect(series.get('frameslab_channel_sent_total{channel="work",mode="queue"}')).toBe(
      stats.channels[0]?.sent,
    );
    const [thread] = stats.threads;
    const labels = `{seat="${thread?.seat}",thread="${thread?.name}"}`;
    expect(series.get(`frameslab_thread_acquires_total${labels}`)).toBe(thread?.acquires);
  });

  test('HELP and TYPE stand before all series of a metric, once, and counters end in _total', () => {
    const stats = usedPool().stats();
    const text = prometheusText({ one: stats, two: stats });
    expect(text.endsWith('\n')).toBe(true);
    const seen = new Set<string>();
    let now = '';
    let kind = '';
    for (const line of text.trimEnd().split('\n')) {
      const [, word, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
      if (word === 'HELP') {
        expect(seen).not.toContain(name);
        seen.add(name as string);
        expect(rest).toMatch(/^[A-Z].+\.$/);
        now = name as string;
      } else if (word === 'TYPE') {
        expect(name).toBe(now);
        kind = rest as string;
        expect(now.endsWith('_total')).toBe(kind === 'counter');
      } else expect(line.startsWith(`${now}{pool="`)).toBe(true);
    }
    expect(seen.size).toBeGreaterThan(20);
  });

  test('several pools are told apart by the label pool; prefix and labels are the caller’s', () => {
    const stats = usedPool().stats();
    const text = prometheusText(
      { audio: stats, video: { ...stats, frames: 9 } },
      { prefix: 'studio', labels: { host: 'a' } },
    );
    const series = seriesOf(text);
    expect(series.get('studio_frames{pool="audio",host="a"}')).toBe(3);
    expect(series.get('studio_frames{pool="video",host="a"}')).toBe(9);
    expect(text).not.toContain('frameslab_');
  });

  test('label values are escaped: quotes, backslashes, ends of lines', () => {
    const stats = usedPool().stats();
    const text = prometheusText(stats, { labels: { note: 'a"b\\c\nd' } });
    expect(text).toContain('{note="a\\"b\\\\c\\nd",channel="odd \\"name\\"\\\\",mode="broadcast"}');
    expect(text.split('\n').every((line) => /^#|^frameslab_|^$/.test(line))).toBe(true);
  });

  test('no pool gives no text, and stats that came as JSON the same text', () => {
    expect(prometheusText({})).toBe('');
    const stats = usedPool().stats();
    expect(prometheusText(JSON.parse(JSON.stringify(stats)))).toBe(prometheusText(stats));
    expect(PROMETHEUS_CONTENT_TYPE).toContain('version=0.0.4');
  });

  test('names that the format forbids, and labels that are taken, are refused', () => {
    const stats = usedPool().stats();
    for (const prefix of ['', '1st', 'a-b', 'a b', 'a:b', wrong(7.5)]) {
      refused(() => prometheusText(stats, { prefix }), InvalidOptionError, 'prefix');
    }
    for (const name of ['', '1st', 'a-b', '__name', 'channel', 'seat']) {
      const labels = { [name]: 'x' };
      refused(() => prometheusText(stats, { labels }), InvalidOptionError, 'labels', name);
    }
    const labels = { host: wrong(7) };
    refused(() => prometheusText(stats, { labels }), InvalidOptionError, 'host');
    const pool = { labels: { pool: 'x' } };
    refused(() => prometheusText({ a: stats }, pool), InvalidOptionError, 'pool');
    expect(prometheusText(stats, pool)).toContain('frameslab_frames{pool="x"} 3\n');
  });
});

/** A meter that remembers what it is asked for, and collects when told to. */
class TestMeter implements MeterLike<string> {
  readonly kinds = new Map<string, string>();
  readonly callbacks = new Set<(result: ObservationsLike<string>) => void>();
  createObservableGauge(name: string, { unit }: { unit: string }): string {
    this.kinds.set(name, `gauge ${unit}`);
    return name;
  }
  createObservableCounter(name: string, { unit }: { unit: string }): string {
    this.kinds.set(name, `counter ${unit}`);
    return name;
  }
  addBatchObservableCallback(callback: (result: ObservationsLike<string>) => void): void {
    this.callbacks.add(callback);
  }
  removeBatchObservableCallback(callback: (result: ObservationsLike<string>) => void): void {
    this.callbacks.delete(callback);
  }
  collect(): string[] {
    const lines: string[] = [];
    const observe = (name: string, value: number, attributes: object): void => {
      lines.push(`${name} ${JSON.stringify(attributes)} ${value}`);
    };
    for (const callback of [...this.callbacks]) callback({ observe });
    return lines;
  }
}

describe('observeStats', () => {
  test('observes the same series as the text has, with the same values', () => {
    const pool = usedPool();
    const meter = new TestMeter();
    const stop = observeStats(meter, pool, { attributes: { pool: 'audio' } });
    const asText = meter.collect().map((line) => {
      const [, name, attributes, value] = /^(\S+) (\{.*\}) (\S+)$/.exec(line) ?? [];
      const kind = meter.kinds.get(name as string) ?? '';
      const unit = kind.endsWith(' By') ? '_bytes' : '';
      const total = kind.startsWith('counter') ? '_total' : '';
      const labels = Object.entries(JSON.parse(attributes as string)).map(
        ([label, text]) => `${label}=${JSON.stringify(text)}`,
      );
      return `${(name as string).replaceAll('.', '_')}${unit}${total}{${labels.join(',')}} ${value}`;
    });
    const text = prometheusText({ audio: pool.stats() });
    expect(asText).toEqual(text.split('\n').filter((line) => /^frameslab/.test(line)));
    stop();
    expect(meter.collect()).toEqual([]);
  });

  test('reads the pool once per collection', () => {
    const pool = usedPool();
    const meter = new TestMeter();
    let reads = 0;
    const stats = (): PoolStats => {
      reads += 1;
      return pool.stats();
    };
    observeStats(meter, { stats });
    expect(reads).toBe(0);
    meter.collect();
    meter.collect();
    expect(reads).toBe(2);
  });

  test('a pool that this thread has closed is observed no more; other faults are not hidden', () => {
    const pool = smallPool();
    const meter = new TestMeter();
    observeStats(meter, pool, { prefix: 'studio' });
    expect(meter.collect()[0]).toBe('studio.frame.size {} 64');
    pool.close();
    expect(meter.collect()).toEqual([]);
    expect(meter.callbacks.size).toBe(0);
    const stats = (): PoolStats => {
      throw new Error('another fault');
    };
    observeStats(meter, { stats });
    expect(() => meter.collect()).toThrow('another fault');
  });

  test('names that OpenTelemetry forbids, and attributes that are taken, are refused', () => {
    const pool = usedPool();
    const meter = new TestMeter();
    for (const prefix of ['', '1st', 'a b', '.a']) {
      refused(() => observeStats(meter, pool, { prefix }), InvalidOptionError, 'prefix');
    }
    const attributes = { thread: 'x' };
    refused(() => observeStats(meter, pool, { attributes }), InvalidOptionError, 'attributes');
    expect(meter.kinds.size).toBe(0);
  });
});
