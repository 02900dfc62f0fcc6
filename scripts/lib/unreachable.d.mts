/** The types of unreachable.mjs, for the tests. */
export const UNREACHABLE: readonly (readonly [member: string, error: string, why: string])[];
export function isUnreachable(member: string, error: string): boolean;
