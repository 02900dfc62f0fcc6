/** The types of the probes, for the test. */
export type Claim = readonly [
  api: string,
  outcome: 'takes' | 'refuses',
  probe: (bytes: Uint8Array) => unknown,
];
export const webClaims: readonly Claim[];
export const sharedClaims: readonly Claim[];
export function sampleBytes(): Uint8Array;
export function outcomeOf(probe: Claim[2]): Promise<string>;
