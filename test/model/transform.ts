/**
 * Turns the built library into coroutines: the shipped text, with a gate before each access to the
 * slab.
 *
 * Why what is explored is the code that ships. The input is `dist/node.js` and its chunk, as they
 * lie there after `npm run build`. The output differs from them in four ways, each of which keeps
 * what a function computes:
 *
 * 1. `Atomics.op(a, i, …)`, a read `i32[i]` and a store `i32[i] = v` (the same for `f64`) become
 *    "announce it to the gate; yield if the gate says so; do exactly it". The arguments are
 *    evaluated before the announcement and in the same order, and a real `Atomics` does the work.
 *    `i32.copyWithin` becomes one such read and store for each element.
 * 2. A function from which such an access can be reached becomes a generator, and a call to it
 *    becomes `yield*`. Whether a callee is one is decided by its name at build time and by its
 *    result at run time, so a name that two classes share is no problem. A closure that stands for
 *    a method, `{ release: (handle) => this.release(handle) }`, is one for the same reason.
 * 3. A callback that is a generator makes `map`, `find`, `forEach` … generators too (`runtime.ts`).
 * 4. `import` and `export` become a function's arguments and result, so that each modelled thread
 *    has an instance of its own, with its own global object, clock and thread number.
 *
 * Not explored, and replaced by a throw so that nobody can think it was: promise forms (they run
 * the same wishes as the blocking forms), and the accessors of `Frame` (use the integer API).
 * What a constructor calls runs in one step, with nobody between (`Gate.plain`).
 *
 * Pure; the files are read by `library.ts`.
 */
import ts from 'typescript';

/** Where an access stands, for the trace. */
export interface Site {
  /** `Class.method` or the function's name. */
  readonly where: string;
  /** Line in the built file. */
  readonly line: number;
}

/** One transformed module. */
export interface Transformed {
  /** The body of a function: see `PARAMETERS`. */
  readonly code: string;
  readonly sites: readonly Site[];
  /** The modules that it imports. */
  readonly imports: readonly string[];
}

/** The operations of `Atomics` that the gate knows, in the order of their numbers. */
export const ATOMICS = [
  'load',
  'store',
  'add',
  'sub',
  'and',
  'or',
  'xor',
  'exchange',
  'compareExchange',
  'notify',
] as const;

/** What the body of a transformed module is given. */
export const PARAMETERS = [
  '$import',
  '$gate',
  '$hof',
  '$from',
  'globalThis',
  'performance',
  'Date',
  'Math',
];

/** The names under which the library keeps its views of the slab. */
const VIEWS = new Set(['i32', 'f64', 'own', 'other']);
/** Native functions whose callbacks may become generators. */
const HIGHER_ORDER = new Set(['map', 'forEach', 'find', 'every', 'some', 'filter', 'reduce']);
/** Methods of a view that touch the slab, and the same before anybody else can know it. */
const OF_VIEWS = new Set(['copyWithin']);
const BEFORE_OTHERS = new Set(['fill', 'slice']);
/** Their accessors are not explored. */
const WITHOUT_ACCESSORS = new Set(['Frame', 'External']);
/** Functions that make promises. */
const PROMISING = new Set(['waitAsync']);

type FunctionNode =
  | ts.FunctionDeclaration
  | ts.FunctionExpression
  | ts.ArrowFunction
  | ts.MethodDeclaration
  | ts.GetAccessorDeclaration
  | ts.SetAccessorDeclaration
  | ts.ConstructorDeclaration;

function isFunction(node: ts.Node): node is FunctionNode {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isGetAccessorDeclaration(node) ||
    ts.isSetAccessorDeclaration(node) ||
    ts.isConstructorDeclaration(node)
  );
}

/** What one function does, before it is known who is a generator. */
interface Unit {
  readonly node: FunctionNode;
  readonly name: string;
  readonly className: string;
  /** It touches the slab itself. */
  touches: boolean;
  readonly calls: Set<string>;
  readonly reads: Set<string>;
  /** Generators that it gives to native functions make it one itself. */
  readonly callbacks: FunctionNode[];
}

/** Transforms several modules of one library, which call each other by name. */
export function transform(modules: ReadonlyMap<string, string>): Map<string, Transformed> {
  const files = [...modules].map(([name, text]) =>
    ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS),
  );
  const units = new Map<FunctionNode, Unit>();
  for (const file of files) collect(file, units);
  const names = colour(units);
  return new Map(files.map((file) => [file.fileName, new Emitter(file, units, names).run()]));
}

// ------------------------------------------------------------------------------------------------
// Who becomes a generator

interface Names {
  readonly generators: ReadonlySet<FunctionNode>;
  /** They would have to be generators, and cannot. */
  readonly refused: ReadonlySet<FunctionNode>;
  readonly calls: ReadonlySet<string>;
  readonly reads: ReadonlySet<string>;
}

function collect(file: ts.SourceFile, units: Map<FunctionNode, Unit>): void {
  const walk = (node: ts.Node, unit: Unit | undefined): void => {
    let inside = unit;
    if (isFunction(node)) {
      inside = {
        node,
        name: nameOf(node),
        className: classOf(node),
        touches: false,
        calls: new Set(),
        reads: new Set(),
        callbacks: [],
      };
      units.set(node, inside);
    }
    if (inside !== undefined) note(node, inside);
    ts.forEachChild(node, (child) => walk(child, inside));
  };
  walk(file, undefined);
}

function note(node: ts.Node, unit: Unit): void {
  if (isView(node)) unit.touches = true;
  if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
    unit.reads.add((node.propertyName ?? node.name).getText());
  }
  if (ts.isPropertyAccessExpression(node) && !isCallee(node)) unit.reads.add(node.name.text);
  if (!ts.isCallExpression(node)) return;
  if (atomicOf(node) !== undefined || OF_VIEWS.has(ofView(node) ?? '')) unit.touches = true;
  const callee = calleeOf(node);
  if (callee !== undefined) unit.calls.add(isParameter(node.expression) ? '(callback)' : callee);
  for (const argument of node.arguments) if (isFunction(argument)) unit.callbacks.push(argument);
}

/** The least set of functions that contains those that touch the slab and all who call them. */
function colour(units: ReadonlyMap<FunctionNode, Unit>): Names {
  const generators = new Set<FunctionNode>();
  const refused = new Set<FunctionNode>();
  const calls = new Set<string>(['(callback)']);
  const reads = new Set<string>();
  for (let grown = true; grown; ) {
    grown = false;
    for (const unit of units.values()) {
      if (generators.has(unit.node) || refused.has(unit.node)) continue;
      if (ts.isConstructorDeclaration(unit.node)) continue;
      const reaches =
        unit.touches ||
        [...unit.calls].some((name) => calls.has(name)) ||
        [...unit.reads].some((name) => reads.has(name)) ||
        unit.callbacks.some((callback) => generators.has(callback));
      if (!reaches) continue;
      if (isUnexplored(unit)) {
        refused.add(unit.node);
        continue;
      }
      grown = true;
      generators.add(unit.node);
      if (ts.isGetAccessorDeclaration(unit.node)) reads.add(unit.name);
      else if (unit.name !== '') calls.add(unit.name);
    }
  }
  return { generators, refused, calls, reads };
}

/** Replaced by a throw if it would have to yield. */
function isUnexplored({ node, name, className }: Unit): boolean {
  if (ts.getCombinedModifierFlags(node as ts.Declaration) & ts.ModifierFlags.Async) return true;
  if (ts.isSetAccessorDeclaration(node)) return true;
  if (ts.isGetAccessorDeclaration(node) && WITHOUT_ACCESSORS.has(className)) return true;
  for (let outer: ts.Node = node; outer !== undefined; outer = outer.parent) {
    if (isFunction(outer) && PROMISING.has(nameOf(outer))) return true;
  }
  return PROMISING.has(name);
}

function nameOf(node: FunctionNode): string {
  if (node.name !== undefined) return node.name.getText();
  let { parent } = node;
  // `__name(() => …, 'x')` stands for the function itself.
  while (ts.isCallExpression(parent) && parent.expression.getText() === '__name') {
    parent = parent.parent;
  }
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) {
    return parent.name.getText();
  }
  if (ts.isBinaryExpression(parent) && ts.isPropertyAccessExpression(parent.left)) {
    return parent.left.name.text;
  }
  return '';
}

function classOf(node: ts.Node): string {
  for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
    if (!ts.isClassLike(outer)) continue;
    const { parent } = outer;
    return (outer.name?.text ?? (ts.isVariableDeclaration(parent) ? parent.name.getText() : ''))
      .replace(/^_+/, '')
      .replace(/\d+$/, '');
  }
  return '';
}

/** True for a called identifier that is a parameter: nobody knows which function it stands for. */
function isParameter(callee: ts.Expression): boolean {
  if (!ts.isIdentifier(callee)) return false;
  for (let outer: ts.Node = callee; outer !== undefined; outer = outer.parent) {
    if (!isFunction(outer)) continue;
    if (outer.parameters.some((parameter) => parameter.name.getText() === callee.text)) return true;
  }
  return false;
}

function calleeOf(call: ts.CallExpression): string | undefined {
  const { expression } = call;
  if (ts.isIdentifier(expression)) return expression.text;
  return ts.isPropertyAccessExpression(expression) ? expression.name.text : undefined;
}

function isCallee(node: ts.Node): boolean {
  return ts.isCallExpression(node.parent) && node.parent.expression === node;
}

function atomicOf(node: ts.CallExpression): string | undefined {
  const { expression } = node;
  if (!ts.isPropertyAccessExpression(expression)) return undefined;
  return expression.expression.getText() === 'Atomics' ? expression.name.text : undefined;
}

/** The name of a method that is called on a view of the slab. */
function ofView(node: ts.CallExpression): string | undefined {
  const { expression } = node;
  if (!ts.isPropertyAccessExpression(expression)) return undefined;
  return namesView(expression.expression) ? expression.name.text : undefined;
}

function isView(node: ts.Node): node is ts.ElementAccessExpression {
  return ts.isElementAccessExpression(node) && namesView(node.expression);
}

function namesView(expression: ts.Expression): boolean {
  if (ts.isIdentifier(expression)) return VIEWS.has(expression.text);
  return ts.isPropertyAccessExpression(expression) && VIEWS.has(expression.name.text);
}

function isAssigned(node: ts.Node): boolean {
  const { parent } = node;
  return ts.isBinaryExpression(parent) && parent.left === node && isAssignment(parent);
}

function isAssignment(node: ts.BinaryExpression): boolean {
  const { kind } = node.operatorToken;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

// ------------------------------------------------------------------------------------------------
// The new text

class Emitter {
  private readonly sites: Site[] = [];
  private readonly imports: string[] = [];
  private readonly text: string;

  constructor(
    private readonly file: ts.SourceFile,
    private readonly units: ReadonlyMap<FunctionNode, Unit>,
    private readonly names: Names,
  ) {
    this.text = file.text;
  }

  run(): Transformed {
    const body = this.emit(this.file);
    return { code: `'use strict'; let $t;\n${body}`, sites: this.sites, imports: this.imports };
  }

  private emit(node: ts.Node): string {
    if (ts.isImportDeclaration(node)) return this.importOf(node);
    if (ts.isExportDeclaration(node)) return this.exportOf(node);
    if (isFunction(node)) return this.functionOf(node);
    const yields = this.yieldsAt(node);
    if (ts.isCallExpression(node)) return this.callOf(node, yields);
    if (yields && ts.isBinaryExpression(node) && isAssignment(node) && isView(node.left)) {
      return this.storeOf(node, node.left);
    }
    if (yields && isView(node)) return this.loadOf(node);
    if (yields && ts.isVariableDeclaration(node)) return this.declarationOf(node);
    if (yields && ts.isPropertyAccessExpression(node) && this.names.reads.has(node.name.text)) {
      if (!isAssigned(node)) return this.followed(this.plain(node));
    }
    return this.plain(node);
  }

  /** The text of a node, its children emitted. */
  private plain(node: ts.Node): string {
    let out = '';
    let position = node.getStart(this.file);
    ts.forEachChild(node, (child) => {
      const start = child.getStart(this.file);
      out += this.text.slice(position, start) + this.emit(child);
      position = child.end;
    });
    return out + this.text.slice(position, node.end);
  }

  /** The value of a call: what the generator that it answers returns, if it answers one. */
  private followed(call: string): string {
    return `(($t = ${call})?.$generator === true ? yield* $t : $t)`;
  }

  /** True if the code at this node stands in a function that became a generator. */
  private yieldsAt(node: ts.Node): boolean {
    for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
      if (isFunction(outer)) return this.names.generators.has(outer);
    }
    return false;
  }

  private functionOf(node: FunctionNode): string {
    const unit = this.units.get(node) as Unit;
    if (!this.names.generators.has(node)) {
      return this.names.refused.has(node) ? this.refused(unit) : this.plain(node);
    }
    const head = this.text.slice(node.getStart(this.file), (node.body as ts.Node).getStart());
    const body = this.plain(node.body as ts.Node);
    if (ts.isGetAccessorDeclaration(node)) {
      const name = node.name.getText();
      return `get ${name}() { return this.$get_${name}(); }\n  *$get_${name}() ${body}`;
    }
    if (ts.isMethodDeclaration(node)) return `${head.replace(/^(static )?/, '$1*')}${body}`;
    if (ts.isFunctionDeclaration(node)) return `${head.replace('function', 'function*')}${body}`;
    const parameters = node.parameters.map((parameter) => this.emit(parameter)).join(', ');
    const block = ts.isBlock(node.body as ts.Node)
      ? body
      : `{ return ${this.emit(node.body as ts.Node)}; }`;
    return `(function* (${parameters}) ${block}).bind(this)`;
  }

  private refused({ node, name }: Unit): string {
    const body = node.body as ts.Node;
    const head = this.text.slice(node.getStart(this.file), body.getStart());
    return `${head}{ throw new Error('not explored: ${name}'); }`;
  }

  private callOf(node: ts.CallExpression, yields: boolean): string {
    const atomic = atomicOf(node);
    if (atomic !== undefined && yields) return this.atomicOf(node, atomic);
    const method = ofView(node);
    if (method !== undefined && !BEFORE_OTHERS.has(method)) return this.methodOf(node, method);
    const name = calleeOf(node);
    const callback = node.arguments.find((argument) => isFunction(argument));
    const generator = callback !== undefined && this.names.generators.has(callback as FunctionNode);
    if (generator && yields && ts.isPropertyAccessExpression(node.expression)) {
      const receiver = this.emit(node.expression.expression);
      const rest = node.arguments.map((argument) => this.emit(argument)).join(', ');
      if (HIGHER_ORDER.has(name ?? '')) return `(yield* $hof(${receiver}, '${name}', ${rest}))`;
      if (node.expression.getText() === 'Array.from') return `(yield* $from(${rest}))`;
    }
    const call = this.plain(node);
    const known = isParameter(node.expression) ? '(callback)' : name;
    const follow = known !== undefined && this.names.calls.has(known);
    if (follow && yields) return this.followed(call);
    // Where nothing can yield, a generator must not pass unseen.
    return follow && this.isInFunction(node) ? `$gate.plain(${call})` : call;
  }

  private isInFunction(node: ts.Node): boolean {
    for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
      if (isFunction(outer)) return true;
    }
    return false;
  }

  private atomicOf(node: ts.CallExpression, name: string): string {
    const site = this.siteOf(node);
    const given = node.arguments.map((argument) => this.emit(argument));
    if (name === 'wait') return `(yield* $gate.wait(${site}, ${given.join(', ')}))`;
    const kind = (ATOMICS as readonly string[]).indexOf(name);
    if (kind < 0) throw new Error(`the model does not know Atomics.${name}`);
    const act = isDiscarded(node) ? 'effect' : 'act';
    return `($gate.atomic(${site}, ${kind}, ${given.join(', ')}) && (yield), $gate.${act}())`;
  }

  private methodOf(node: ts.CallExpression, name: string): string {
    if (!OF_VIEWS.has(name)) throw new Error(`the model does not know ${node.getText()}`);
    const view = this.emit((node.expression as ts.PropertyAccessExpression).expression);
    const given = node.arguments.map((argument) => this.emit(argument));
    return `(yield* $gate.${name}(${[this.siteOf(node), view, ...given].join(', ')}))`;
  }

  private loadOf(node: ts.ElementAccessExpression): string {
    if (!isReadOnly(node)) throw new Error(`the model does not know ${node.parent.getText()}`);
    const [array, index] = [this.emit(node.expression), this.emit(node.argumentExpression)];
    return `($gate.load(${this.siteOf(node)}, ${array}, ${index}) && (yield), $gate.act())`;
  }

  private storeOf(node: ts.BinaryExpression, target: ts.ElementAccessExpression): string {
    if (node.operatorToken.kind !== ts.SyntaxKind.EqualsToken) {
      throw new Error(`the model does not know ${node.getText()}`);
    }
    const parts = [target.expression, target.argumentExpression, node.right].map((part) =>
      this.emit(part),
    );
    return `($gate.store(${this.siteOf(node)}, ${parts.join(', ')}) && (yield), $gate.act())`;
  }

  /** `let { seat, closed } = inlet`: one of these may be an accessor that became a generator. */
  private declarationOf(node: ts.VariableDeclaration): string {
    const { name, initializer } = node;
    if (!ts.isObjectBindingPattern(name) || initializer === undefined) return this.plain(node);
    const read = name.elements.map((element) => (element.propertyName ?? element.name).getText());
    if (!read.some((property) => this.names.reads.has(property))) return this.plain(node);
    const source = `$source${node.pos}`;
    const parts = name.elements.map((element, k) => {
      if (element.initializer !== undefined || element.dotDotDotToken !== undefined) {
        throw new Error(`the model does not know ${node.getText()}`);
      }
      return `${element.name.getText()} = ${this.followed(`${source}.${read[k]}`)}`;
    });
    return [`${source} = ${this.emit(initializer)}`, ...parts].join(', ');
  }

  private importOf(node: ts.ImportDeclaration): string {
    const from = (node.moduleSpecifier as ts.StringLiteral).text;
    this.imports.push(from);
    const bindings = node.importClause?.namedBindings;
    if (bindings === undefined) return '';
    if (ts.isNamespaceImport(bindings)) return `const ${bindings.name.text} = $import('${from}');`;
    const names = bindings.elements.map((element) =>
      element.propertyName === undefined
        ? element.name.text
        : `${element.propertyName.getText()}: ${element.name.text}`,
    );
    return `const { ${names.join(', ')} } = $import('${from}');`;
  }

  private exportOf(node: ts.ExportDeclaration): string {
    if (node.exportClause === undefined || !ts.isNamedExports(node.exportClause)) {
      throw new Error('the model expects one list of exports');
    }
    const names = node.exportClause.elements.map(
      (element) => `${element.name.text}: ${(element.propertyName ?? element.name).getText()}`,
    );
    return `return { ${names.join(', ')} };`;
  }

  private siteOf(node: ts.Node): number {
    let where = '(top)';
    for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
      if (!isFunction(outer)) continue;
      const unit = this.units.get(outer) as Unit;
      if (unit.name === '') continue;
      where = unit.className === '' ? unit.name : `${unit.className}.${unit.name}`;
      break;
    }
    const { line } = this.file.getLineAndCharacterOfPosition(node.getStart(this.file));
    return this.sites.push({ where, line: line + 1 }) - 1;
  }
}

/** True if nobody looks at the value of an expression: then the thread does not know it. */
function isDiscarded(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isExpressionStatement(parent)) return true;
  if (ts.isParenthesizedExpression(parent)) return isDiscarded(parent);
  if (!ts.isBinaryExpression(parent)) return false;
  const { kind } = parent.operatorToken;
  if (kind === ts.SyntaxKind.CommaToken) return parent.left === node || isDiscarded(parent);
  const short =
    kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken;
  return short && parent.right === node && isDiscarded(parent);
}

function isReadOnly(node: ts.Node): boolean {
  const { parent } = node;
  return !(
    isAssigned(node) ||
    ts.isPostfixUnaryExpression(parent) ||
    (ts.isPrefixUnaryExpression(parent) &&
      (parent.operator === ts.SyntaxKind.PlusPlusToken ||
        parent.operator === ts.SyntaxKind.MinusMinusToken))
  );
}
