/** What docs/recipes.md says about pages: which of their APIs take shared memory. */
import { outcomeOf, webClaims } from '../../docs/claims.mjs';
import { equal } from '../check.mjs';

export const laws = Object.fromEntries(
  webClaims.map(([api, outcome, probe]) => [
    `${api} ${outcome} shared memory`,
    async () => equal(await outcomeOf(probe), outcome, api),
  ]),
);
