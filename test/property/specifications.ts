/**
 * What pool and queue do when one thread uses them: the sequential specifications that recorded
 * histories are held against.
 */
import type { Operation, Specification } from './linearizability.js';

/** References to one frame, by thread, and its messages in flight. */
interface LeaseState {
  readonly held: Readonly<Record<number, number>>;
  readonly flights: number;
}

/** Frames in use, by handle. */
type PoolState = ReadonlyMap<number, LeaseState>;

const total = ({ held, flights }: LeaseState): number =>
  Object.values(held).reduce((sum, count) => sum + count, flights);

/**
 * A pool of `frames` frames in `slots` slots. An acquire may miss only while `frames` are in use:
 * what sits in other threads' caches does not count (api: "how many frames can always be held at
 * once"). With caches it may also find one when `frames` are in use.
 *
 * `share`, `transfer`, `adopt` and `release` take a handle; `adopt` answers 0 if it was refused,
 * `release` 1 if it was the last reference anywhere. A `revoke` has two moments (it takes the
 * message, then it ends the reference), so it is no operation of this specification.
 */
export function poolSpec(
  frames: number,
  slots: number,
  slotOf: (handle: number) => number,
  initial: PoolState = new Map(),
): Specification<PoolState> {
  return {
    initial,
    keyOf: (state) => JSON.stringify([...state].sort(([a], [b]) => a - b)),
    step(state, operation) {
      if (operation.name !== 'acquire') return stepLease(state, operation);
      const { result, thread } = operation;
      if (result === 0) return state.size >= frames ? state : undefined;
      const taken = [...state.keys()].some((handle) => slotOf(handle) === slotOf(result));
      if (taken || state.size >= slots) return undefined;
      return new Map(state).set(result, { held: { [thread]: 1 }, flights: 0 });
    },
  };
}

function stepLease(state: PoolState, operation: Operation): PoolState | undefined {
  const { name, thread, argument: handle, result } = operation;
  const lease = state.get(handle);
  const own = lease?.held[thread] ?? 0;
  if (name === 'adopt') {
    if (lease === undefined || lease.flights === 0) return result === 0 ? state : undefined;
    if (result === 0) return undefined;
    return withLease(state, handle, thread, lease, own + 1, lease.flights - 1);
  }
  if (lease === undefined || own === 0) return undefined;
  if (name === 'share') return withLease(state, handle, thread, lease, own, lease.flights + 1);
  if (name === 'transfer') {
    return withLease(state, handle, thread, lease, own - 1, lease.flights + 1);
  }
  if (name !== 'release' || (total(lease) === 1 ? 1 : 0) !== result) return undefined;
  return withLease(state, handle, thread, lease, own - 1, lease.flights);
}

function withLease(
  state: PoolState,
  handle: number,
  thread: number,
  lease: LeaseState,
  own: number,
  flights: number,
): PoolState {
  const next = new Map(state);
  const held = { ...lease.held, [thread]: own };
  if (total({ held, flights }) === 0) next.delete(handle);
  else next.set(handle, { held, flights });
  return next;
}

/** What lies in the lanes, oldest first, by producer. */
type QueueState = readonly (readonly number[])[];

/**
 * A queue channel: order and capacity are per producer. `send` answers 0 if its lane was full,
 * `receive` 0 if there was nothing, `empty` that this one lane had nothing (see `laneByLane`).
 */
export function queueSpec(
  capacity: number,
  producers: readonly number[],
): Specification<QueueState> {
  return {
    initial: producers.map(() => []),
    keyOf: (state) => JSON.stringify(state),
    step(state, { name, thread, argument, result }) {
      if (name === 'send') {
        const lane = producers.indexOf(thread);
        if (result === 0) return state[lane].length === capacity ? state : undefined;
        if (state[lane].length === capacity) return undefined;
        return state.map((values, k) => (k === lane ? [...values, argument] : values));
      }
      if (name === 'empty') return state[argument].length === 0 ? state : undefined;
      if (result === 0) return state.every((values) => values.length === 0) ? state : undefined;
      const from = state.findIndex(([oldest]) => oldest === result);
      if (from < 0) return undefined;
      return state.map((values, k) => (k === from ? values.slice(1) : values));
    },
  };
}

/**
 * A receiver looks at one lane after the other, so "nothing" means that each lane was empty at some
 * moment of the call, not all at one. With several producers and several receivers the two differ:
 *
 *      receiver 1             producer 0        receiver 2
 *      lane 0 is empty
 *                             send(a)
 *                                               receive() -> b, the last of lane 1
 *      lane 1 is empty
 *      receive() -> nothing, though at every moment there was a or b
 *
 * This says so: an empty receive becomes one call per lane, all at the time of the receive.
 */
export function laneByLane(history: readonly Operation[], producers: number): Operation[] {
  return history.flatMap((operation) => {
    if (operation.name !== 'receive' || operation.result !== 0) return [operation];
    return Array.from({ length: producers }, (_, argument) => {
      return { ...operation, name: 'empty', argument };
    });
  });
}
