/**
 * How far every scenario must be explored: the number of preemptions up to which nothing may be left
 * out, without a kill, with one, and with two. −1: not even without a preemption.
 *
 * A change of the library that makes a scenario's runs longer may ask for a lower number; a change
 * of the explorer must not.
 */
type Floors = readonly [orders: number, oneKill: number, twoKills: number];

/** By scenario. */
export const floors: Readonly<Record<string, Floors>> = {
  'one-slot': [1, 0, -1],
  'one-slot-three': [1, 0, -1],
  'two-slots': [1, 0, -1],
  'two-leaves': [1, 0, -1],
  'far-leaf': [1, 0, -1],
  'far-leaf-wait': [1, 0, -1],
  'leaf-to-leaf': [1, 0, -1],
  cache: [1, 0, -1],
  'cache-two': [1, 0, -1],
  'last-release': [1, 0, -1],
  'last-release-wait': [1, 0, -1],
  'reclaim-reclaim': [1, 0, -1],
  'share-release': [1, 0, -1],
  'retain-release': [1, 0, -1],
  stale: [1, 0, -1],
  transfer: [1, 0, -1],
  'adopt-adopt': [1, 0, -1],
  'adopt-revoke': [1, 0, -1],
  'mail-close': [1, 0, -1],
  mailbox: [1, 0, -1],
  'mailbox-three': [1, 0, -1],
  delivery: [1, 0, -1],
  'mailbox-cache': [1, 0, -1],
  'mailbox-timeout': [1, 0, -1],
  lane: [1, 0, -1],
  'lane-two': [1, 0, -1],
  'lane-consumers': [1, 0, -1],
  'lane-producers': [1, 0, -1],
  'lane-drop-oldest': [1, 0, -1],
  'close-send': [1, 0, -1],
  'close-end': [1, 0, -1],
  'close-many': [1, 0, -1],
  'close-undelivered': [1, 0, -1],
  'close-full': [1, 0, -1],
  'close-receive': [1, 0, -1],
  broadcast: [1, 0, -1],
  'broadcast-leave': [1, 0, -1],
  'broadcast-join': [1, 0, -1],
  'broadcast-close': [1, 0, -1],
  'attach-attach': [1, 0, -1],
  'close-close': [1, 0, -1],
};
