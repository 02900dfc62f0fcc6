/** A million frames and more through channels between real threads, every payload checked. */
import { FramePool } from 'frameslab';
import { expect, test } from 'vitest';
import { Crew, expectAllHome, resultsOf } from '../workers/crew.js';
import { randomFrom } from '../workers/payload.js';
import { announcedSeed, framesOfSoak, withProgress } from './progress.js';

const SEATS = 10;
const SEND_FORMS = ['sync', 'now', 'many', 'handle', 'promise'] as const;
const RECEIVE_FORMS = ['sync', 'now', 'many', 'promise', 'iterate'] as const;

interface Plan {
  readonly name: string;
  readonly mode: 'queue' | 'broadcast';
  readonly producers: number;
  readonly consumers: number;
  readonly capacity: number;
  readonly frames: number;
  /** Blocking verbs only, or any form at random. */
  readonly mixed: boolean;
  /** Share of the million: promises take an event-loop turn each. */
  readonly share: number;
}

const PLANS: readonly Plan[] = [
  {
    name: '4 × 4 on a queue',
    mode: 'queue',
    producers: 4,
    consumers: 4,
    capacity: 64,
    frames: 600,
    mixed: false,
    share: 1,
  },
  {
    name: '4 × 4 on a narrow queue, all forms',
    mode: 'queue',
    producers: 4,
    consumers: 4,
    capacity: 3,
    frames: 32,
    mixed: true,
    share: 0.2,
  },
  {
    name: '1 × 4 on a broadcast',
    mode: 'broadcast',
    producers: 1,
    consumers: 4,
    capacity: 64,
    frames: 600,
    mixed: false,
    share: 1,
  },
  {
    name: '1 × 4 on a narrow broadcast, all forms',
    mode: 'broadcast',
    producers: 1,
    consumers: 4,
    capacity: 3,
    frames: 32,
    mixed: true,
    share: 0.2,
  },
  {
    name: '4 × 4 on a queue in a tiny pool',
    mode: 'queue',
    producers: 4,
    consumers: 4,
    capacity: 8,
    frames: 2,
    mixed: false,
    share: 0.2,
  },
];

test.for(PLANS.map((plan) => [plan.name, plan] as const))(
  '%s: every frame arrives as it was sent, and every slot comes home',
  async ([name, plan]) => {
    const random = randomFrom(announcedSeed());
    const { mode, capacity, frames } = plan;
    const count = Math.ceil((framesOfSoak() * plan.share) / plan.producers);
    const pool = FramePool.create({
      frameSizeBytes: 64,
      frames,
      cacheFrames: plan.frames < 16 ? 0 : 8,
      threadsMax: SEATS,
      channels: { work: { mode, capacity } },
    });
    const crew = new Crew(pool);
    const seen = new SharedArrayBuffer(SEATS * count);
    const subscribe = mode === 'broadcast';
    const common = { channel: 'work', count, most: count, seen, subscribe };
    const form = (forms: readonly string[]): string =>
      plan.mixed ? (forms[random(forms.length)] as string) : 'sync';
    const consumers = await crew.startAll<number>(
      'consume',
      Array.from({ length: plan.consumers }, () => ({ ...common, form: form(RECEIVE_FORMS) })),
    );
    await crew.counted(plan.consumers);
    const producers = await crew.startAll<{ seat: number }>(
      'produce',
      Array.from({ length: plan.producers }, () => ({
        ...common,
        form: form(SEND_FORMS),
        batch: 2 + random(8),
      })),
    );
    crew.go();
    const expected = plan.producers * count * (subscribe ? plan.consumers : 1);
    const line = (): string => {
      const row = pool.stats().channels[0];
      return `${row?.received} of ${expected} received, ${row?.depth} on their way`;
    };
    const work = async (): Promise<number[]> => {
      const seats = (await resultsOf(producers)).map(({ seat }) => seat);
      pool.channel('work').close();
      const received = await resultsOf(consumers);
      expect(received.reduce((sum, n) => sum + n, 0)).toBe(expected);
      return seats;
    };
    const seats = await withProgress(name, line, work());
    const tally = new Uint8Array(seen);
    const times = subscribe ? plan.consumers : 1;
    for (const seat of seats) {
      const row = tally.subarray(seat * count, (seat + 1) * count);
      expect(row.every((n) => n === times)).toBe(true);
    }
    expect(pool.stats().channels[0]).toMatchObject({
      sent: expected,
      received: expected,
      dropped: 0,
      depth: 0,
    });
    expectAllHome(pool);
    pool.close();
  },
);
