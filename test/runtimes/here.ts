/** Which runtime this is, by what it says of itself. */

/** The runtimes that are told apart. */
export type RuntimeName = 'node' | 'bun' | 'deno';

const has = (name: RuntimeName): boolean => process.versions[name] !== undefined;

/** The runtime of this process. */
export const runtimeHere: RuntimeName = has('bun') ? 'bun' : has('deno') ? 'deno' : 'node';

/** Its own version, not that of the Node which it imitates. */
export const versionHere = process.versions[runtimeHere];
