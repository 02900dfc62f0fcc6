/**
 * Runs the laws of `test/visualiser` on the page of `docs/visualiser`, in Debian's Chromium: each in
 * a page of its own, on a server of its own. Whatever the page says on its console, or throws, makes
 * a law fail too.
 *
 * Prints a line per law and a summary; a law that does not hold, or takes too long, ends it with a
 * non-zero exit.
 */
import { serve } from '../docs/visualiser/serve.mjs';
import { feedLaws, laws } from '../test/visualiser/laws.mjs';
import { openChromium } from './lib/chromium.mjs';
import { CannotRun } from './lib/fetch.mjs';

const LAW_MS = 90_000;
const UNTIL_MS = 45_000;
const PAGE = '/docs/visualiser/index.html';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs one law; answers '' if it holds, and else what was found instead. */
async function run(browser, address, law) {
  const faults = [];
  const page = await browser.newPage({
    viewport: { width: 1280, height: 800 },
    colorScheme: 'dark',
  });
  page.on('pageerror', (fault) => faults.push(`the page threw ${fault.stack ?? fault}`));
  page.on('console', (line) => faults.push(`the console says ${line.type()}: ${line.text()}`));
  page.setDefaultTimeout(UNTIL_MS);
  const look = (expression) => page.evaluate(expression);
  const until = async (expression) => {
    try {
      await page.waitForFunction(expression, undefined, { polling: 100 });
    } catch (fault) {
      throw new Error(`never true: ${expression.slice(0, 300)} (${`${fault}`.slice(0, 80)})`);
    }
  };
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(reject, LAW_MS, new Error(`not done within ${LAW_MS} ms`));
  });
  const whole = async () => {
    await page.goto(address);
    await until('globalThis.visualiser?.picture.stats?.threads.length === 7');
    await law({ page, look, until, pause });
  };
  try {
    await Promise.race([whole(), late]);
  } catch (fault) {
    faults.unshift(fault.stack ?? `${fault}`);
  } finally {
    clearTimeout(timer);
    await page.close();
  }
  return faults.join('\n');
}

const sum = { passed: 0, failed: 0 };
let browser;
let demo;
const servers = [];
try {
  await import('./build-if-stale.mjs');
  if (process.exitCode) throw new CannotRun('the build failed');
  browser = await openChromium();
  console.log(`Chromium ${browser.version()}, headless`);
  const own = await serve();
  servers.push(own.server);
  demo = await (await import('../docs/visualiser/node-demo.mjs')).startDemo();
  const fed = await serve({ events: demo.events });
  servers.push(fed.server);
  for (const [name, law, address] of [
    ...Object.entries(feedLaws).map((entry) => [...entry, `${fed.address}${PAGE}?feed=/events`]),
    ...Object.entries(laws).map((entry) => [...entry, `${own.address}${PAGE}`]),
  ]) {
    const begun = performance.now();
    const found = await run(browser, address, law);
    if (address.startsWith(fed.address)) await demo.close(); // its threads are not to disturb
    sum[found === '' ? 'passed' : 'failed'] += 1;
    const took = Math.round(performance.now() - begun);
    console.log(`${found === '' ? 'ok     ' : 'FAILED '} ${name} (${took} ms)`);
    if (found !== '') console.log(found.replace(/^/gm, '        '));
  }
} catch (fault) {
  sum.failed += 1;
  console.error(fault instanceof CannotRun ? fault.message : fault);
} finally {
  await browser?.close();
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
  await demo?.close();
}
console.log(`${sum.passed} passed, ${sum.failed} failed`);
if (sum.failed > 0 || sum.passed === 0) process.exitCode = 1;
