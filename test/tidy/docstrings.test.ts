/**
 * What docstrings have to say, compared with the code behind them: errors, blocking, allocation,
 * parameters, threads.
 *
 * A member's docstring speaks for itself, its class's docstring for all members, and "as `trySend`
 * does" lends what that member says. Every rule is a function from the API to sentences, one per gap;
 * the second suite proves on small fixtures that each can fail.
 */
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { type Entry, type Member, programOfSource, readApi } from '../../scripts/lib/api-model.mjs';
import { isUnreachable, UNREACHABLE } from '../../scripts/lib/unreachable.mjs';

/** The classes that a program works with; their members do something. */
const isActive = (entry: Entry): boolean => entry.kind === 'class' && !/Error$/.test(entry.name);

/** Names that need no word: the type says it, and every docstring would say the same. */
const OBVIOUS = ['frame', 'handle', 'message', 'worker', 'options', 'name', 'type', 'data'];

/** Results that cost no memory. */
const FREE = /^(?:void|boolean|number|string|this|Handle|T|ChannelMode|WhenFull)$/;

const named = (entry: Entry, member: Member): string => `${entry.name}.${member.name}`;

/** All that a member's docstring says, with what it borrows by "as `x` does". */
function saidBy(entry: Entry, member: Member): string {
  const borrowed = [...member.doc.matchAll(/\b[Aa]s\s+`(\w+)`/g)].map((match) => match[1]);
  const lenders = entry.members.filter((each) => borrowed.includes(each.name) && each !== member);
  return [member, ...lenders].map((each) => each.doc).join('\n');
}

/** Sentences about the members of the active classes. */
function each(api: readonly Entry[], rule: (entry: Entry, member: Member) => string[]): string[] {
  return api
    .filter(isActive)
    .flatMap((entry) =>
      entry.members.flatMap((member) =>
        rule(entry, member).map((gap) => `${member.file}:${member.line} ${gap}`),
      ),
    );
}

/** Every error that the code can throw is named. */
function errorGaps(api: readonly Entry[]): string[] {
  return each(api, (entry, member) => {
    const said = `${entry.doc}\n${saidBy(entry, member)}`;
    return member.throws
      .filter((error) => !said.includes(error) && !isUnreachable(named(entry, member), error))
      .map((error) => `${named(entry, member)} can throw ${error} and does not say so`);
  });
}

/** What blocks says so, and a class says if its members do. */
function blockingGaps(api: readonly Entry[]): string[] {
  const classes = api
    .filter((entry) => isActive(entry) && !/\bblocks?\b/.test(entry.doc))
    .map((entry) => `${entry.file} ${entry.name} does not say if its members block`);
  const members = each(api, (entry, member) =>
    member.blocks && !/\bBlocks\b/.test(saidBy(entry, member))
      ? [`${named(entry, member)} can block and does not say so`]
      : [],
  );
  return [...classes, ...members];
}

/** What answers an object says if it makes one, and a class says what its members allocate. */
function allocationGaps(api: readonly Entry[]): string[] {
  const classes = api
    .filter((entry) => isActive(entry) && !/\balloca/i.test(entry.doc))
    .map((entry) => `${entry.file} ${entry.name} does not say what its members allocate`);
  const members = each(api, (entry, member) => {
    const answers = member.isMethod || /^(?:bytes|storage|header|ref)$/.test(member.name);
    if (!answers || FREE.test(member.type) || /alloca/i.test(member.doc)) return [];
    return [`${named(entry, member)} answers ${member.type} and does not say if it allocates`];
  });
  return [...classes, ...members];
}

/** A parameter that is not obvious is named in the docstring. */
function parameterGaps(api: readonly Entry[]): string[] {
  return each(api, (entry, member) => {
    const said = saidBy(entry, member);
    return member.parameters
      .filter(
        ({ name }) => !OBVIOUS.includes(name) && !new RegExp(`\`[^\`]*\\b${name}\\b`).test(said),
      )
      .map(({ name }) => `${named(entry, member)} does not say what ${name} is`);
  });
}

/** An option says what holds without it. */
function defaultGaps(api: readonly Entry[]): string[] {
  return api
    .filter((entry) => entry.kind === 'interface' && /Options$/.test(entry.name))
    .flatMap((entry) =>
      entry.members
        .filter((member) => member.optional && !/\b[Dd]efault\b/.test(member.doc))
        .map((member) => `${named(entry, member)} does not say what its default is`),
    );
}

/** A class says which threads may use it. */
function threadGaps(api: readonly Entry[]): string[] {
  return api
    .filter((entry) => isActive(entry) && !/\bthreads?\b/.test(entry.doc))
    .map((entry) => `${entry.file} ${entry.name} does not say which thread may use it`);
}

describe('the docstrings of src leave no gap', () => {
  const api = readApi(programOfSource());

  test('the four classes that a program works with are there', () => {
    const names = api.filter(isActive).map((entry) => entry.name);
    expect(names.sort()).toEqual(['Frame', 'FrameChannel', 'FramePool', 'SlotTable']);
  });
  test('every error that the code can throw is named', () => {
    expect(errorGaps(api)).toEqual([]);
  });
  test('what blocks says so', () => {
    expect(blockingGaps(api)).toEqual([]);
  });
  test('what allocates says so', () => {
    expect(allocationGaps(api)).toEqual([]);
  });
  test('a parameter that is not obvious is explained', () => {
    expect(parameterGaps(api)).toEqual([]);
  });
  test('an option says what its default is', () => {
    expect(defaultGaps(api)).toEqual([]);
  });
  test('a class says which thread may use it', () => {
    expect(threadGaps(api)).toEqual([]);
  });
  test('what is called unreachable is on a way in the code, and says why', () => {
    const members = api
      .filter(isActive)
      .flatMap((entry) =>
        entry.members.map((member) => [named(entry, member), member.throws] as const),
      );
    const idle = UNREACHABLE.filter(([pattern, error, why]) => {
      const meant = members.filter(([name]) => new RegExp(pattern).test(name));
      return why.length < 10 || !meant.some(([, throws]) => throws.includes(error));
    });
    expect(idle).toEqual([]);
  });
});

describe('the rules about docstrings can fail', () => {
  /** The API of a class `Thing` that says so much about all its members. */
  const apiOf = (
    members: string,
    said = 'For one thread; blocks nowhere, allocates nothing.',
    more = '',
  ) => {
    const text = `
      declare const Atomics: { wait(): void };
      declare class Error { constructor(message: string); }
      class LostError extends Error {}
      class LateError extends Error {}
      function refuse(): Error { return 1 > 0 ? new LostError('') : new LateError(''); }
      ${more}
      /** ${said} */
      export class Thing { ${members.replaceAll('/**', '\n/**')} }`;
    return readApi(programOf(text), '/index.ts');
  };

  test('an error is found through calls, getters and what makes it; a caught one is not', () => {
    const gapsOf = (body: string): number =>
      errorGaps(
        apiOf(`/** It. */ act(): void { ${body} } get size(): number { throw refuse(); }`),
      ).filter((gap) => gap.includes('Thing.act')).length;
    expect(gapsOf("throw new LostError('');")).toBe(1);
    expect(gapsOf('throw refuse();')).toBe(2);
    expect(gapsOf('const fault = refuse(); throw fault;')).toBe(2);
    expect(gapsOf('this.size;')).toBe(2);
    expect(gapsOf('const f = () => { throw refuse(); };')).toBe(2);
    expect(gapsOf('try { this.size; } catch {}')).toBe(0);
    expect(gapsOf('try { this.size; } catch (e) { throw e; }')).toBe(2);
    expect(gapsOf('try { this.size; } catch (e) { if (!(e instanceof LostError)) throw e; }')).toBe(
      1,
    );
    expect(gapsOf('')).toBe(0);
  });
  test('a field that is always the same function is a method, and an error is found through it', () => {
    const inner = `
      interface Rest { lose(): void; refusal(): Error; }
      class Inner implements Rest {
        readonly run: () => void;
        private readonly path: Path;
        constructor() { this.path = new Path(this); const { act } = this.path.calls(); this.run = act; }
        lose(): void { throw new LostError(''); }
        refusal(): Error { return new LateError(''); }
      }`;
    const path = (body: string): string => `
      class Path {
        constructor(private readonly rest: Rest) {}
        calls() { return { act: () => this.go() }; }
        private go(): void { ${body} }
      }`;
    const apiWith = (body: string, more = ''): Entry[] =>
      apiOf(
        `/** It. */ readonly act: () => void;
        constructor() { const inner = new Inner(); this.act = inner.run; }
        /** It. */ static make(): void { new Thing(); }`,
        undefined,
        inner + path(body) + more,
      );
    const [member] = apiWith('').flatMap((entry) =>
      entry.members.filter(({ isStatic }) => !isStatic),
    );
    expect(member).toMatchObject({ name: 'act', isMethod: true, readonly: false, type: 'void' });
    const said = (error: string): unknown[] => [
      expect.stringContaining(`Thing.act can throw ${error}`),
    ];
    // Only where it is called, not where it is made.
    expect(errorGaps(apiWith("throw new LostError('');"))).toEqual(said('LostError'));
    expect(errorGaps(apiWith('this.rest.lose();'))).toEqual(said('LostError'));
    expect(errorGaps(apiWith('throw this.rest.refusal();'))).toEqual(said('LateError'));
    expect(errorGaps(apiWith(''))).toEqual([]);
    // An interface of which there are other objects may mean any of them: it is not followed.
    const literal = 'const other: Rest = { lose() {}, refusal() { return new LostError(""); } };';
    expect(errorGaps(apiWith('this.rest.lose();', literal))).toEqual([]);
    const second = 'class Second implements Rest { lose() {} refusal() { return refuse(); } }';
    expect(errorGaps(apiWith('this.rest.lose();', second))).toEqual([]);
  });
  test('an error is named by the member, its class, or the member that it refers to', () => {
    const body = "act(): void { throw new LostError(''); }";
    expect(errorGaps(apiOf(`/** Throws LostError. */ ${body}`))).toEqual([]);
    expect(errorGaps(apiOf(`/** It. */ ${body}`, 'All may throw LostError.'))).toEqual([]);
    const other = '/** Throws LostError. */ other(): void {}';
    expect(errorGaps(apiOf(`/** Throws as \`other\` does. */ ${body} ${other}`))).toEqual([]);
    expect(errorGaps(apiOf(`/** It. */ ${body} ${other}`))).toHaveLength(1);
  });
  test('a wait that is not admitted is reported, at any depth', () => {
    const deep = 'private deep(): void { Atomics.wait(); }';
    expect(blockingGaps(apiOf(`/** It. */ act(): void { this.deep(); } ${deep}`))).toHaveLength(1);
    expect(blockingGaps(apiOf(`/** Blocks. */ act(): void { this.deep(); } ${deep}`))).toEqual([]);
    expect(blockingGaps(apiOf('', 'A thing.'))).toHaveLength(1);
  });
  test('an object that is answered without a word about memory is reported', () => {
    expect(allocationGaps(apiOf('/** It. */ act(): object { return {}; }'))).toHaveLength(1);
    expect(allocationGaps(apiOf('/** Allocates. */ act(): object { return {}; }'))).toEqual([]);
    expect(allocationGaps(apiOf('/** It. */ act(): number { return 1; }'))).toEqual([]);
    expect(allocationGaps(apiOf('', 'A thing.'))).toHaveLength(1);
  });
  test('a parameter without a word is reported, an obvious one is not', () => {
    expect(parameterGaps(apiOf('/** It. */ act(limit: number): void {}'))).toHaveLength(1);
    expect(parameterGaps(apiOf('/** To `limit`. */ act(limit: number): void {}'))).toEqual([]);
    expect(parameterGaps(apiOf('/** It. */ act(handle: number): void {}'))).toEqual([]);
  });
  test('an option without a default is reported', () => {
    const gaps = (doc: string): string[] =>
      defaultGaps(
        readApi(programOf(`export interface SomeOptions {\n${doc} n?: number }`), '/index.ts'),
      );
    expect(gaps('/** A number. */')).toHaveLength(1);
    expect(gaps('/** A number. Default 1. */')).toEqual([]);
  });
  test('a rejection counts as an error', () => {
    const act = "/** It. */ act(reject: (e: Error) => void): void { reject(new LateError('')); }";
    expect(errorGaps(apiOf(act))).toHaveLength(1);
  });
  test('a class without a word about threads is reported', () => {
    expect(threadGaps(apiOf('', 'A thing.'))).toHaveLength(1);
  });
});

/** A program over one text. */
function programOf(text: string): ts.Program {
  const source = ts.createSourceFile('/index.ts', text, ts.ScriptTarget.ES2022, true);
  const host: ts.CompilerHost = {
    fileExists: (name) => name === '/index.ts',
    readFile: () => text,
    getSourceFile: (name) => (name === '/index.ts' ? source : undefined),
    getDefaultLibFileName: () => '/lib.d.ts',
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    writeFile: () => undefined,
  };
  return ts.createProgram(
    ['/index.ts'],
    { noLib: true, types: [], target: ts.ScriptTarget.ES2022 },
    host,
  );
}
