/**
 * The house style as a test: floors, circles, dead files, sizes, atomics, docstrings.
 *
 * Every rule is a function from files (path below src/ -> text) to sentences, one per violation. The
 * first suite runs the rules on the real src/; the second proves on small fixtures that each can fail.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

/** Path below src/, with forward slashes -> the file's text. */
type Files = ReadonlyMap<string, string>;

/** The house, lowest floor first. A file may import only from floors below its own. */
const FLOORS: readonly (readonly string[])[] = [
  ['errors.ts'],
  ['slab/geometry.ts', 'slab/rounding.ts'],
  ['slab/layout.ts', 'slab/engine.ts'],
  ['slab/header.ts'],
  ['slab/slab.ts'],
  ['words/*'],
  ['protocol/*'],
  ['threads/*'],
  ['references/refusal.ts', 'references/marks.ts', 'references/supply.ts'],
  ['references/shared-count.ts', 'references/hot-path.ts'],
  ['references/runs.ts'],
  ['references/leases.ts'],
  ['references/references.ts'],
  ['references/messages.ts', 'references/leaving.ts', 'references/reclaim.ts'],
  ['inspect/census.ts', 'inspect/text.ts'],
  [
    'inspect/*',
    'lanes/lane-set.ts',
    'waiting/waiting.ts',
    'frames/views.ts',
    'frames/external.ts',
    'frames/leaks.ts',
    'frames/faults.ts',
  ],
  ['lanes/*', 'waiting/acquire-wish.ts', 'frames/slot-table.ts'],
  ['frames/frame.ts'],
  ['pool/attachment.ts', 'pool/named.ts', 'pool/watch.ts'],
  ['pool/channel.ts'],
  ['pool/frame-pool.ts'],
  ['metrics/catalog.ts'],
  ['metrics/*'],
  ['metrics.ts'],
  ['index.ts'],
  ['node.ts'],
];

/** The imports between siblings of one floor that are wanted: [from, to, why]. */
const SIBLINGS: readonly (readonly [from: string, to: string, why: string])[] = [
  ['words/handle.ts', 'words/slot-word.ts', 'a handle carries the generation of a slot word'],
  ['protocol/mailbox.ts', 'protocol/park.ts', 'who delivers rings the bell'],
  ['frames/external.ts', 'frames/views.ts', 'an external frame copies views'],
  ['inspect/render.ts', 'inspect/report.ts', 'it draws reports'],
  ['inspect/render.ts', 'inspect/stats.ts', 'and the counters'],
  ['threads/locks.ts', 'threads/seats.ts', 'a lock names the stay in a seat'],
  ['threads/cache.ts', 'threads/shares.ts', 'a cache may hold what its shares stand for'],
  ['threads/events.ts', 'threads/host.ts', 'the host knows who listens'],
  ['threads/host-node.ts', 'threads/host.ts', 'it implements the host that host.ts declares'],
];

/** Where `Atomics.` may appear: a folder ends with a slash. */
const ATOMICS_HOMES: readonly string[] = ['words/', 'protocol/', 'threads/', 'references/'];

/** Further files that may say `Atomics.`: [file, why]. */
const ATOMICS_GUESTS: readonly (readonly [file: string, why: string])[] = [
  ['slab/engine.ts', 'asks which operations there are, and uses none'],
  ['lanes/lane-set.ts', 'the bit sets of a channel: who is active, receives, is subscribed'],
  ['inspect/census.ts', 'loads only: each row is to be true for one moment'],
  ['frames/external.ts', 'external frames have a control word of their own, outside the slab'],
];

/** The files that may import from Node. */
const NODE_FILES: readonly string[] = ['node.ts', 'threads/host-node.ts'];

const ENTRIES: readonly string[] = ['index.ts', 'node.ts', 'metrics.ts'];
const LINES_MAX = 300;
const COLUMNS_MAX = 100;
/** A first comment shorter than this cannot say what the file owns. */
const OPENING_LETTERS_MIN = 20;

// ------------------------------------------------------------------------------------------------
// Reading

interface Import {
  readonly specifier: string;
  /** The file of src/ that is meant; undefined for anything outside it. */
  readonly target: string | undefined;
  readonly line: number;
}

const parse = (path: string, text: string): ts.SourceFile =>
  ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);

const lineOf = (node: ts.Node): number => {
  const file = node.getSourceFile();
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
};

function visit(node: ts.Node, each: (node: ts.Node) => void): void {
  each(node);
  ts.forEachChild(node, (child) => visit(child, each));
}

/** What a node imports: static, type-only, re-export, dynamic and `import('…').T` alike. */
function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return node.argument.literal;
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return node.arguments[0];
  }
  return undefined;
}

function importsOf(files: Files, path: string): Import[] {
  const found: Import[] = [];
  visit(parse(path, files.get(path) ?? ''), (node) => {
    const literal = specifierOf(node);
    if (literal === undefined || !ts.isStringLiteralLike(literal)) return;
    const specifier = literal.text;
    let target: string | undefined;
    if (specifier.startsWith('.')) {
      const bare = posix.join(posix.dirname(path), specifier).replace(/\.(js|ts)$/, '');
      target = [`${bare}.ts`, `${bare}/index.ts`].find((name) => files.has(name)) ?? `${bare}.ts`;
    }
    found.push({ specifier, target, line: lineOf(literal) });
  });
  return found;
}

const matches = (pattern: string, path: string): boolean =>
  pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;

type Floors = readonly (readonly string[])[];

const floorOf = (path: string, floors: Floors): number =>
  floors.findIndex((floor) => floor.some((pattern) => matches(pattern, path)));

// ------------------------------------------------------------------------------------------------
// The rules

/** (a) Imports point downwards, and every file is on a floor. */
function layersViolations(files: Files, floors: Floors = FLOORS): string[] {
  const violations: string[] = [];
  for (const path of files.keys()) {
    const floor = floorOf(path, floors);
    if (floor < 0) {
      violations.push(`${path} is on no floor: add it to FLOORS`);
      continue;
    }
    for (const { target, line } of importsOf(files, path)) {
      if (target === undefined) continue;
      const other = floorOf(target, floors);
      if (other < 0 || other < floor) continue; // a target on no floor is reported by itself
      const where = `${path}:${line} imports ${target}`;
      if (other > floor) violations.push(`${where}, which is on a higher floor`);
      else if (!SIBLINGS.some(([from, to]) => from === path && to === target)) {
        violations.push(`${where}, a sibling that SIBLINGS does not list`);
      }
    }
  }
  return violations;
}

/** (b) No circle, not even one of types. */
function cycleViolations(files: Files): string[] {
  const violations: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const walk = (path: string): void => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) {
      violations.push(`a circle: ${[...trail.slice(seenAt), path].join(' -> ')}`);
      return;
    }
    if (done.has(path)) return;
    trail.push(path);
    for (const { target } of importsOf(files, path)) {
      if (target !== undefined && files.has(target)) walk(target);
    }
    trail.pop();
    done.add(path);
  };
  for (const path of files.keys()) walk(path);
  return violations;
}

/** (c) Every file is reached from an entry, and every relative import leads somewhere. */
function deadFileViolations(files: Files): string[] {
  const violations: string[] = [];
  const alive = new Set<string>();
  const pending = ENTRIES.filter((entry) => files.has(entry));
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (alive.has(path)) continue;
    alive.add(path);
    for (const { target, line } of importsOf(files, path)) {
      if (target === undefined) continue;
      if (files.has(target)) pending.push(target);
      else violations.push(`${path}:${line} imports ${target}, which does not exist`);
    }
  }
  for (const path of files.keys()) {
    if (!alive.has(path)) violations.push(`${path} is reached from neither entry`);
  }
  return violations;
}

/** (d) A file fits on a few screens, a line on one. */
function sizeViolations(files: Files): string[] {
  const violations: string[] = [];
  for (const [path, text] of files) {
    const lines = text.replace(/\n$/, '').split('\n');
    if (lines.length > LINES_MAX) {
      violations.push(`${path} has ${lines.length} lines; at most ${LINES_MAX}`);
    }
    lines.forEach((line, index) => {
      const columns = [...line].length;
      if (columns > COLUMNS_MAX) {
        violations.push(`${path}:${index + 1} has ${columns} columns; at most ${COLUMNS_MAX}`);
      }
    });
  }
  return violations;
}

/** Asked about, not used: `typeof Atomics`, `typeof Atomics.waitAsync`, `'waitAsync' in Atomics`. */
function isProbe(node: ts.Node): boolean {
  const { parent } = node;
  return (
    ts.isTypeOfExpression(parent) ||
    ts.isTypeQueryNode(parent) ||
    ts.isQualifiedName(parent) ||
    (ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.InKeyword)
  );
}

/** `Atomics.load(…)`: the engine replaces the call by an instruction only when written like this. */
function isGlobalCall(node: ts.Identifier): boolean {
  const member = node.parent;
  if (!ts.isPropertyAccessExpression(member) || member.expression !== node) return false;
  const { parent } = member;
  return (ts.isCallExpression(parent) && parent.expression === member) || isProbe(member);
}

/** (e) Atomics stay in their floors, and are always called through the global. */
function atomicsViolations(files: Files): string[] {
  const violations: string[] = [];
  for (const [path, text] of files) {
    const home = ATOMICS_HOMES.some((place) =>
      place.endsWith('/') ? path.startsWith(place) : path === place,
    );
    const welcome = home || ATOMICS_GUESTS.some(([guest]) => guest === path);
    visit(parse(path, text), (node) => {
      const named =
        (ts.isIdentifier(node) && node.text === 'Atomics') ||
        (ts.isStringLiteralLike(node) && node.text === 'Atomics');
      if (!named) return;
      const where = `${path}:${lineOf(node)}`;
      if (!welcome) violations.push(`${where} uses Atomics, which this file may not`);
      else if (!ts.isIdentifier(node) || !(isGlobalCall(node) || isProbe(node))) {
        violations.push(`${where} does not call Atomics through the global`);
      }
    });
  }
  return violations;
}

/** (f) Everything public says what it is. */
function docstringViolations(files: Files): string[] {
  const program = programOf(files);
  const checker = program.getTypeChecker();
  const violations: string[] = [];

  const require = (symbol: ts.Symbol, name: string): void => {
    if (symbol.getDocumentationComment(checker).length > 0) return;
    const declaration = symbol.declarations?.[0];
    const where =
      declaration === undefined
        ? 'index.ts'
        : `${declaration.getSourceFile().fileName.slice(1)}:${lineOf(declaration)}`;
    violations.push(`${where} ${name} is public and has no docstring`);
  };

  const requireMembers = (members: ts.SymbolTable | undefined, owner: string): void => {
    members?.forEach((member) => {
      if (isPublicMember(member)) require(member, `${owner}.${member.getName()}`);
    });
  };

  for (const entry of ENTRIES) {
    const source = program.getSourceFile(`/${entry}`);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) continue;
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol =
        exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (isInternal(symbol)) continue;
      require(symbol, exported.getName());
      if (symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)) {
        requireMembers(symbol.members, exported.getName());
      }
      if (symbol.flags & ts.SymbolFlags.Class) {
        requireMembers(symbol.exports, exported.getName());
      }
    }
  }
  return [...new Set(violations)];
}

const isInternal = (symbol: ts.Symbol): boolean =>
  (symbol.declarations ?? []).some((declaration) =>
    ts.getJSDocTags(declaration).some((tag) => tag.tagName.text === 'internal'),
  );

/** A method, accessor or property that a user can reach; constructors are the pool's affair. */
function isPublicMember(member: ts.Symbol): boolean {
  const wanted =
    ts.SymbolFlags.Method |
    ts.SymbolFlags.GetAccessor |
    ts.SymbolFlags.SetAccessor |
    ts.SymbolFlags.Property;
  if ((member.flags & wanted) === 0 || isInternal(member)) return false;
  return (member.declarations ?? []).some((declaration) => {
    if (ts.isParameter(declaration)) return false;
    const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
    if (ts.getCombinedModifierFlags(declaration) & hidden) return false;
    const name = ts.getNameOfDeclaration(declaration);
    return name === undefined || !ts.isPrivateIdentifier(name);
  });
}

/** A program over the files alone. Docstrings need no library, so none is loaded. */
function programOf(files: Files): ts.Program {
  const textOf = (name: string): string | undefined => files.get(name.replace(/^\//, ''));
  const host: ts.CompilerHost = {
    fileExists: (name) => textOf(name) !== undefined,
    readFile: textOf,
    getSourceFile: (name, options) => {
      const text = textOf(name);
      return text === undefined ? undefined : ts.createSourceFile(name, text, options, true);
    },
    getDefaultLibFileName: () => '/lib.d.ts',
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    writeFile: () => {},
  };
  const options: ts.CompilerOptions = {
    noLib: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  const roots = [...files.keys()].map((path) => `/${path}`);
  return ts.createProgram(roots, options, host);
}

/** (g) The core imports nothing of Node's, and nobody imports a package. */
function platformViolations(files: Files): string[] {
  const violations: string[] = [];
  for (const path of files.keys()) {
    for (const { specifier, target, line } of importsOf(files, path)) {
      if (target !== undefined) continue;
      const ofNode = specifier.startsWith('node:');
      if (ofNode && NODE_FILES.includes(path)) continue;
      const why = ofNode
        ? `only ${NODE_FILES.join(' and ')} may import from Node`
        : builtinModules.includes(specifier)
          ? 'Node’s modules are written with their node: prefix'
          : 'frameslab has no runtime dependency';
      violations.push(`${path}:${line} imports ${specifier}: ${why}`);
    }
  }
  return violations;
}

/** (h) A file opens with what it owns. */
function openingViolations(files: Files): string[] {
  const violations: string[] = [];
  for (const [path, text] of files) {
    const opening = ts.getLeadingCommentRanges(text, 0)?.[0];
    const begins = opening !== undefined && text.slice(0, opening.pos).trim() === '';
    const comment = begins ? text.slice(opening.pos, opening.end) : '';
    const forTools = /^\W*(?:biome-ignore|@ts-|eslint)/.test(comment);
    const letters = comment.replace(/[^\p{L}]/gu, '').length;
    if (forTools || letters < OPENING_LETTERS_MIN) {
      violations.push(`${path} does not begin with a comment that says what it owns`);
    }
  }
  return violations;
}

// ------------------------------------------------------------------------------------------------

function readSource(): Files {
  const root = fileURLToPath(new URL('../../src/', import.meta.url));
  if (!existsSync(root)) return new Map();
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .sort();
  return new Map(paths.map((path) => [path, readFileSync(root + path, 'utf8')]));
}

describe('src keeps the house style', () => {
  const source = readSource();

  test('src/index.ts is there', () => {
    expect([...source.keys()]).toContain('index.ts');
  });
  test('a file imports only from floors below it, and every file is on a floor', () => {
    expect(layersViolations(source)).toEqual([]);
  });
  test('imports make no circle', () => {
    expect(cycleViolations(source)).toEqual([]);
  });
  test('every file is reached from an entry', () => {
    expect(deadFileViolations(source)).toEqual([]);
  });
  test(`files have at most ${LINES_MAX} lines, lines at most ${COLUMNS_MAX} columns`, () => {
    expect(sizeViolations(source)).toEqual([]);
  });
  test('Atomics are called through the global, and only on their floors', () => {
    expect(atomicsViolations(source)).toEqual([]);
  });
  test('everything public has a docstring', () => {
    expect(docstringViolations(source)).toEqual([]);
  });
  test('only the files of Node’s entry import from Node, and nobody imports a package', () => {
    expect(platformViolations(source)).toEqual([]);
  });
  test('a file begins with what it owns', () => {
    expect(openingViolations(source)).toEqual([]);
  });
});

/** A house for the fixtures. */
const SMALL_HOUSE: Floors = [['errors.ts'], ['frame.ts', 'channel.ts']];

describe('the rules can fail', () => {
  const filesOf = (files: Record<string, string>): Files => new Map(Object.entries(files));

  test('an import from a higher floor is refused, one from a lower floor is not', () => {
    const files = filesOf({
      'errors.ts': "import './frame.js';",
      'frame.ts': "import { x } from './errors.js';",
    });
    expect(layersViolations(files, SMALL_HOUSE)).toEqual([
      'errors.ts:1 imports frame.ts, which is on a higher floor',
    ]);
  });
  test('an import of a type, a re-export and a dynamic import count as imports', () => {
    for (const text of [
      "import type { F } from './frame.js';",
      "export * from './frame.js';",
      "const later = () => import('./frame.js');",
      "type F = import('./frame.js').Frame;",
    ]) {
      const files = filesOf({ 'errors.ts': text, 'frame.ts': '' });
      expect(layersViolations(files, SMALL_HOUSE)).toHaveLength(1);
    }
  });
  test('an import between siblings is refused unless it is listed', () => {
    const files = filesOf({
      'channel.ts': "import './frame.js';",
      'frame.ts': "import './channel.js';",
    });
    expect(layersViolations(files, SMALL_HOUSE)).toEqual([
      'channel.ts:1 imports frame.ts, a sibling that SIBLINGS does not list',
      'frame.ts:1 imports channel.ts, a sibling that SIBLINGS does not list',
    ]);
  });
  test('files of one folder are siblings too', () => {
    const files = filesOf({ 'words/a.ts': "import './b.js';", 'words/b.ts': '' });
    expect(layersViolations(files)).toHaveLength(1);
  });
  test('a file on no floor is reported', () => {
    expect(layersViolations(filesOf({ 'misc/helpers.ts': '' }))).toEqual([
      'misc/helpers.ts is on no floor: add it to FLOORS',
    ]);
  });
  test('a circle is reported once, with its way; a diamond is none', () => {
    const circle = filesOf({
      'a.ts': "import './b.js';",
      'b.ts': "import type { C } from './c.js';",
      'c.ts': "export * from './a.js';",
    });
    expect(cycleViolations(circle)).toEqual(['a circle: a.ts -> b.ts -> c.ts -> a.ts']);
    const diamond = filesOf({
      'a.ts': "import './b.js'; import './c.js';",
      'b.ts': "import './d.js';",
      'c.ts': "import './d.js';",
      'd.ts': '',
    });
    expect(cycleViolations(diamond)).toEqual([]);
  });
  test('a file that no entry reaches is dead; one that node.ts reaches is not', () => {
    const files = filesOf({
      'index.ts': '',
      'node.ts': "import './threads/host-node.js';",
      'threads/host-node.ts': '',
      'forgotten.ts': "import './index.js';",
    });
    expect(deadFileViolations(files)).toEqual(['forgotten.ts is reached from neither entry']);
  });
  test('an import that leads nowhere is reported', () => {
    expect(deadFileViolations(filesOf({ 'index.ts': "export * from './gone.js';" }))).toEqual([
      'index.ts:1 imports gone.ts, which does not exist',
    ]);
  });
  test('a file of one line too many and a line of one column too many are reported', () => {
    const fits = `${'\n'.repeat(LINES_MAX - 1)}${'x'.repeat(COLUMNS_MAX)}\n`;
    expect(sizeViolations(filesOf({ 'a.ts': fits }))).toEqual([]);
    expect(sizeViolations(filesOf({ 'a.ts': `\n${fits}x` }))).toHaveLength(1);
    expect(sizeViolations(filesOf({ 'a.ts': 'x'.repeat(COLUMNS_MAX + 1) }))).toHaveLength(1);
  });
  test('Atomics outside their floors are reported, in a comment they are not', () => {
    const files = filesOf({
      'frame.ts': '// Atomics.load\nconst a = Atomics.load(words, 0);',
      'words/a.ts': 'const a = Atomics.load(words, 0);',
      'references/references.ts': 'const a = Atomics.load(words, 0);',
    });
    expect(atomicsViolations(files)).toEqual(['frame.ts:2 uses Atomics, which this file may not']);
  });
  test('Atomics destructured, aliased, or reached through another name are reported', () => {
    for (const text of [
      'const { load } = Atomics;',
      'const load = Atomics.load;',
      'const A = Atomics;',
      'run(Atomics.load);',
      "Atomics['load'](words, 0);",
      'globalThis.Atomics.load(words, 0);',
      "globalThis['Atomics'].load(words, 0);",
      'Atomics.load.call(undefined, words, 0);',
    ]) {
      expect([text, atomicsViolations(filesOf({ 'words/a.ts': text })).length]).toEqual([text, 1]);
    }
  });
  test('asking whether an atomic operation exists is allowed', () => {
    for (const text of [
      "const has = typeof Atomics.waitAsync === 'function';",
      "const has = typeof Atomics !== 'undefined' && 'waitAsync' in Atomics;",
      'type WaitAsync = typeof Atomics.waitAsync;',
      'Atomics.waitAsync?.(words, 0, 0);',
    ]) {
      expect([text, atomicsViolations(filesOf({ 'threads/a.ts': text }))]).toEqual([text, []]);
    }
  });
  test('a public symbol without a docstring is reported, at any distance from the entry', () => {
    const files = filesOf({
      'index.ts': "export { Frame, type Options } from './frame.js'; export * from './errors.js';",
      'frame.ts': `
        export class Frame {}
        /** Options. */
        export interface Options {
          /** Said. */
          a: number;
          b: number;
        }
        export class NotPublic {}`,
      'errors.ts': 'export function fail(): void {}\n/** Said. */ export const limit = 1;',
    });
    expect(docstringViolations(files).sort()).toEqual([
      'errors.ts:1 fail is public and has no docstring',
      'frame.ts:2 Frame is public and has no docstring',
      'frame.ts:7 Options.b is public and has no docstring',
    ]);
  });
  test('public members need a docstring; private, protected, #hidden and @internal do not', () => {
    const files = filesOf({
      'index.ts': `
        /** Said. */
        export class Frame {
          open(): void {}
          static make(): void {}
          get length(): number { return 0; }
          /** Said. */ get size(): number { return 0; }
          set size(n: number) {}
          private shut(): void {}
          protected half(): void {}
          #hidden(): void {}
          /** @internal */ inner(): void {}
          /** For us. @internal */ words = 0;
          constructor(readonly made: number) {}
        }
        /** @internal */ export class Inner { any(): void {} }`,
    });
    expect(docstringViolations(files)).toEqual(
      [
        'index.ts:4 Frame.open is public and has no docstring',
        'index.ts:6 Frame.length is public and has no docstring',
        'index.ts:5 Frame.make is public and has no docstring',
      ].map((sentence) => expect.stringContaining(sentence)),
    );
  });
  test('a member inherits the docstring of what it overrides', () => {
    const files = filesOf({
      'index.ts': `
        /** Said. */ export class Base {
          /** Said. */ code(): void {}
        }
        /** Said. */ export class Fault extends Base { override code(): void {} }`,
    });
    expect(docstringViolations(files)).toEqual([]);
  });
  test('Node’s modules are refused everywhere but in Node’s own files, packages everywhere', () => {
    const files = filesOf({
      'node.ts': "import 'node:os'; import 'tinypool';",
      'threads/host-node.ts': "import { threadId } from 'node:worker_threads';",
      'frame.ts': "import type { Worker } from 'node:worker_threads';",
      'errors.ts': "import 'os';",
    });
    expect(platformViolations(files).map((sentence) => sentence.split(':').slice(0, 3))).toEqual([
      ['node.ts', '1 imports tinypool', ' frameslab has no runtime dependency'],
      ['frame.ts', '1 imports node', 'worker_threads'],
      ['errors.ts', '1 imports os', ' Node’s modules are written with their node'],
    ]);
  });
  test('a file that begins with code, a directive or an empty comment is reported', () => {
    for (const text of [
      'export {};\n/** Owns the words of a slot and their verbs. */',
      '/** Slots. */\nexport {};',
      '// biome-ignore-all lint/style/noNonNullAssertion: because of this and that\nexport {};',
      '',
    ]) {
      expect(openingViolations(filesOf({ 'a.ts': text }))).toHaveLength(1);
    }
    const good = '/** Owns the words of a slot and their verbs. */\nexport {};';
    expect(openingViolations(filesOf({ 'a.ts': good }))).toEqual([]);
  });
});
