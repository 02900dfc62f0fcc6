/**
 * docs/recipes.md says which APIs take shared memory. Here Node is asked, and the page compared with
 * what was found; the column of Chromium is compared with what `npm run test:browsers` asks there.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { root } from './blocks.js';
import { outcomeOf, webClaims } from './claims.mjs';
import { nodeClaims } from './claims-node.mjs';

/** The page's table: API -> what it says about Node 20 and about Chromium. */
function tableOf(text: string): ReadonlyMap<string, readonly [node: string, web: string]> {
  const rows = [...text.matchAll(/^\| `([^|]+)` \| (\w+|—) \| (\w+|—) \|/gm)];
  return new Map(
    rows.map(([, api, node, web]) => [
      (api as string).replaceAll('`', ''),
      [node as string, web as string] as const,
    ]),
  );
}

describe('what recipes.md says about shared memory', () => {
  const page = tableOf(readFileSync(join(root, 'docs/recipes.md'), 'utf8'));
  const isNode20 = process.versions.node.startsWith('20.');

  // Other versions of Node may differ; the page speaks of this one.
  test.runIf(isNode20).each(nodeClaims)('%s: Node 20 %s it', async (_, outcome, probe) => {
    expect(await outcomeOf(probe)).toBe(outcome);
  });

  test('the page has exactly the rows that are asked', () => {
    const of = (claims: typeof nodeClaims): Map<string, string> =>
      new Map(claims.map(([api, outcome]) => [api, outcome]));
    const node = of(nodeClaims);
    const web = of(webClaims);
    const asked = [...new Set([...node.keys(), ...web.keys()])].map((api) => [
      api,
      [node.get(api) ?? '—', web.get(api) ?? '—'],
    ]);
    expect([...page].sort()).toEqual(asked.sort());
  });

  test('a probe that fails anyway, or answers something else, is no evidence', async () => {
    const broken = (): never => {
      throw new Error('always');
    };
    expect(await outcomeOf(broken)).toContain('always');
    expect(await outcomeOf((bytes) => bytes.buffer.constructor.name)).toContain('answers');
    expect(await outcomeOf((bytes) => bytes.length)).toBe('takes');
  });
});
