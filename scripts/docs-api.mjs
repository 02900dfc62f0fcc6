/**
 * Writes docs/api.md from the docstrings of src/ and from what the code behind them throws.
 *
 *   npm run docs:api              writes the page
 *   npm run docs:api -- --check   fails if the page is not what it would write
 *
 * A generator of its own, because general ones print the seventeen error classes with all that they
 * inherit from `Error`, and know nothing of what the code throws.
 */
import { programOfSource, readApi } from './lib/api-model.mjs';
import { table, writePages } from './lib/page.mjs';
import { isUnreachable } from './lib/unreachable.mjs';

/** What a program works with, in the order of the page, and what an object of it is called there. */
const MAIN = [
  ['FramePool', 'pool'],
  ['Frame', 'frame'],
  ['SlotTable', 'slots'],
  ['FrameChannel', 'channel'],
];
const calledAs = new Map(MAIN);

const api = readApi(programOfSource());
const byName = new Map(api.map((entry) => [entry.name, entry]));
const errors = api.filter((entry) => entry.kind === 'class' && /Error$/.test(entry.name));
const active = MAIN.map(([name]) => byName.get(name));
const shapes = api.filter((entry) => entry.kind === 'interface');
const types = api.filter((entry) => entry.kind === 'type' || entry.kind === 'constant');
const printed = [...errors, ...active, ...shapes, ...types];
const forgotten = api.filter((entry) => !printed.includes(entry));
if (forgotten.length > 0) throw new Error(`no place for ${forgotten.map((e) => e.name)}`);

/** A docstring as one paragraph. */
const prose = (doc) => doc.replaceAll(/\s*\n\s*/g, ' ').trim();
const anchor = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');

const titleOf = (entry, member) => {
  const owner = member.isStatic ? entry.name : calledAs.get(entry.name);
  const parameters = member.parameters.map(({ name, optional }) => name + (optional ? '?' : ''));
  const call = member.isMethod ? `(${parameters.join(', ')})` : '';
  return `${owner}${member.name.startsWith('[') ? '' : '.'}${member.name}${call}`;
};

function signatureOf(member) {
  const parameters = member.parameters.map(({ name, optional, type, value }) =>
    value === undefined ? `${name}${optional ? '?' : ''}: ${type}` : `${name}: ${type} = ${value}`,
  );
  const generic = member.typeParameters.length > 0 ? `<${member.typeParameters.join(', ')}>` : '';
  const call = member.isMethod ? `${generic}(${parameters.join(', ')})` : '';
  return `${member.readonly ? 'readonly ' : ''}${member.name}${call}: ${member.type}`;
}

function throwsOf(entry, member) {
  const names = member.throws.filter(
    (name) => !isUnreachable(`${entry.name}.${member.name}`, name),
  );
  return names.map((name) => `[${name}](errors.md#${name.toLowerCase()})`).join(', ');
}

function memberText(entry, member) {
  const errorsHere = throwsOf(entry, member);
  const lines = [
    `#### \`${titleOf(entry, member)}\``,
    '',
    `\`${signatureOf(member)}\``,
    '',
    prose(member.doc),
  ];
  if (errorsHere !== '') lines.push('', `*Errors:* ${errorsHere}`);
  return lines.join('\n');
}

function classText(entry) {
  const titles = entry.members.map((member) => titleOf(entry, member));
  const links = titles.map((title) => `[\`${title}\`](#${anchor(title)})`);
  const members = entry.members.map((member) => memberText(entry, member));
  return [`## ${entry.name}`, prose(entry.doc), links.join(' · '), ...members].join('\n\n');
}

function shapeText(entry) {
  const rows = entry.members.map((member) => {
    const type = member.isMethod ? signatureOf(member).slice(member.name.length) : member.type;
    const name = member.name === '__new' ? 'new' : member.name + (member.optional ? '?' : '');
    return [`\`${name}\``, `\`${type}\``, prose(member.doc)];
  });
  const fields = rows.length > 0 ? [table(['field', 'type', 'what it is'], rows)] : [];
  return [`### ${entry.name}`, prose(entry.doc), ...fields].join('\n\n');
}

/** What an error carries beside its message: fields, not the code that each class repeats. */
const carries = (entry) =>
  entry.members
    .filter((member) => !member.isStatic)
    .map((member) => ` It carries \`${member.name}: ${member.type}\`: ${prose(member.doc)}`)
    .join('');
const errorRows = errors.map((entry) => [
  `[${entry.name}](errors.md#${entry.name.toLowerCase()})`,
  prose(entry.doc) + carries(entry),
]);
const typeRows = types.map((entry) => [
  `\`${entry.name}\``,
  `\`${prose(entry.type)}\``,
  prose(entry.doc),
]);

const page = `# API reference

<!-- Written by \`npm run docs:api\` from the docstrings of src/. Change them, not this page. -->

Every public name of frameslab, from the docstrings of the source. The lines that begin with *Errors*
are read from the code: they name each error to which a way leads, thrown or as a rejection. A class says at its beginning what
holds for all of its members; what each error means and how to cure it is in [errors.md](errors.md).

Classes: ${MAIN.map(([name]) => `[${name}](#${name.toLowerCase()})`).join(' · ')} ·
[options and reports](#options-and-reports) · [types](#types) · [errors](#errors)

${active.map(classText).join('\n\n')}

## Options and reports

Plain objects: what is passed in, and what is answered.

${shapes.map(shapeText).join('\n\n')}

## Types

${table(['name', 'type', 'what it is'], typeRows)}

## Errors

Each has a static \`code\`, which its instances carry; \`instanceof\` goes by it.

${table(['class', 'when'], errorRows)}
`;

writePages({ 'docs/api.md': page }, 'docs:api');
