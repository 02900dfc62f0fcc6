import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CoarseClock } from '../../src/threads/clock.js';

describe('the coarse clock', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => vi.useRealTimers());

  test('is read anew in every turn of the event loop', async () => {
    const clock = new CoarseClock();
    vi.setSystemTime(1000);
    expect(clock.now()[0]).toBe(1000);
    vi.setSystemTime(5000);
    expect(clock.now()[0]).toBe(1000);
    await undefined;
    expect(clock.now()[0]).toBe(5000);
  });

  test('is read anew in a turn that never ends', () => {
    const clock = new CoarseClock();
    vi.setSystemTime(1000);
    clock.now();
    vi.setSystemTime(5000);
    const times = Array.from({ length: 2000 }, () => clock.now()[0]);
    expect(times[0]).toBe(1000);
    expect(times.at(-1)).toBe(5000);
  });
});
