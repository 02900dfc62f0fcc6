/**
 * How far every scenario must be explored: the number of preemptions up to which nothing may be left
 * out, without a kill, with one, and with two.
 *
 * A change of the library that makes a scenario's runs longer may ask for a lower number; a change
 * of the explorer must not. That a bound is complete depends on the build alone, not on the time.
 */
type Floors = readonly [orders: number, oneKill: number, twoKills: number];

/** Whatever the number of preemptions. */
const ALL = Number.POSITIVE_INFINITY;

/** By scenario. −1: only some runs without a preemption are made. */
export const floors: Readonly<Record<string, Floors>> = {
  'one-slot': [2, 1, 0],
  'one-slot-three': [2, 0, -1],
  'two-slots': [2, 0, -1],
  'two-leaves': [2, 1, -1],
  'far-leaf': [2, 0, 0],
  'far-leaf-wait': [2, 1, 0],
  'leaf-to-leaf': [2, 0, -1],
  'leaf-swap': [2, 0, -1],
  'full-leaf': [2, 1, -1],
  'refill-spill': [2, 0, -1],
  spill: [2, 1, 0],
  verdict: [2, 0, -1],
  'verdict-give': [2, 0, 0],
  'verdict-verdict': [1, 0, -1],
  cache: [2, 1, 0],
  'cache-two': [2, 1, 0],
  'last-release': [2, 1, 0],
  'last-release-cache': [2, 1, 0],
  'last-release-wait': [2, 0, -1],
  'reclaim-reclaim': [2, 1, 0],
  'share-release': [2, 0, 0],
  'retain-release': [2, 1, 0],
  'share-share': [2, 0, -1],
  'settle-settle': [2, 0, -1],
  'release-many': [2, 0, -1],
  'recount-lease': [2, 0, -1],
  stale: [ALL, ALL, ALL],
  'stale-shared': [2, 1, 0],
  'stale-refill': [ALL, ALL, ALL],
  'stale-many': [ALL, ALL, ALL],
  transfer: [2, 1, 0],
  'adopt-adopt': [2, 1, 0],
  'adopt-revoke': [2, 1, 0],
  'revoke-late': [1, 0, -1],
  'adopt-late': [1, 0, -1],
  'reclaim-reuse': [2, 0, -1],
  'two-givers': [2, 0, -1],
  'mail-close': [2, 1, 0],
  mailbox: [2, 0, 0],
  'mailbox-three': [2, 0, -1],
  delivery: [2, 0, 0],
  'mailbox-cache': [2, 0, -1],
  'mailbox-timeout': [2, 0, 0],
  lane: [2, 0, -1],
  'lane-two': [2, 0, -1],
  'lane-consumers': [2, 0, -1],
  'lane-producers': [2, 0, -1],
  'lane-drop-oldest': [2, 0, -1],
  'close-send': [2, 0, -1],
  'close-end': [2, 0, -1],
  'close-many': [2, 0, -1],
  'close-undelivered': [2, 0, 0],
  'close-full': [2, 0, -1],
  'close-receive': [2, 0, -1],
  broadcast: [2, 0, -1],
  'broadcast-leave': [2, 0, -1],
  'broadcast-join': [2, 0, -1],
  'broadcast-rejoin': [2, 0, -1],
  'broadcast-join-close': [2, 0, -1],
  'broadcast-close': [2, 0, -1],
  'attach-attach': [2, 0, -1],
  'borrow-attach': [1, 0, -1],
  'borrow-attach-twice': [1, 0, -1],
  'close-close': [2, 0, -1],
};
