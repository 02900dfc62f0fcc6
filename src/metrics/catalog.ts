/**
 * What a pool's numbers are called in metrics, of which kind they are, and what they mean.
 *
 * Invariants
 * 1. One entry per metric, for Prometheus and OpenTelemetry alike: `frames.free` is
 *    `frameslab_frames_free` there and `frameslab.frames.free` here.
 * 2. A counter is a number that the slab itself counts up. What `stats()` computes from several of
 *    them (`hits`, `releases`, `hitRatePercent`, a channel's `received`) can step back while others
 *    are at work, and monitoring takes a step back for a restart: those are left to queries.
 *
 * Pure; any thread. Imports nothing of the slab: it works on `stats()` that came as JSON as well.
 */
import { InvalidOptionError } from '../errors.js';
import type { PoolStats } from '../inspect/stats.js';

/** Labels, as OpenTelemetry's attributes: names and values. */
export type Labels = Readonly<Record<string, string>>;

/** One value of a metric. */
export interface Reading {
  readonly value: number;
  /** What tells this series from the others of its metric; none for a number of the whole pool. */
  readonly labels: Labels;
}

/** One metric. */
export interface Metric {
  /** Words with dots between them, without prefix, unit and `total`. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  /** As the Unified Code for Units of Measure writes it, which OpenTelemetry uses. */
  readonly unit: string;
  /** One sentence without a full stop. */
  readonly help: string;
  /** Its present values. */
  readonly read: (stats: PoolStats) => readonly Reading[];
}

const FRAMES = '{frame}';
const THREADS = '{thread}';
const CALLS = '{acquire}';
const NONE: Labels = {};

/** A number of the whole pool. */
function ofPool(
  kind: Metric['kind'],
  name: string,
  unit: string,
  help: string,
  value: (stats: PoolStats) => number,
): Metric {
  return { name, kind, unit, help, read: (stats) => [{ value: value(stats), labels: NONE }] };
}

type Thread = PoolStats['threads'][number];
type Channel = PoolStats['channels'][number];

/** A number per attached thread. */
function ofThreads(
  kind: Metric['kind'],
  name: string,
  unit: string,
  help: string,
  value: (thread: Thread) => number,
): Metric {
  const read = ({ threads }: PoolStats): Reading[] =>
    threads.map((thread) => ({
      value: value(thread),
      labels: { seat: `${thread.seat}`, thread: thread.name },
    }));
  return { name, kind, unit, help, read };
}

/** A number per channel. */
function ofChannels(
  kind: Metric['kind'],
  name: string,
  help: string,
  value: (channel: Channel) => number,
): Metric {
  const read = ({ channels }: PoolStats): Reading[] =>
    channels.map((channel) => ({
      value: value(channel),
      labels: { channel: channel.name, mode: channel.mode },
    }));
  return { name, kind, unit: FRAMES, help, read };
}

/** All metrics, in the order in which they are written. */
export const METRICS: readonly Metric[] = [
  ofPool('gauge', 'frame.size', 'By', 'Bytes that one frame can hold', (s) => s.frameSizeBytes),
  ofPool('gauge', 'frames', FRAMES, 'Frames that can always be held at once', (s) => s.frames),
  ofPool('gauge', 'slots', FRAMES, 'Slots in the slab, caches included', (s) => s.slots),
  ofPool('gauge', 'frames.free', FRAMES, 'Slots that nobody holds', (s) => s.framesFree),
  ofPool('gauge', 'frames.in.use', FRAMES, 'Slots that are held', (s) => s.framesInUse),
  ofPool(
    'gauge',
    'frames.in.use.peak',
    FRAMES,
    'Upper bound of the most slots ever in use at once',
    (s) => s.framesInUsePeak,
  ),
  ofPool('gauge', 'frames.cached', FRAMES, 'Free slots in caches', (s) => s.framesCached),
  ofPool(
    'gauge',
    'frames.in.flight',
    FRAMES,
    'Slots with a message that is not adopted yet',
    (s) => s.framesInFlight,
  ),
  ofPool(
    'gauge',
    'preallocated.free',
    FRAMES,
    'Free slots among those made resident at creation',
    (s) => s.preallocatedFree,
  ),
  ofPool(
    'gauge',
    'preallocated.max',
    FRAMES,
    'Slots made resident at creation',
    (s) => s.preallocatedMax,
  ),
  ofPool('counter', 'acquires', CALLS, 'Acquires that succeeded', (s) => s.acquires),
  ofPool(
    'counter',
    'misses',
    CALLS,
    'Acquires that the own cache could not serve',
    (s) => s.misses,
  ),
  ofPool(
    'counter',
    'denied',
    '{look}',
    'Looks that found nothing free, several for one acquire that waits',
    (s) => s.denied,
  ),
  ofPool('counter', 'waits', CALLS, 'Acquires that had to wait', (s) => s.waits),
  ofPool('gauge', 'waiters', THREADS, 'Threads that wait for a frame now', (s) => s.waiters),
  ofPool(
    'counter',
    'oversize',
    FRAMES,
    'Frames that moved to memory of their own because of an oversize write',
    (s) => s.oversize,
  ),
  ofPool(
    'counter',
    'reclaimed',
    FRAMES,
    'Slots given back on behalf of threads that had ended',
    (s) => s.reclaimed,
  ),
  ofPool(
    'gauge',
    'in.doubt',
    '1',
    'One while something that a dead thread left is not settled, else zero',
    (s) => Number(s.inDoubt),
  ),
  {
    name: 'info',
    kind: 'gauge',
    unit: '1',
    help: 'Always one; its label says how promises wait on this platform',
    read: (stats) => [{ value: 1, labels: { async_waiting: stats.asyncWaiting } }],
  },
  ofThreads(
    'gauge',
    'thread.held',
    FRAMES,
    'Slots on which a thread holds references',
    (t) => t.held,
  ),
  ofThreads(
    'gauge',
    'thread.cached',
    FRAMES,
    'Free slots in the cache of a thread',
    (t) => t.cached,
  ),
  ofThreads(
    'counter',
    'thread.acquires',
    CALLS,
    'Acquires of a thread since it attached',
    (t) => t.acquires,
  ),
  ofChannels(
    'gauge',
    'channel.capacity',
    'Frames that fit into one lane of a channel',
    (c) => c.capacity,
  ),
  ofChannels(
    'gauge',
    'channel.depth',
    'Frames sent into a channel and not received yet',
    (c) => c.depth,
  ),
  ofChannels('counter', 'channel.sent', 'Frames sent into a channel', (c) => c.sent),
  ofChannels('counter', 'channel.dropped', 'Frames that a full channel dropped', (c) => c.dropped),
];

/** Labels that some metric has of its own: a caller's must have other names. */
const OWN_LABELS: readonly string[] = ['seat', 'thread', 'channel', 'mode', 'async_waiting'];

/** Checks labels that a caller gives. Throws `InvalidOptionError`. */
export function checkedLabels(option: string, labels: Labels): Labels {
  for (const [name, value] of Object.entries(labels)) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name.startsWith('__')) {
      throw new InvalidOptionError(
        `${option} must have names of letters, digits and _, not beginning with a digit or with ` +
          `__, got '${name}'`,
      );
    }
    if (OWN_LABELS.includes(name)) {
      throw new InvalidOptionError(`${option} must not be named ${OWN_LABELS.join(', ')}: ${name}`);
    }
    if (typeof value !== 'string') {
      throw new InvalidOptionError(`${option} must have strings as values, ${name} has ${value}`);
    }
  }
  return labels;
}
