/**
 * The public names of src/index.ts with their docstrings, signatures, and what the code behind them
 * throws. Read with the TypeScript compiler; writes nothing.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { Faults } from './faults.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A program over src/, with the options of the repository. */
export function programOfSource() {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  // The core needs no platform's types, and they take longer to read than all of src/.
  return ts.createProgram([join(root, 'src/index.ts')], { ...options, types: [] });
}

/** The public names of a program, in the order in which the entry exports them. */
export function readApi(program, entry = join(root, 'src/index.ts')) {
  const checker = program.getTypeChecker();
  const faults = new Faults(program);
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry));
  const reader = { checker, faults };
  return checker
    .getExportsOfModule(module)
    .map((symbol) => [symbol.getName(), aliased(checker, symbol)])
    .filter(([, symbol]) => !isInternal(symbol))
    .map(([name, symbol]) => entryOf(reader, name, symbol));
}

function aliased(checker, symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function entryOf(reader, name, symbol) {
  const { checker } = reader;
  const [declaration] = symbol.declarations;
  const kind = kindOf(symbol);
  const base = declaration.heritageClauses?.[0]?.types[0]?.getText();
  const entry = { name, kind, doc: docOf(checker, symbol), file: fileOf(declaration), base };
  if (kind === 'type') entry.type = declaration.type.getText();
  if (kind === 'constant') entry.type = typeTextOf(checker, symbol, declaration);
  const statics = kind === 'class' ? checker.getTypeOfSymbol(symbol) : undefined;
  entry.members = [
    ...membersOf(checker, statics, declaration).map((each) => memberOf(reader, each, true)),
    ...membersOf(checker, checker.getDeclaredTypeOfSymbol(symbol), declaration).map((each) =>
      memberOf(reader, each, false),
    ),
  ];
  return entry;
}

function kindOf(symbol) {
  if (symbol.flags & ts.SymbolFlags.Class) return 'class';
  if (symbol.flags & ts.SymbolFlags.Interface) return 'interface';
  if (symbol.flags & ts.SymbolFlags.TypeAlias) return 'type';
  return 'constant';
}

/** What a class or interface declares itself, in the order of its text. */
function membersOf(checker, type, owner) {
  const wanted = ts.SymbolFlags.Method | ts.SymbolFlags.Accessor | ts.SymbolFlags.Property;
  const members = type === undefined ? [] : checker.getPropertiesOfType(type);
  return members
    .filter((member) => (member.flags & wanted) !== 0 && !isInternal(member) && isReachable(member))
    .filter((member) => member.declarations[0].parent === owner)
    .sort((a, b) => a.declarations[0].pos - b.declarations[0].pos);
}

function isReachable(member) {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return (member.declarations ?? []).some(
    (declaration) =>
      !ts.isParameter(declaration) && (ts.getCombinedModifierFlags(declaration) & hidden) === 0,
  );
}

function isInternal(symbol) {
  return (symbol.declarations ?? []).some((declaration) =>
    ts.getJSDocTags(declaration).some((tag) => tag.tagName.text === 'internal'),
  );
}

function memberOf({ checker, faults }, symbol, isStatic) {
  const [declaration] = symbol.declarations;
  const signature = signatureOf(declaration);
  const isMethod = signature !== undefined;
  const bodies = isMethod
    ? symbol.declarations.flatMap((each) => faults.functionsOf(each))
    : symbol.declarations.filter((each) => each.body !== undefined);
  const setter = symbol.declarations.some(ts.isSetAccessor);
  const readonly =
    !isMethod &&
    ((ts.isGetAccessor(declaration) && !setter) ||
      (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Readonly) !== 0);
  return {
    name: nameOf(declaration, symbol),
    isStatic,
    isMethod,
    readonly,
    optional: (symbol.flags & ts.SymbolFlags.Optional) !== 0,
    doc: docOf(checker, symbol),
    file: fileOf(declaration),
    line:
      declaration.getSourceFile().getLineAndCharacterOfPosition(declaration.getStart()).line + 1,
    parameters: isMethod ? signature.parameters.map(parameterOf) : [],
    type: isMethod
      ? (signature.type?.getText() ?? 'unknown')
      : typeTextOf(checker, symbol, declaration),
    typeParameters: isMethod ? (signature.typeParameters ?? []).map((each) => each.getText()) : [],
    throws: [...new Set(bodies.flatMap((body) => faults.thrownBy(body)))].sort(),
    blocks: bodies.some((body) => faults.blocks(body)),
  };
}

/** Of a method, and of a class's field that is always the same function: it is called like one. */
function signatureOf(declaration) {
  if (ts.isMethodDeclaration(declaration) || ts.isMethodSignature(declaration)) return declaration;
  const { type } = declaration;
  const constant = ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Readonly;
  const isField = ts.isPropertyDeclaration(declaration) && constant !== 0;
  return isField && type !== undefined && ts.isFunctionTypeNode(type) ? type : undefined;
}

function nameOf(declaration, symbol) {
  const name = ts.getNameOfDeclaration(declaration);
  if (name === undefined) return symbol.getName();
  const text = name.getText();
  return text === '[DISPOSE]' ? '[Symbol.dispose]' : text;
}

function parameterOf(parameter) {
  const optional = parameter.questionToken !== undefined || parameter.initializer !== undefined;
  const value = parameter.initializer?.getText();
  const type = parameter.type?.getText() ?? (value === undefined ? 'unknown' : 'number');
  return { name: parameter.name.getText(), type, optional, value };
}

function typeTextOf(checker, symbol, declaration) {
  if (declaration.type !== undefined) return declaration.type.getText();
  return checker.typeToString(checker.getTypeOfSymbolAtLocation(symbol, declaration));
}

function docOf(checker, symbol) {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).replaceAll('\r', '');
}

function fileOf(declaration) {
  return declaration.getSourceFile().fileName.slice(root.length);
}
