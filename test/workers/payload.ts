/** The payload of `threads/payload.mjs`, for the tests' own thread. */
import type { Frame } from 'frameslab';
// @ts-expect-error: a plain module, shared with the workers.
import * as shared from './threads/payload.mjs';

/** Fills a frame: producer, sequence, pattern, checksum. */
export const fill: (frame: Frame, producer: number, sequence: number) => void = shared.fill;
/** Throws unless the frame carries what `fill` wrote. */
export const verify: (frame: Frame) => void = shared.verify;
/** A generator of numbers from 0 to `below` − 1. */
export const randomFrom: (seed: number) => (below: number) => number = shared.randomFrom;
