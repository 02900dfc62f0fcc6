/** What the command line of the bench asks for; anything it does not know is refused by name. */
import { parseArgs } from 'node:util';
import { RUNTIMES } from './runtimes.mjs';
import { SUITES } from './suites.mjs';

/** A command line that cannot be obeyed. The sentence says why. */
export class UsageError extends Error {}

export const USAGE = `npm run bench [-- suite… | flags]

  suite              run the suites whose name contains one of these words (default: all):
                     ${SUITES.map(({ name }) => name).join(', ')}
  --only TEXT        only rows whose group title or name contains TEXT; may be repeated
  --list             print suites, groups and rows, and run nothing
  --quick            a smoke test of about a minute: its numbers are rough
  --json             print one line of JSON and nothing else
  --out FILE         write the JSON to FILE as well
  --runtime NAME     run on ${Object.keys(RUNTIMES).join(', ')}, fetched when missing
  --help             this text
`;

const FLAGS = {
  only: { type: 'string', multiple: true, default: [] },
  list: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  out: { type: 'string' },
  runtime: { type: 'string' },
  help: { type: 'boolean', default: false },
};

/** `{ words, only, list, quick, json, out, runtime, help }`; throws `UsageError`. */
export function readOptions(args) {
  const { values, positionals } = parse(args);
  for (const word of positionals) {
    if (!SUITES.some(({ name }) => name.includes(word))) {
      const known = SUITES.map(({ name }) => name).join(', ');
      throw new UsageError(`there is no suite '${word}'; there are ${known}`);
    }
  }
  if (values.runtime !== undefined && !Object.hasOwn(RUNTIMES, values.runtime)) {
    const known = Object.keys(RUNTIMES).join(', ');
    throw new UsageError(`there is no runtime '${values.runtime}'; there are ${known}`);
  }
  for (const name of ['only', 'out']) {
    if ([values[name] ?? []].flat().includes('')) throw new UsageError(`--${name} is empty`);
  }
  return { ...values, words: positionals };
}

function parse(args) {
  try {
    return parseArgs({ args, allowPositionals: true, options: FLAGS });
  } catch (fault) {
    throw new UsageError(fault.message.split('. ')[0]);
  }
}
