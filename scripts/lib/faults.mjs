/**
 * Which errors a function of src/ can throw, and if it can block: read from the code, not from its
 * comments. `scripts/docs-api.mjs` prints it, and a test compares the docstrings with it.
 *
 * What is followed: `throw`, the rejection of a promise, calls, getters and setters, what a function
 * that makes an error returns, and a `catch` that stops it. What is not: calls through an interface, a callback in a field, and a
 * value that was thrown elsewhere and kept. So an answer may lack an error; it invents one only where
 * the code cannot get to a line that is there. Nothing is written.
 */
import ts from 'typescript';

const isError = (name) => /^[A-Z]\w+Error$/.test(name);

/** What a program's functions throw; one object per program, it remembers what it has read. */
export class Faults {
  #checker;
  #summaries = new Map();

  /** @param program the program that holds src/. */
  constructor(program) {
    this.#checker = program.getTypeChecker();
  }

  /** The names of the library's errors that this declaration can throw, sorted. */
  thrownBy(declaration) {
    return [...this.#reach(declaration).errors].sort();
  }

  /** True if this declaration can come to `Atomics.wait`. */
  blocks(declaration) {
    return this.#reach(declaration).blocks;
  }

  /** Follows all calls until nothing new is found. */
  #reach(declaration) {
    const found = new Map();
    const pending = [declaration];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (found.has(next)) continue;
      found.set(next, { errors: new Set(), blocks: false });
      for (const call of this.#summary(next).calls) pending.push(call.target);
    }
    for (let grew = true; grew; ) {
      grew = false;
      for (const [each, sums] of found) {
        const before = sums.errors.size + Number(sums.blocks);
        this.#add(each, sums, found);
        if (sums.errors.size + Number(sums.blocks) > before) grew = true;
      }
    }
    return found.get(declaration);
  }

  #add(declaration, sums, found) {
    const { errors, calls, waits } = this.#summary(declaration);
    for (const name of errors) sums.errors.add(name);
    sums.blocks ||= waits;
    for (const { target, stops } of calls) {
      const callee = found.get(target);
      sums.blocks ||= callee.blocks;
      for (const name of callee.errors) if (!stops(name)) sums.errors.add(name);
    }
  }

  #summary(declaration) {
    let summary = this.#summaries.get(declaration);
    if (summary === undefined) {
      summary = { errors: new Set(), calls: [], waits: false };
      this.#summaries.set(declaration, summary);
      if (declaration.body !== undefined) this.#read(declaration.body, () => false, summary);
    }
    return summary;
  }

  /** Reads one node; `stops` says which errors a surrounding `catch` keeps. */
  #read(node, stops, summary) {
    if (ts.isTryStatement(node) && node.catchClause !== undefined) {
      const stopped = stoppedBy(node.catchClause);
      this.#read(node.tryBlock, (name) => stopped(name) || stops(name), summary);
      this.#read(node.catchClause.block, stops, summary);
      if (node.finallyBlock !== undefined) this.#read(node.finallyBlock, stops, summary);
      return;
    }
    if (ts.isThrowStatement(node)) {
      for (const name of this.#errorsIn(node.expression)) {
        if (!stops(name)) summary.errors.add(name);
      }
    }
    if (ts.isCallExpression(node)) {
      const callee = node.expression.getText();
      if (callee === 'Atomics.wait') summary.waits = true;
      if (/\b(?:fail|reject)$/.test(callee)) {
        for (const name of node.arguments.flatMap((each) => this.#errorsIn(each))) {
          summary.errors.add(name);
        }
      }
    }
    for (const target of this.#targetsOf(node)) summary.calls.push({ target, stops });
    ts.forEachChild(node, (child) => this.#read(child, stops, summary));
  }

  /** The functions that run when this node does. */
  #targetsOf(node) {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const declaration = this.#checker.getResolvedSignature(node)?.declaration;
      return declaration?.body === undefined ? [] : [declaration];
    }
    if (!ts.isPropertyAccessExpression(node)) return [];
    const symbol = this.#checker.getSymbolAtLocation(node.name);
    const { parent } = node;
    const written =
      ts.isBinaryExpression(parent) &&
      parent.left === node &&
      parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;
    const wanted = written ? ts.isSetAccessor : ts.isGetAccessor;
    return (symbol?.declarations ?? []).filter((declaration) => wanted(declaration));
  }

  /** The classes of the errors that an expression may be. */
  #errorsIn(expression, seen = new Set()) {
    if (seen.has(expression)) return [];
    seen.add(expression);
    const inner = (part) => this.#errorsIn(part, seen);
    if (ts.isNewExpression(expression)) {
      const name = expression.expression.getText();
      return isError(name) ? [name] : [];
    }
    if (ts.isConditionalExpression(expression)) {
      return [...inner(expression.whenTrue), ...inner(expression.whenFalse)];
    }
    if (ts.isParenthesizedExpression(expression)) return inner(expression.expression);
    if (ts.isCallExpression(expression)) {
      const declaration = this.#checker.getResolvedSignature(expression)?.declaration;
      return returnsOf(declaration).flatMap(inner);
    }
    if (ts.isIdentifier(expression)) {
      const [declaration] = this.#checker.getSymbolAtLocation(expression)?.declarations ?? [];
      const kept = declaration !== undefined && ts.isVariableDeclaration(declaration);
      return kept && declaration.initializer !== undefined ? inner(declaration.initializer) : [];
    }
    return [];
  }
}

/** The expressions that a function returns. */
function returnsOf(declaration) {
  const found = [];
  const visit = (node) => {
    if (ts.isReturnStatement(node) && node.expression !== undefined) found.push(node.expression);
    ts.forEachChild(node, visit);
  };
  if (declaration?.body !== undefined) visit(declaration.body);
  return found;
}

/** Which errors a `catch` keeps: all of them, those that it does not throw on, or none. */
function stoppedBy(clause) {
  const name = clause.variableDeclaration?.name.getText();
  let thrownOn = false;
  const kept = new Set();
  const visit = (node) => {
    if (ts.isThrowStatement(node) && node.expression.getText() === name) thrownOn = true;
    const text = ts.isPrefixUnaryExpression(node) ? node.getText() : '';
    const stopped = new RegExp(`^!\\(${name} instanceof (\\w+)\\)$`).exec(text);
    if (stopped !== null) kept.add(stopped[1]);
    ts.forEachChild(node, visit);
  };
  visit(clause.block);
  return (error) => !thrownOn || kept.has(error);
}
