/**
 * A pool and its model side by side, with several seats in one thread.
 *
 * A thread has one seat per slab; each party of a world attaches as if it were a thread. So
 * sequences over several seats are deterministic, and shrink; real threads are the business of
 * histories.test.ts and test/workers.
 */
import type { Frame, FrameMessage, FramePool } from 'frameslab';
import { Slab } from '../../src/slab/slab.js';
import { alone } from '../unit/kit.js';
import { type ExternalModel, FrameModel } from './frame-model.js';
import { fingerprint } from './laws.js';
import { Model, Refused, type Shape } from './model.js';
import type { Library } from './run.js';

/** One seat. */
export interface Party {
  readonly pool: FramePool;
  readonly seat: number;
}

/** A frame object beside its model. */
export interface Pair {
  readonly party: Party;
  readonly real: Frame;
  readonly model: FrameModel;
}

/** A message, and the external memory that it refers to, if it is no handle. */
export interface Letter {
  readonly message: FrameMessage;
  readonly external?: ExternalModel;
}

/** What an act did. */
type Outcome = { readonly value: unknown } | { readonly code: string; readonly fault: unknown };

/** The pool, its parties, its frame objects and messages, and the model of all that. */
export class World {
  readonly model: Model;
  readonly slab: Slab;
  readonly buffer: SharedArrayBuffer;
  /** By seat; party 0 stays. */
  readonly parties: Party[] = [];
  readonly pairs: Pair[] = [];
  readonly letters: Letter[] = [];
  /** Handles that were seen, live or stale, the latest last. */
  readonly handles: number[] = [];
  private readonly library: Library;

  constructor(library: Library, shape: Shape) {
    this.library = library;
    this.model = new Model(shape);
    const pool = alone(() => library.FramePool.create(shape));
    this.buffer = pool.buffer;
    this.slab = Slab.attach(this.buffer, 0);
    this.parties.push({ pool, seat: pool.seat });
    this.model.seated[pool.seat] = true;
  }

  /** Somebody takes a seat. */
  join(): void {
    const seat = this.model.seated.indexOf(false);
    this.same(
      'attach',
      () => {
        const { ref } = this.parties[0].pool;
        const pool = alone(() => this.library.FramePool.attach(ref));
        this.parties.push({ pool, seat: pool.seat });
        return pool.seat;
      },
      () => {
        if (seat < 0) throw new Refused('SEATS_EXHAUSTED');
        this.model.seated[seat] = true;
        return seat;
      },
    );
  }

  /** A party is gone, and its frame objects with it. */
  forget(party: Party): void {
    this.parties.splice(this.parties.indexOf(party), 1);
    const left = this.pairs.filter((pair) => pair.party !== party);
    this.pairs.splice(0, this.pairs.length, ...left);
  }

  party(index: number): Party {
    return this.parties[index % this.parties.length];
  }

  /** One of the latest frame objects, spent ones too. */
  pair(index: number): Pair | undefined {
    return latest(this.pairs, index);
  }

  letter(index: number): Letter | undefined {
    return latest(this.letters, index);
  }

  /** A handle that was seen, or now and then a number that is none. */
  handle(index: number): number {
    const known = index === 9 ? undefined : latest(this.handles, index);
    return known ?? FORGED[this.handles.length % FORGED.length];
  }

  note(handle: number): void {
    if (this.handles.at(-1) !== handle) this.handles.push(handle);
  }

  addPair(party: Party, real: Frame, handle: number, external?: ExternalModel): void {
    if (handle !== 0) this.note(handle);
    this.pairs.push({
      party,
      real,
      model: new FrameModel(this.model, party.seat, handle, external),
    });
  }

  /**
   * Does the same to the pool and to the model: both answer alike, or both refuse with the same
   * code, and then not one word of the slab that anybody could notice has changed.
   */
  same<T>(what: string, real: () => T, model: () => unknown, compare = true): T | undefined {
    const must = outcomeOf(model);
    if ('fault' in must && !(must.fault instanceof Refused)) throw must.fault;
    const before = 'fault' in must ? fingerprint(this) : '';
    const did = outcomeOf(real);
    if (shown(did, compare) !== shown(must, compare)) {
      throw new Error(`${what}: it did ${text(did)}, the model ${text(must)}`);
    }
    if ('value' in did) return did.value as T;
    if (did.code !== 'ERR_FRAMESLAB_FRAME_MODIFIED' && fingerprint(this) !== before) {
      throw new Error(`${what}: was refused (${text(did)}) and has changed the slab`);
    }
    return undefined;
  }

  /** What the model would refuse, as an act to be the same as; `undefined` if it would not. */
  refusal(model: () => unknown): (() => never) | undefined {
    const must = outcomeOf(model);
    if ('value' in must) return undefined;
    return () => {
      throw must.fault;
    };
  }

  /** A number that was never a handle may be refused by name, or be no message. */
  revoke(real: () => boolean, handle: number): void {
    if (this.model.seen.has(handle)) {
      this.same('revoke', real, () => this.model.revoke(handle));
      return;
    }
    const did = outcomeOf(real);
    const fair = 'value' in did ? did.value === false : did.code === 'ERR_FRAMESLAB_STALE_HANDLE';
    if (!fair) throw new Error(`revoke of a forged ${handle}: it did ${text(did)}`);
  }

  /** An act whose outcome the library may choose; the caller judges it. */
  attempt(real: () => unknown): Outcome {
    return outcomeOf(real);
  }
}

/** Numbers that are no handles of the pool, or only by chance. */
const FORGED = [0, 1, -1, 5, 0x7fff_ffff, -(2 ** 31), 0.5, Number.NaN, 2 ** 40, 1 << 20];

/** The latest first; every index beyond them has nothing. */
function latest<T>(list: readonly T[], index: number): T | undefined {
  return index < 8 ? list.at(-1 - (index % Math.max(1, list.length))) : list[index - 8];
}

function outcomeOf(act: () => unknown): Outcome {
  try {
    return { value: act() };
  } catch (fault) {
    return { code: String((fault as { code?: unknown }).code), fault };
  }
}

function shown(outcome: Outcome, compare: boolean): string {
  if ('code' in outcome) return outcome.code;
  return `value ${compare ? JSON.stringify(outcome.value ?? null) : ''}`;
}

function text(outcome: Outcome): string {
  if ('value' in outcome) return `answer ${JSON.stringify(outcome.value ?? null)}`;
  return `throw ${outcome.code} (${(outcome.fault as Error).message})`;
}
