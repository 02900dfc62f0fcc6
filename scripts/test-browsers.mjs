/**
 * Runs the laws of `test/browsers` in a real browser: Debian's Chromium, headless, on pages that a
 * server on loopback serves cross-origin isolated, and once without isolation.
 *
 * Prints a line per law and a summary. Any law that does not hold, or that takes too long, ends it
 * with a non-zero exit; the browser ends with it.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answerOf } from '../test/browsers/echo.mjs';
import { openChromium } from './lib/chromium.mjs';
import { CannotRun } from './lib/fetch.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const LAW_MS = 60_000;
/** Files of laws, and if their page is cross-origin isolated. */
const suites = [
  ['sharing', true],
  ['deaths', true],
  ['audio', true],
  ['plain', false],
  ['claims', true],
  ['isolation', true],
];

// ---------------------------------------------------------------------------------------------
// The server

const folders = ['/dist/', '/test/browsers/', '/test/docs/', '/test/workers/threads/'];
const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript' };
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Serves the folders above to this machine alone; answers the server and its address. */
async function serve(isolated) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const { pathname } = url;
    const special = answerOf(url);
    if (special !== undefined) {
      response.writeHead(200, special.headers).end(special.body);
      return;
    }
    const type = types[extname(pathname)];
    try {
      if (type === undefined || !folders.some((folder) => pathname.startsWith(folder))) throw 404;
      const content = await readFile(root + pathname.slice(1));
      const headers = { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-store' };
      response.writeHead(200, isolated ? { ...headers, ...isolation } : headers).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return { server, address: `http://127.0.0.1:${server.address().port}` };
}

// ---------------------------------------------------------------------------------------------
// The laws

async function bounded(promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, LAW_MS, `not done within ${LAW_MS} ms`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs one file of laws in a page of its own; answers how many held and how many did not. */
async function runSuite(browser, address, suite) {
  const counts = { passed: 0, failed: 0 };
  const faults = [];
  const page = await browser.newPage();
  page.on('pageerror', (fault) => faults.push(`${fault}`));
  await page.goto(`${address}/test/browsers/page.html?laws=${suite}`);
  const names = await bounded(page.evaluate(() => globalThis.namesOfLaws()));
  if (!Array.isArray(names) || names.length === 0) {
    throw new CannotRun(`${suite}: no laws (${names}) ${faults.join('\n')}`);
  }
  for (const name of names) {
    const begun = performance.now();
    const law = page.evaluate((which) => globalThis.checkLaw(which), name);
    const found = [await bounded(law.catch(String)), ...faults.splice(0)]
      .filter(Boolean)
      .join('\n');
    const took = Math.round(performance.now() - begun);
    counts[found === '' ? 'passed' : 'failed'] += 1;
    console.log(`${found === '' ? 'ok     ' : 'FAILED '} ${suite}: ${name} (${took} ms)`);
    if (found !== '') console.log(found.replace(/^/gm, '        '));
  }
  await page.close();
  return counts;
}

let browser;
const servers = [];
const sum = { passed: 0, failed: 0 };
try {
  await import('./build-if-stale.mjs');
  if (process.exitCode) throw new CannotRun('the build failed');
  browser = await openChromium();
  console.log(`Chromium ${browser.version()}, headless`);
  for (const [suite, isolated] of suites) {
    const { server, address } = await serve(isolated);
    servers.push(server);
    const { passed, failed } = await runSuite(browser, address, suite);
    sum.passed += passed;
    sum.failed += failed;
  }
} catch (fault) {
  sum.failed += 1;
  console.error(fault instanceof CannotRun ? fault.message : fault);
} finally {
  await browser?.close();
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
}
console.log(`${sum.passed} passed, ${sum.failed} failed`);
if (sum.failed > 0) process.exitCode = 1;
