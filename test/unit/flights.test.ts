/** The flight words by themselves: so many messages, of this lease and of no other. */
import { describe, expect, test } from 'vitest';
import { Flights } from '../../src/protocol/flights.js';
import { geometryOf } from '../../src/slab/geometry.js';
import { Slab } from '../../src/slab/slab.js';
import { GENERATION_SHIFT } from '../../src/words/slot-word.js';

const geometry = geometryOf({ frameSizeBytes: 1, frames: 3, threadsMax: 2, cacheFrames: 0 });
const lease = (generation: number): number => generation << GENERATION_SHIFT;
const ADDRESSEES = [-1, 0, 1];

describe.each(ADDRESSEES)('messages to %s', (to) => {
  const rig = (): Flights => new Flights(Slab.create(geometry, undefined, undefined));

  test('are taken as often as they were put', () => {
    const flights = rig();
    for (let k = 0; k < 3; k++) flights.put(1, to, lease(7));
    expect([flights.count(1, to, lease(7)), flights.peek(1, to, lease(7))]).toEqual([3, 3]);
    const taken = [1, 2, 3, 4].map(() => flights.take(1, to, lease(7)));
    expect(taken).toEqual([true, true, true, false]);
  });

  test('of another lease are not seen, not taken, and forgotten by the next put', () => {
    const flights = rig();
    flights.put(2, to, lease(7));
    flights.put(2, to, lease(7));
    for (const generation of [6, 8, 0x7fff, 1]) {
      expect(flights.count(2, to, lease(generation))).toBe(0);
      expect(flights.take(2, to, lease(generation))).toBe(false);
    }
    flights.put(2, to, lease(8));
    expect([flights.count(2, to, lease(8)), flights.count(2, to, lease(7))]).toEqual([1, 0]);
    expect(flights.take(2, to, lease(7))).toBe(false);
    expect(flights.take(2, to, lease(8))).toBe(true);
  });

  test('are not those of another slot or to somebody else', () => {
    const flights = rig();
    flights.put(1, to, lease(7));
    for (const slot of [0, 1, 2]) {
      for (const other of ADDRESSEES) {
        const expected = slot === 1 && other === to ? 1 : 0;
        expect(flights.count(slot, other, lease(7))).toBe(expected);
      }
    }
  });
});
