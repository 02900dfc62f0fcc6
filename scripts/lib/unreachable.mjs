/**
 * Errors to which a way leads in the code, and that a caller nevertheless cannot get: [members, error,
 * why]. A member is named `Class.member`, several by a pattern. What stands here needs no docstring.
 */
export const UNREACHABLE = [
  [
    '^FramePool\\.(tryAcquire|acquireSync|acquire|acquireMany)$',
    'FrameSharedError',
    'the length is set on a frame that was acquired a moment ago and is exclusive',
  ],
  [
    '^FramePool\\.(tryAcquire|acquireSync|acquire|acquireMany)$|^SlotTable\\.acquireMany$',
    'StaleHandleError',
    'the handle was made by the same call',
  ],
  [
    '^FramePool\\.(create|attach|open)$',
    'StaleHandleError',
    'comes from what the attachment does later, when it reclaims',
  ],
  [
    '^FramePool\\.(create|attach|open)$',
    'PoolClosedError',
    'comes from what the attachment does later, when it reclaims',
  ],
  [
    '^FramePool\\.(watch|reclaim|audit|close)$|^FramePool\\.\\[Symbol\\.dispose\\]$',
    'StaleHandleError',
    'the handles are those that the ledger counts at this moment',
  ],
  ['^FramePool\\.(close|\\[Symbol\\.dispose\\])$', 'PoolClosedError', 'closing twice does nothing'],
  [
    '^FrameChannel\\.unsubscribe$',
    'StaleHandleError',
    'the handles are those that it has just claimed',
  ],
  [
    '^(Frame|SlotTable)\\.transfer$',
    'RefCountOverflowError',
    'a ledger never counts more references than a word can',
  ],
  ['^Frame\\.unshare$', 'FrameSharedError', 'the copy is new, and exclusive'],
  ['^Frame\\.unshare$', 'FrameTooLargeError', 'a copy is as large as its original'],
];

/** True if the list says so. */
export function isUnreachable(member, error) {
  return UNREACHABLE.some(([pattern, name]) => name === error && new RegExp(pattern).test(member));
}
