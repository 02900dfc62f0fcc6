/** The types of api-model.mjs, for the tests. */
import type ts from 'typescript';

/** A method, accessor or field. */
export interface Member {
  readonly name: string;
  readonly isStatic: boolean;
  readonly isMethod: boolean;
  readonly readonly: boolean;
  readonly optional: boolean;
  readonly doc: string;
  readonly file: string;
  readonly line: number;
  readonly parameters: readonly {
    readonly name: string;
    readonly type: string;
    readonly optional: boolean;
    readonly value: string | undefined;
  }[];
  readonly type: string;
  readonly typeParameters: readonly string[];
  /** The library's errors that the code can throw, as far as `Faults` follows it. */
  readonly throws: readonly string[];
  readonly blocks: boolean;
}

/** One public name. */
export interface Entry {
  readonly name: string;
  readonly kind: 'class' | 'interface' | 'type' | 'constant';
  readonly doc: string;
  readonly file: string;
  readonly base: string | undefined;
  readonly type?: string;
  readonly members: readonly Member[];
}

export function programOfSource(): ts.Program;
export function readApi(program: ts.Program, entry?: string): Entry[];
