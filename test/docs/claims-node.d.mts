/** The types of Node's probes, for the test. */
import type { Claim } from './claims.mjs';

export const nodeClaims: readonly Claim[];
