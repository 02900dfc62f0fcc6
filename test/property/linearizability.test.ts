/**
 * The checker itself: it accepts what could have happened one after the other, and refuses what
 * could not. Times are written as in the recorded histories: a ticket at the call, one at the return.
 */
import { describe, expect, test } from 'vitest';
import { linearize, type Operation, overlapping } from './linearizability.js';
import { laneByLane, poolSpec, queueSpec } from './specifications.js';

type Row = readonly [
  called: number,
  returned: number,
  thread: number,
  call: string,
  result: number,
];

/** `[called, returned, thread, 'name argument', result]`. */
function historyOf(rows: readonly Row[]): Operation[] {
  return rows.map(([called, returned, thread, call, result]) => {
    const [name, argument] = call.split(' ');
    return { called, returned, thread, name, argument: Number(argument ?? 0), result };
  });
}

const slotOf = (handle: number): number => handle % 10;
const pool = poolSpec(2, 2, slotOf);
const cached = poolSpec(2, 6, slotOf);
const queue = queueSpec(2, [0, 1]);
const ok = (rows: readonly Row[], spec: Parameters<typeof linearize>[1]): boolean =>
  linearize(historyOf(rows), spec as never).linearizable;

describe('the checker accepts', () => {
  test.each<[string, Row[], unknown]>([
    ['nothing at all', [], pool],
    [
      'one thread in order',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 4, 0, 'release 11', 1],
      ],
      pool,
    ],
    [
      'a miss while two are held, one of them by a call that has not returned',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 8, 1, 'acquire', 12],
        [4, 5, 2, 'acquire', 0],
      ],
      pool,
    ],
    [
      'a slot that is acquired while its release is under way',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 9, 0, 'release 11', 1],
        [4, 5, 1, 'acquire', 21],
      ],
      pool,
    ],
    [
      'with caches, more than `frames` at once',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 4, 0, 'acquire', 12],
        [5, 6, 1, 'acquire', 13],
      ],
      cached,
    ],
    [
      'an adoption before the share has returned',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 8, 0, 'share 11', 1],
        [4, 5, 1, 'adopt 11', 1],
      ],
      pool,
    ],
    [
      'a receive before the send has returned',
      [
        [1, 6, 0, 'send 7', 1],
        [2, 3, 2, 'receive', 7],
        [4, 5, 2, 'receive', 0],
      ],
      queue,
    ],
    [
      'two producers in any order',
      [
        [1, 2, 0, 'send 7', 1],
        [3, 4, 1, 'send 8', 1],
        [5, 6, 2, 'receive', 8],
        [7, 8, 2, 'receive', 7],
      ],
      queue,
    ],
  ])('%s', (_name, rows, spec) => {
    expect(ok(rows, spec as never)).toBe(true);
  });
});

describe('the checker refuses', () => {
  test.each<[string, Row[], unknown]>([
    [
      'a duplicated frame: one slot held twice',
      [
        [1, 4, 0, 'acquire', 11],
        [2, 3, 1, 'acquire', 21],
      ],
      pool,
    ],
    [
      'a lost frame: a miss although one was free all the time',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 4, 1, 'acquire', 0],
      ],
      pool,
    ],
    [
      'a false "exhausted": the second was released before the call',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 4, 0, 'acquire', 12],
        [5, 6, 0, 'release 12', 1],
        [7, 8, 1, 'acquire', 0],
      ],
      pool,
    ],
    [
      'a false "exhausted" because of full caches',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 4, 1, 'acquire', 0],
        [5, 6, 0, 'release 11', 1],
      ],
      cached,
    ],
    [
      'more frames than there are slots',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 4, 0, 'acquire', 12],
        [5, 6, 0, 'acquire', 13],
      ],
      pool,
    ],
    [
      'a release that was called the last one, with a message in flight',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 4, 0, 'share 11', 1],
        [5, 6, 0, 'release 11', 1],
      ],
      pool,
    ],
    [
      'a release that was not called the last one, and was',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 4, 0, 'release 11', 0],
      ],
      pool,
    ],
    [
      'one message adopted twice',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 4, 0, 'transfer 11', 1],
        [5, 8, 1, 'adopt 11', 1],
        [6, 7, 2, 'adopt 11', 1],
      ],
      pool,
    ],
    [
      'an adoption refused although the message was there',
      [
        [1, 2, 0, 'acquire', 11],
        [3, 4, 0, 'share 11', 1],
        [5, 6, 1, 'adopt 11', 0],
      ],
      pool,
    ],
    [
      'a lost value',
      [
        [1, 2, 0, 'send 7', 1],
        [3, 4, 0, 'send 8', 1],
        [5, 6, 2, 'receive', 8],
      ],
      queue,
    ],
    [
      'a duplicated value',
      [
        [1, 2, 0, 'send 7', 1],
        [3, 6, 2, 'receive', 7],
        [4, 5, 1, 'receive', 7],
      ],
      queue,
    ],
    [
      'a broken order',
      [
        [1, 2, 0, 'send 7', 1],
        [3, 4, 0, 'send 8', 1],
        [5, 9, 2, 'receive', 8],
        [10, 11, 2, 'receive', 7],
      ],
      queue,
    ],
    [
      'a false "empty"',
      [
        [1, 2, 0, 'send 7', 1],
        [3, 4, 2, 'receive', 0],
      ],
      queue,
    ],
    [
      'a false "full"',
      [
        [1, 2, 0, 'send 7', 1],
        [3, 4, 0, 'send 8', 0],
      ],
      queue,
    ],
    [
      'more than the capacity',
      [
        [1, 2, 0, 'send 7', 1],
        [3, 4, 0, 'send 8', 1],
        [5, 6, 0, 'send 9', 1],
      ],
      queue,
    ],
    ['a value that nobody sent', [[1, 2, 2, 'receive', 7]], queue],
  ])('%s', (_name, rows, spec) => {
    expect(ok(rows, spec as never)).toBe(false);
  });
});

describe('an empty receive over two lanes', () => {
  const rows: Row[] = [
    [1, 2, 1, 'send 8', 1],
    [3, 10, 2, 'receive', 0],
    [4, 5, 0, 'send 7', 1],
    [6, 7, 3, 'receive', 8],
  ];

  test('is no single moment', () => {
    expect(ok(rows, queue)).toBe(false);
  });
  test('is a moment per lane', () => {
    expect(linearize(laneByLane(historyOf(rows), 2), queue).linearizable).toBe(true);
  });
  test('and still no lie: a lane that was full all the time is not empty', () => {
    const lie = historyOf([
      [1, 2, 1, 'send 8', 1],
      [3, 4, 2, 'receive', 0],
    ]);
    expect(linearize(laneByLane(lie, 2), queue).linearizable).toBe(false);
  });
});

test('calls overlap if each begins before the other returns, in different threads', () => {
  const rows: Row[] = [
    [1, 4, 0, 'acquire', 11],
    [3, 6, 1, 'acquire', 12],
    [7, 8, 1, 'release 12', 1],
  ];
  expect(overlapping(historyOf(rows))).toBe(2);
});
