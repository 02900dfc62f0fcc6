/**
 * Traces: when each lease began, and the stack that acquired it, written into the slab so that any
 * thread can read it, also after the acquirer has died.
 *
 * Invariants
 * 1. A lease that was not sampled has no trace: each acquire clears what the last lease left.
 * 2. A trace is for people. It may be torn while its slot changes hands, and nothing relies on it.
 *
 * `record` by the thread that acquires; `read` by any. Costs a stack capture per sampled lease.
 */
import { TRACE } from '../slab/layout.js';
import type { Slab } from '../slab/slab.js';

/** What is known of one lease. */
export interface Lease {
  /** When it began, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** The stack that acquired it, innermost call first, without the library's own calls. */
  readonly stack: string;
}

const TEXT_MAX = (TRACE.size - TRACE.text) * 2;

/** The file in `at f (file:///a/b.js:1:2)`, `f@https://a/b.js:1:2`, `at C:\\b.js:1:2`. */
const PLACE = /((?:file|https?):\/\/[^\s)]+?|\/[^\s)]+?|[A-Za-z]:\\[^\s)]+?):\d+:\d+\)?$/;

/**
 * Where this library is, as the engine names it in stacks: its bundle, or the folder of its sources
 * where stacks are shown through source maps (Bun, Deno, Node with `--enable-source-maps`).
 */
const OWN_PLACE = ownPlaceIn(new Error('where is this file?').stack ?? '');

/** The traces of one slab. */
export class Trace {
  /** False: every call here is a waste. */
  readonly active: boolean;
  private readonly slab: Slab;
  private readonly rate: number;

  /** @param slab the slab; its geometry says which share of the leases is traced. */
  constructor(slab: Slab) {
    this.slab = slab;
    this.rate = slab.geometry.traceRate;
    this.active = this.rate > 0;
  }

  /** True for the share of the calls that is to be traced. */
  samples(): boolean {
    return this.rate === 1 || Math.random() < this.rate;
  }

  /** A lease begins: notes it, if it is sampled. */
  record(slot: number): void {
    const { i32, f64 } = this.slab;
    const at = this.at(slot);
    i32[at + TRACE.length] = 0;
    f64[(at + TRACE.since) >> 1] = 0;
    if (!this.samples()) return;
    const text = callersOf(new Error('acquired here').stack ?? '').slice(0, TEXT_MAX);
    for (let k = 0; k < text.length; k += 2) {
      const second = k + 1 < text.length ? text.charCodeAt(k + 1) : 0;
      i32[at + TRACE.text + (k >> 1)] = text.charCodeAt(k) | (second << 16);
    }
    f64[(at + TRACE.since) >> 1] = Date.now();
    i32[at + TRACE.length] = text.length;
  }

  /** What is known of the slot's present lease, if it was sampled. */
  read(slot: number): Lease | undefined {
    if (!this.active) return undefined;
    const { i32, f64 } = this.slab;
    const at = this.at(slot);
    const length = Math.min(TEXT_MAX, Math.max(0, i32[at + TRACE.length] as number));
    if (length === 0) return undefined;
    let stack = '';
    for (let k = 0; k < length; k++) {
      const pair = i32[at + TRACE.text + (k >> 1)] as number;
      stack += String.fromCharCode((k & 1) === 0 ? pair & 0xffff : pair >>> 16);
    }
    return { sinceMs: f64[(at + TRACE.since) >> 1] as number, stack };
  }

  private at(slot: number): number {
    return this.slab.layout.tracesAt + slot * TRACE.size;
  }
}

/** The lines of a stack that are not this library's own; all of them if there are no others. */
export function callersOf(stack: string): string {
  const lines = stack.split('\n').filter((line) => /^\s*at |@/.test(line));
  const callers = lines.filter((line) => OWN_PLACE === '' || !line.includes(OWN_PLACE));
  return (callers.length > 0 ? callers : lines).map((line) => line.trim()).join('\n');
}

function ownPlaceIn(stack: string): string {
  const line = stack.split('\n').find((text) => /^\s*at |@/.test(text)) ?? '';
  const file = PLACE.exec(line)?.[1] ?? '';
  return file.replace(/threads[\\/]trace\.ts$/, '');
}
