/**
 * Remembers what objects look like, and brings them back: so that a run begins with threads that
 * are attached already, without attaching them again.
 *
 * Everything that can be reached through own properties, elements and entries is remembered, but
 * for shared memory (the machine restores it) and functions (the library keeps no state in them).
 */

/** The state of a graph of objects at one moment. */
export class Heap {
  private readonly restorers: (() => void)[] = [];
  private readonly known = new Set<object>();

  /** @param roots where the graph begins. */
  constructor(roots: readonly unknown[]) {
    const pending = [...roots];
    while (pending.length > 0) {
      const value = pending.pop();
      if (typeof value !== 'object' || value === null || this.known.has(value)) continue;
      this.known.add(value);
      pending.push(...this.remember(value));
    }
  }

  /** Brings every object back to what it was. */
  restore(): void {
    for (const restore of this.restorers) restore();
  }

  /** Remembers one object; answers what it refers to. */
  private remember(value: object): unknown[] {
    if (value instanceof SharedArrayBuffer) return [];
    if (ArrayBuffer.isView(value)) {
      if (value.buffer instanceof SharedArrayBuffer) return [];
      const array = value as Int32Array;
      const copy = array.slice();
      this.restorers.push(() => array.set(copy));
      return [];
    }
    if (value instanceof Map) return this.rememberMap(value as Map<unknown, unknown>);
    if (value instanceof Set) return this.rememberSet(value as Set<unknown>);
    return this.rememberProperties(value as Record<string, unknown>);
  }

  private rememberMap(map: Map<unknown, unknown>): unknown[] {
    const entries = [...map];
    this.restorers.push(() => {
      if (map.size === entries.length) return;
      map.clear();
      for (const [key, value] of entries) map.set(key, value);
    });
    return entries.flat();
  }

  private rememberSet(set: Set<unknown>): unknown[] {
    const members = [...set];
    this.restorers.push(() => {
      if (set.size === members.length) return;
      set.clear();
      for (const member of members) set.add(member);
    });
    return members;
  }

  private rememberProperties(object: Record<string, unknown>): unknown[] {
    const keys = Object.keys(object);
    const values = keys.map((key) => object[key]);
    const frozen = Object.isFrozen(object);
    const list = Array.isArray(object) ? (object as unknown[]) : undefined;
    if (!frozen) {
      this.restorers.push(() => {
        if (list !== undefined && list.length !== values.length) list.length = values.length;
        for (let k = 0; k < keys.length; k++) {
          const key = keys[k] as string;
          if (object[key] !== values[k]) object[key] = values[k];
        }
      });
    }
    return values;
  }
}
