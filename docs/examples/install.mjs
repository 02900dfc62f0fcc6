/**
 * Installs what an example uses beside frameslab when it runs for the first time, so that
 * `import … from 'piscina'` works in it as it does in your program after `npm install piscina`.
 *
 * The packages lie in `.tools/` of the repository; the example's `node_modules` is a link to them.
 */
import { existsSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { npmPackages } from '../../scripts/lib/fetch.mjs';

/** Call it before anything of `packages` (name to version) is imported: with `await import(…)`. */
export function install(example, packages) {
  const link = fileURLToPath(new URL(`./${example}/node_modules`, import.meta.url));
  const names = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  if (!existsSync(link)) console.log(`(installing ${names.join(', ')})`);
  const modules = npmPackages(`example-${example}`, packages);
  if (existsSync(link) && realpathSync(link) === realpathSync(modules)) return;
  rmSync(link, { recursive: true, force: true });
  symlinkSync(modules, link, 'junction');
}
