/**
 * The code blocks of README.md and docs/: what each claims to be, and if it is.
 *
 * The words after the language say what is done with a block (`js run`, `js file=worker.mjs`):
 *
 *   js, ts             type-checked as a module against the real types; docs/ambient.d.ts lends it
 *                      `pool`, `frame` and a few more names, so that a fragment need not make them
 *   js run             also run on Node: it has to end by itself, with nothing on standard error
 *   js file=NAME       written under that name, beside the other files of its section (`## …`)
 *   js service-worker  type-checked with the names of a service worker instead of a page's
 *   text output        what the program before it (and before its files) prints, exactly
 *   json               parsed
 *   text, sh, html     not our language; `npm run` lines name scripts that exist
 *
 * A block without a language is a drawing or a transcript: it is refused if it looks like code. Any
 * other word is refused.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** One fenced block. */
export interface Block {
  /** The page's path below the repository, and the line of the fence. */
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly flags: readonly string[];
  readonly code: string;
  /** The `##` section that it stands in, counted from 0. */
  readonly section: number;
}

const CODE = ['js', 'ts'];
const OTHERS = ['text', 'sh', 'html'];
/** Lines that only JavaScript has. */
const LOOKS_LIKE_CODE =
  /^\s*(?:import .* from |export |(?:const|let) \w+ = |await |\}\);?$)|=>\s*\{/m;
/** A program of the documentation takes a second; this one hangs. */
const RUN_MS = 60_000;

/** Where a block stands, as editors understand it. */
export const placeOf = (block: Block): string => `${block.page}:${block.line}`;

/** All fenced blocks of a page. */
export function blocksOf(page: string, text: string): Block[] {
  const blocks: Block[] = [];
  let section = 0;
  let open: { line: number; indent: string; info: string; code: string[] } | undefined;
  text.split('\n').forEach((line, index) => {
    const fence = /^(\s*)```(.*)$/.exec(line);
    if (open === undefined) {
      if (/^## /.test(line)) section += 1;
      if (fence === null) return;
      open = { line: index + 1, indent: fence[1] ?? '', info: fence[2] ?? '', code: [] };
    } else if (fence !== null && (fence[2] ?? '').trim() === '') {
      const [language = '', ...flags] = open.info.trim().split(/\s+/);
      const code = `${open.code.join('\n')}\n`;
      blocks.push({ page, line: open.line, language, flags, code, section });
      open = undefined;
    } else {
      open.code.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
    }
  });
  if (open !== undefined) throw new Error(`${page}:${open.line} opens a block that never ends`);
  return blocks;
}

const isCode = (block: Block): boolean => CODE.includes(block.language);
export const isProgram = (block: Block): boolean => isCode(block) && block.flags.includes('run');

const isFile = (block: Block): boolean =>
  isCode(block) && block.flags.some((flag) => flag.startsWith('file='));

/** What is wrong with a block before it is compiled; one sentence each. */
export function markingFaults(blocks: readonly Block[], scripts: readonly string[]): string[] {
  return blocks.flatMap((block, k) => {
    const fault = markingFault(block, blocks[k - 1], scripts);
    return fault === undefined ? [] : [`${placeOf(block)} ${fault}`];
  });
}

function markingFault(
  block: Block,
  before: Block | undefined,
  scripts: readonly string[],
): string | undefined {
  const { language, flags, code } = block;
  if (language === '') {
    return LOOKS_LIKE_CODE.test(code) ? 'looks like code: say js, ts or text' : undefined;
  }
  if (isCode(block)) {
    const known = /^(?:run|service-worker|file=[\w-]+\.(?:mjs|cjs|js|ts))$/;
    const strange = flags.find((flag) => !known.test(flag));
    if (strange !== undefined) return `has an unknown mark: ${strange}`;
    return flags.includes('run') && language === 'ts' ? 'is TypeScript, and cannot run' : undefined;
  }
  if (language === 'json') return parses(code) ? undefined : 'is not JSON';
  if (!OTHERS.includes(language)) return `is in a language that nothing checks: ${language}`;
  if (flags.includes('output')) {
    const follows = before !== undefined && (isProgram(before) || isFile(before));
    return follows ? undefined : 'follows no program';
  }
  const named = language === 'sh' ? [...code.matchAll(/npm run (?:--silent )?([\w:-]+)/g)] : [];
  const missing = named.find((match) => !scripts.includes(match[1] as string));
  return missing === undefined ? undefined : `names a script that does not exist: ${missing[1]}`;
}

function parses(code: string): boolean {
  try {
    JSON.parse(code);
    return true;
  } catch {
    return false;
  }
}

// ---------------------------------------------------------------------------------------------
// Files

/** The file that a block becomes, below the scratch folder. */
function fileOf(block: Block): string {
  const named = block.flags.find((flag) => flag.startsWith('file='))?.slice('file='.length);
  const ending = block.language === 'ts' ? 'ts' : 'mjs';
  const folder = `${block.page.replaceAll(/\W+/g, '-')}/section-${block.section}`;
  return `${folder}/${named ?? `line-${block.line}.${ending}`}`;
}

/** Writes the code blocks as files that find `frameslab` as a user's do. */
export function writeBlocks(scratch: string, blocks: readonly Block[]): void {
  mkdirSync(join(scratch, 'node_modules'), { recursive: true });
  symlinkSync(root, join(scratch, 'node_modules', 'frameslab'), 'junction');
  const written = new Set<string>();
  for (const block of blocks.filter(isCode)) {
    const file = join(scratch, fileOf(block));
    if (written.has(file)) throw new Error(`${placeOf(block)}: its section has this file already`);
    written.add(file);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, block.code);
  }
}

// ---------------------------------------------------------------------------------------------
// Types

const options: ts.CompilerOptions = {
  allowJs: true,
  checkJs: true,
  strict: true,
  // Documentation is plain JavaScript: a parameter needs no comment that says its type.
  noImplicitAny: false,
  useUnknownInCatchVariables: false,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  useDefineForClassFields: false,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  allowImportingTsExtensions: true,
  paths: { frameslab: [join(root, 'src/node.ts')] },
  typeRoots: [join(root, 'node_modules/@types')],
};
const libs = (...names: string[]): string[] => names.map((name) => `lib.${name}.d.ts`);
const onPageOrNode: ts.CompilerOptions = {
  ...options,
  lib: libs('es2024', 'esnext.disposable', 'dom', 'dom.iterable', 'dom.asynciterable'),
  types: ['node'],
};
const inServiceWorker: ts.CompilerOptions = {
  ...options,
  lib: libs('es2024', 'webworker', 'webworker.iterable'),
  types: [],
};

/** Type errors of the blocks, as `page:line sentence`. The files were written before. */
export function typeFaults(scratch: string, blocks: readonly Block[]): string[] {
  const code = blocks.filter(isCode);
  const ofWorker = (block: Block): boolean => block.flags.includes('service-worker');
  return [
    ...compile(
      scratch,
      code.filter((block) => !ofWorker(block)),
      onPageOrNode,
    ),
    ...compile(scratch, code.filter(ofWorker), inServiceWorker),
  ];
}

function compile(
  scratch: string,
  blocks: readonly Block[],
  compilerOptions: ts.CompilerOptions,
): string[] {
  if (blocks.length === 0) return [];
  const byFile = new Map(blocks.map((block) => [slashed(join(scratch, fileOf(block))), block]));
  const roots = [...byFile.keys()];
  roots.push(join(root, 'docs/modules.d.ts'));
  if (compilerOptions === onPageOrNode) roots.push(join(root, 'docs/ambient.d.ts'));
  const program = ts.createProgram(roots, compilerOptions, hostOf(scratch, compilerOptions));
  return ts.getPreEmitDiagnostics(program).map((fault) => {
    const sentence = ts.flattenDiagnosticMessageText(fault.messageText, ' ');
    const block = fault.file && byFile.get(fault.file.fileName);
    if (block === undefined) return `${fault.file?.fileName ?? 'the program'}: ${sentence}`;
    const inside = fault.file?.getLineAndCharacterOfPosition(fault.start ?? 0).line ?? 0;
    return `${block.page}:${block.line + 1 + inside} ${sentence}`;
  });
}

/** A path as the compiler writes it. */
const slashed = (path: string): string => path.replaceAll('\\', '/');

/** Reads each file outside the scratch folder once, however many programs use it. */
function hostOf(scratch: string, compilerOptions: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(compilerOptions, true);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, version, ...rest) => {
    if (name.startsWith(slashed(scratch))) return read(name, version, ...rest);
    if (!sources.has(name)) sources.set(name, read(name, version, ...rest));
    return sources.get(name);
  };
  return host;
}
const sources = new Map<string, ts.SourceFile | undefined>();

// ---------------------------------------------------------------------------------------------
// Running

/** What a program left behind. */
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a block on this Node, in the folder of its section. Bounded in time. */
export function runBlock(scratch: string, block: Block): Promise<Run> {
  const file = join(scratch, fileOf(block));
  const child = spawn(process.execPath, [file], { cwd: dirname(file), timeout: RUN_MS });
  return new Promise((resolve, reject) => {
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) collect(child, name, texts);
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...texts }));
  });
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr', texts: Record<string, string>) {
  child[name]?.setEncoding('utf8').on('data', (text: string) => {
    texts[name] += text;
  });
}

/** What the page says that a program prints; `undefined` if it does not say. */
export function outputOf(blocks: readonly Block[], program: Block): string | undefined {
  // The other files of the program stand between it and what it prints.
  const next = blocks
    .slice(blocks.indexOf(program) + 1)
    .find((block) => !isFile(block) || isProgram(block));
  return next?.language === 'text' && next.flags.includes('output') ? next.code : undefined;
}

/** The names of the scripts in package.json. */
export function scriptNames(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.keys(scripts);
}
