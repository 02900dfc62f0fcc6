/**
 * Runs the laws of `test/browsers` in real browsers, headless: on pages that a server on loopback
 * serves cross-origin isolated, once without isolation, and with `Atomics.waitAsync` taken away.
 *
 * `npm run test:browsers -- firefox` runs one browser. Prints a line per law, also for one that a
 * browser cannot run, and why. A law that does not hold, that takes too long, or that is left out
 * although the browser is not known to lack what it needs, ends it with a non-zero exit. The results
 * are kept in `.tools/results/browsers.json`; `--write` writes the table in README.md.
 */
import { fileURLToPath } from 'node:url';
import { answerOf } from '../test/browsers/echo.mjs';
import { bounded } from './lib/bounded.mjs';
import { browserNames, launch } from './lib/browsers.mjs';
import { CannotRun } from './lib/fetch.mjs';
import { mergeResults, writeTable } from './lib/results.mjs';
import { serve } from './lib/serve.mjs';
import { buildVitePage } from './lib/vite-page.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const LAW_MS = 60_000;

const WITHOUT = 'without waitAsync';

/** Files of laws: on which site, without what, and in which column of README's table. */
const suites = [
  { laws: 'sharing', site: 'isolated', column: 'page and workers' },
  { laws: 'waiting', site: 'isolated', column: 'waiting' },
  { laws: 'deaths', site: 'isolated', column: 'watch, reclaim' },
  { laws: 'audio', site: 'isolated', column: 'AudioWorklet' },
  { laws: 'sharing', site: 'isolated', without: 'waitAsync', column: WITHOUT },
  { laws: 'waiting', site: 'isolated', without: 'waitAsync', column: WITHOUT },
  { laws: 'deaths', site: 'isolated', without: 'waitAsync', column: WITHOUT },
  { laws: 'plain', site: 'plain', column: 'not isolated' },
  // What docs/recipes.md and docs/isolation.md say was measured in Chromium.
  { laws: 'claims', site: 'isolated', only: 'chromium', column: 'recipes' },
  { laws: 'isolation', site: 'isolated', only: 'chromium', column: 'recipes' },
  { laws: 'vite', site: 'vite', column: 'built by Vite' },
];
/** What a browser is known to lack. A law that is left out for any other reason has failed. */
const lacking = {
  chromium: [],
  firefox: ['OfflineAudioContext.suspend'],
};

async function serveAll() {
  const folders = ['/dist/', '/test/browsers/', '/test/docs/', '/test/workers/threads/'];
  const built = buildVitePage();
  const sites = {
    isolated: { ...(await serve(root, folders, true, answerOf)), page: '/test/browsers/page.html' },
    plain: { ...(await serve(root, folders, false)), page: '/test/browsers/page.html' },
    vite: { ...(await serve(built.folder, ['/'], true)), page: '/index.html' },
  };
  const stop = () => {
    for (const site of Object.values(sites)) site.stop();
    built.remove();
  };
  return { sites, stop };
}

// ---------------------------------------------------------------------------------------------
// The laws

/** Opens a page on a file of laws; answers it with their names and what the page threw. */
async function open(browser, { address, page: path }, { laws, without }) {
  const faults = [];
  const page = await browser.newPage();
  page.on('pageerror', (fault) => faults.push(`${fault?.stack ?? fault}`));
  const query = without === undefined ? '' : `&without=${without}`;
  await page.goto(`${address}${path}?laws=${laws}${query}`);
  const names = await bounded(
    page.evaluate(() => globalThis.namesOfLaws()),
    LAW_MS,
  );
  if (!Array.isArray(names) || names.length === 0) {
    throw new CannotRun(`${laws}: no laws (${names}) ${faults.join('\n')}`);
  }
  return { page, names, faults };
}

/** Runs one file of laws in a page of its own. Answers passed, failed and not run. */
async function runSuite(which, browser, site, suite) {
  const found = { passed: 0, failed: 0, notRun: [] };
  const { page, names, faults } = await open(browser, site, suite);
  const place = suite.without ? `${suite.laws} without ${suite.without}` : suite.laws;
  const say = (verdict, name, rest) =>
    console.log(`${verdict.padEnd(7)} ${place}: ${name} ${rest}`);
  for (const { name, lacks } of names) {
    if (lacks !== '' && lacking[which].includes(lacks)) {
      const why = `this browser has no ${lacks}`;
      found.notRun.push({ law: `${place}: ${name}`, why });
      say('not run', name, `(${why})`);
      continue;
    }
    const begun = performance.now();
    const law = page.evaluate((wanted) => globalThis.checkLaw(wanted), name);
    const faulty = [await bounded(law.catch(String), LAW_MS), ...faults.splice(0)]
      .filter(Boolean)
      .join('\n');
    const took = Math.round(performance.now() - begun);
    found[faulty === '' ? 'passed' : 'failed'] += 1;
    say(faulty === '' ? 'ok' : 'FAILED', name, `(${took} ms)`);
    if (faulty !== '') console.log(faulty.replace(/^/gm, '        '));
  }
  await page.close();
  return found;
}

async function runBrowser(which, sites) {
  const { name, version, browser } = await launch(which);
  const row = { name, version, columns: {}, passed: 0, failed: 0, notRun: 0, notes: [] };
  console.log(`\n${name} ${version}, headless`);
  try {
    for (const suite of suites.filter(({ only = which }) => only === which)) {
      const { passed, failed, notRun } = await runSuite(which, browser, sites[suite.site], suite);
      row.columns[suite.column] ??= { passed: 0, failed: 0, notRun: 0 };
      for (const sum of [row, row.columns[suite.column]]) {
        sum.passed += passed;
        sum.failed += failed;
        sum.notRun += notRun.length;
      }
      row.notes.push(...notRun.map(({ law, why }) => `not run: ${law}: ${why}`));
    }
  } finally {
    await browser.close();
  }
  return row;
}

// ---------------------------------------------------------------------------------------------

const write = process.argv.includes('--write');
const wanted = process.argv.slice(2).filter((word) => word !== '--write');
const strangers = wanted.filter((name) => !browserNames.includes(name));
const reports = [];
let failed = strangers.length;
let served;
try {
  if (failed > 0) throw new CannotRun(`no such browser: ${strangers}; there is ${browserNames}`);
  await import('./build-if-stale.mjs');
  if (process.exitCode) throw new CannotRun('the build failed');
  served = await serveAll();
  for (const which of wanted.length > 0 ? wanted : browserNames) {
    reports.push(await runBrowser(which, served.sites));
  }
} catch (fault) {
  failed += 1;
  console.error(fault instanceof CannotRun ? fault.message : fault);
} finally {
  served?.stop();
}

let passed = 0;
for (const report of reports) {
  passed += report.passed;
  failed += report.failed;
}
const columns = [...new Set(suites.map(({ column }) => column))];
const date = new Date().toISOString().slice(0, 10);
const titles = reports.map(({ name, version }) => `${name} ${version}`);
if (reports.length === browserNames.length) {
  mergeResults('browsers', { date, columns, rows: reports }, titles);
  if (write) writeTable('browsers');
}
const left = reports.reduce((sum, { notRun }) => sum + notRun, 0);
console.log(`\n${passed} passed, ${failed} failed${left > 0 ? `, ${left} skipped` : ''}`);
if (failed > 0) process.exitCode = 1;
