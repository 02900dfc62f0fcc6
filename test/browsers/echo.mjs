/**
 * What the server of the browser tests answers without a file: pages with any headers of isolation, and
 * the service worker that docs/isolation.md shows, as it stands there.
 */
import { readFileSync } from 'node:fs';

/** A page that says in every way if it is isolated, and goes. */
const page = `<!doctype html><title>echo</title><script>
  new BroadcastChannel('isolation').postMessage(crossOriginIsolated);
  parent.postMessage(crossOriginIsolated, '*');
</script>`;

/** The code block of isolation.md that becomes this file. */
function blockOf(name) {
  const text = readFileSync(new URL('../../docs/isolation.md', import.meta.url), 'utf8');
  const block = new RegExp(`\`\`\`js (?:[\\w-]+ )*file=${name}\\n([\\s\\S]*?)\`\`\``).exec(text);
  if (block === null) throw new Error(`docs/isolation.md has no block file=${name}`);
  return block[1];
}

/** Headers and body for an address, or `undefined` if it is a file's. */
export function answerOf({ pathname, searchParams }) {
  const script = { 'Content-Type': 'text/javascript' };
  const html = { 'Content-Type': 'text/html; charset=utf-8' };
  const asked = Object.fromEntries(searchParams);
  switch (pathname) {
    case '/echo':
      return { headers: { ...html, ...asked }, body: page };
    case '/echo.js':
      return { headers: { ...script, ...asked }, body: 'postMessage(crossOriginIsolated);' };
    case '/isolating.html':
      return { headers: html, body: `${page}<script type="module" src="/isolate.js"></script>` };
    case '/isolate.js':
    case '/isolating-worker.js':
      return { headers: script, body: blockOf(pathname.slice(1)) };
    default:
      return undefined;
  }
}
