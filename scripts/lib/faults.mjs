/**
 * Which errors a function of src/ can throw, and if it can block: read from the code, not from its
 * comments. `scripts/docs-api.mjs` prints it, and a test compares the docstrings with it.
 *
 * What is followed: `throw`, the rejection of a promise, calls, getters and setters, what a function
 * that makes an error returns, and a `catch` that stops it; a field that its class sets to a function,
 * over as many fields and object literals as it came through; and an interface of which one class
 * makes all objects. What is not: calls through any other interface, a callback that others put into
 * a field, and a value that was thrown elsewhere and kept. So an answer may lack an error; it invents
 * one only where the code cannot get to a line that is there. Nothing is written.
 */
import ts from 'typescript';

const isError = (name) => /^[A-Z]\w+Error$/.test(name);

/** What a program's functions throw; one object per program, it remembers what it has read. */
export class Faults {
  #checker;
  #summaries = new Map();
  /** The one class that implements an interface; undefined if there are others, or literals. */
  #implementers = new Map();
  /** Functions that are made to lie in a field: they run where the field is called. */
  #inFields = new Set();

  /** @param program the program that holds src/. */
  constructor(program) {
    this.#checker = program.getTypeChecker();
    const fields = [];
    const visit = (node) => {
      if (ts.isClassDeclaration(node)) this.#noteInterfaces(node);
      if (ts.isPropertyDeclaration(node)) fields.push(node);
      if (ts.isObjectLiteralExpression(node)) {
        const symbol = this.#checker.getContextualType(node)?.symbol;
        if (symbol !== undefined) this.#implementers.set(symbol, undefined);
      }
      ts.forEachChild(node, visit);
    };
    for (const file of program.getSourceFiles()) if (!file.isDeclarationFile) visit(file);
    for (const field of fields) {
      for (const made of this.functionsOf(field)) {
        if (ts.isArrowFunction(made)) this.#inFields.add(made);
      }
    }
  }

  /** The functions that a declaration stands for: itself, or those that its class puts into it. */
  functionsOf(declaration, seen = new Set()) {
    if (declaration.body !== undefined) return [declaration];
    if (seen.has(declaration)) return [];
    seen.add(declaration);
    if (ts.isBindingElement(declaration)) {
      const { parent } = declaration.parent;
      const name = (declaration.propertyName ?? declaration.name).getText();
      return this.#literalsOf(parent.initializer, seen).flatMap((literal) => {
        const found = literal.properties.find((each) => each.name?.getText() === name);
        return found === undefined ? [] : this.functionsOf(found, seen);
      });
    }
    const { initializer } = declaration;
    const given = initializer === undefined ? [] : [initializer];
    if (ts.isPropertyDeclaration(declaration)) given.push(...setInConstructor(declaration));
    return given.flatMap((value) => this.#valuesOf(value, seen));
  }

  /** The functions that an expression may be. */
  #valuesOf(expression, seen) {
    if (ts.isArrowFunction(expression)) return [expression];
    const named = ts.isPropertyAccessExpression(expression) ? expression.name : expression;
    if (!ts.isIdentifier(named)) return [];
    const symbol = this.#checker.getSymbolAtLocation(named);
    return (symbol?.declarations ?? []).flatMap((each) => this.functionsOf(each, seen));
  }

  /** The object literals that an expression may be. */
  #literalsOf(expression, seen) {
    if (expression === undefined || seen.has(expression)) return [];
    seen.add(expression);
    if (ts.isObjectLiteralExpression(expression)) return [expression];
    if (!ts.isCallExpression(expression)) return [];
    return this.#calleesOf(expression).flatMap((callee) =>
      returnsOf(callee).flatMap((each) => this.#literalsOf(each, seen)),
    );
  }

  #noteInterfaces(node) {
    for (const clause of node.heritageClauses ?? []) {
      if (clause.token !== ts.SyntaxKind.ImplementsKeyword) continue;
      for (const { expression } of clause.types) {
        const { symbol } = this.#checker.getTypeAtLocation(expression);
        this.#implementers.set(symbol, this.#implementers.has(symbol) ? undefined : node);
      }
    }
  }

  /** The functions that a call may run. */
  #calleesOf(call) {
    const declaration = this.#checker.getResolvedSignature(call)?.declaration;
    if (declaration === undefined) return [];
    if (declaration.body !== undefined) return [declaration];
    if (ts.isMethodSignature(declaration)) {
      const { symbol } = this.#checker.getTypeAtLocation(declaration.parent);
      const implementer = this.#implementers.get(symbol);
      if (implementer === undefined) return [];
      const type = this.#checker.getTypeAtLocation(implementer);
      const method = type.getProperty(declaration.name.getText());
      return (method?.declarations ?? []).flatMap((each) => this.functionsOf(each));
    }
    return ts.isCallExpression(call) ? this.#valuesOf(call.expression, new Set()) : [];
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
    if (this.#inFields.has(node)) return;
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
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) return this.#calleesOf(node);
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
      return this.#calleesOf(expression).flatMap(returnsOf).flatMap(inner);
    }
    if (ts.isIdentifier(expression)) {
      const [declaration] = this.#checker.getSymbolAtLocation(expression)?.declarations ?? [];
      const kept = declaration !== undefined && ts.isVariableDeclaration(declaration);
      return kept && declaration.initializer !== undefined ? inner(declaration.initializer) : [];
    }
    return [];
  }
}

/** What the constructor of a field's class sets it to. */
function setInConstructor(field) {
  const found = [];
  const target = `this.${field.name.getText()}`;
  const visit = (node) => {
    const sets =
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
      node.left.getText() === target;
    if (sets) found.push(node.right);
    ts.forEachChild(node, visit);
  };
  for (const member of field.parent.members) {
    if (ts.isConstructorDeclaration(member) && member.body !== undefined) visit(member.body);
  }
  return found;
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
