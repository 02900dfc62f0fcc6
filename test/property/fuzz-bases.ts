/**
 * The pools whose slabs the fuzzer damages, and where in them the books are kept: the words that say
 * where each slot is and who refers to it.
 */
import { geometryOf } from '../../src/slab/geometry.js';
import { layoutOf } from '../../src/slab/layout.js';

const SHAPES = [
  { frames: 3, frameSizeBytes: 16, threadsMax: 3, cacheFrames: 0 },
  { frames: 2, frameSizeBytes: 8, threadsMax: 3, cacheFrames: 2, headerBytes: 4 },
  { frames: 40, frameSizeBytes: 4, threadsMax: 3, cacheFrames: 1, guard: 'verify' },
  { frames: 4, frameSizeBytes: 64, threadsMax: 3, cacheFrames: 0, trace: true },
] as const;

const optionsOf = (shape: (typeof SHAPES)[number], whenFull: 'wait' | 'drop-oldest') => ({
  ...shape,
  channels: {
    line: { capacity: 3, whenFull },
    news: { capacity: 2, mode: 'broadcast' as const },
  },
});

/** Options, and the offsets that the fuzzer aims at, all in ints. */
export const BASES = SHAPES.flatMap((shape) =>
  (['wait', 'drop-oldest'] as const).map((whenFull) => {
    const options = optionsOf(shape, whenFull);
    const layout = layoutOf(geometryOf(options));
    const { leavesAt, leafStride, slotsAt, flightsAt, ledgersAt, mailAt, slots, controlInts } =
      layout;
    const books = {
      leaves: [leavesAt, layout.summaryAt],
      slots: [slotsAt, flightsAt],
      flights: [flightsAt, layout.seatsAt],
      ledgers: [ledgersAt, mailAt],
      mail: [mailAt, layout.channels[0].at],
    };
    return { options, books, slots, leafStride, controlInts };
  }),
);
