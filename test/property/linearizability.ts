/**
 * Is a history linearizable? Could the calls that threads made at the same time have happened one
 * after the other, each at one moment between its call and its return?
 *
 * The search is that of J. M. Wing and C. Gong, "Testing and Verifying Concurrent Objects" (Journal
 * of Parallel and Distributed Computing 17, 1993), with the memory of configurations of G. Lowe,
 * "Testing for linearizability" (Concurrency and Computation: Practice and Experience 29, 2017): a
 * configuration is the set of calls that have taken effect and the state that they led to, and none
 * is entered twice.
 */

/** One call, as its thread saw it. Times are tickets of one shared counter: no two are equal. */
export interface Operation {
  readonly thread: number;
  readonly name: string;
  readonly argument: number;
  readonly result: number;
  readonly called: number;
  readonly returned: number;
}

/** What the object does when nobody disturbs it. States are values: a step makes a new one. */
export interface Specification<S> {
  readonly initial: S;
  /** The state after the call had this result, or `undefined` if it cannot have it. */
  step(state: S, operation: Operation): S | undefined;
  /** Equal for equal states. */
  keyOf(state: S): string;
}

/** What the search found. */
export interface Verdict {
  readonly linearizable: boolean;
  /** The order found, or the longest one that was possible. */
  readonly order: readonly Operation[];
  readonly configurations: number;
}

/** Beyond this the history was too long: that is an error, not a verdict. */
const CONFIGURATIONS_MAX = 2_000_000;

/** Searches for an order. */
export function linearize<S>(history: readonly Operation[], spec: Specification<S>): Verdict {
  const calls = [...history].sort((a, b) => a.called - b.called);
  const done = calls.map(() => false);
  const seen = new Set<string>();
  const order: Operation[] = [];
  let longest: readonly Operation[] = [];

  const search = (state: S): boolean => {
    if (order.length > longest.length) longest = [...order];
    if (order.length === calls.length) return true;
    const key = `${done.map((is) => (is ? 1 : 0)).join('')} ${spec.keyOf(state)}`;
    if (seen.has(key)) return false;
    if (seen.size >= CONFIGURATIONS_MAX) throw new Error('the history is too long to be searched');
    seen.add(key);
    // Only what was called before the first return among the rest may be next.
    let deadline = Number.POSITIVE_INFINITY;
    calls.forEach((call, k) => {
      if (!done[k]) deadline = Math.min(deadline, call.returned);
    });
    for (let k = 0; k < calls.length && calls[k].called < deadline; k++) {
      if (done[k]) continue;
      const next = spec.step(state, calls[k]);
      if (next === undefined) continue;
      done[k] = true;
      order.push(calls[k]);
      if (search(next)) return true;
      order.pop();
      done[k] = false;
    }
    return false;
  };

  const linearizable = search(spec.initial);
  return { linearizable, order: longest, configurations: seen.size };
}

/** How many calls were under way at the same time as a call of another thread. */
export function overlapping(history: readonly Operation[]): number {
  return history.filter((a) =>
    history.some((b) => a.thread !== b.thread && a.called < b.returned && b.called < a.returned),
  ).length;
}

/** A history for people: in order of the calls. */
export function shown(history: readonly Operation[]): string {
  return [...history]
    .sort((a, b) => a.called - b.called)
    .map(({ thread, name, argument, result, called, returned }) => {
      const given = argument === 0 ? '' : argument;
      return `${called}-${returned}  thread ${thread}: ${name}(${given}) -> ${result}`;
    })
    .join('\n');
}
