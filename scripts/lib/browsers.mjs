/**
 * The browsers that the laws of `test/browsers` run in: Debian's Chromium and Firefox ESR, headless,
 * both driven by one library that is fetched when it is first needed. Neither browser is patched.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { debianPackage, npmPackages } from './fetch.mjs';

const LAUNCH_MS = 60_000;
/** One law may take a minute, and the driver waits for it. */
const ANSWER_MS = 120_000;

/** Keeps a browser from calling its maker. */
const quietChromium = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const quietFirefox = {
  'app.normandy.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};

const browsers = {
  chromium: {
    name: 'Chromium',
    debian: ['chromium', '/usr/bin/chromium'],
    // As root there is no sandbox.
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...quietChromium],
  },
  firefox: {
    name: 'Firefox ESR',
    debian: ['firefox-esr', '/usr/bin/firefox-esr'],
    args: [],
    extraPrefsFirefox: quietFirefox,
  },
};

/** What `launch` knows. */
export const browserNames = Object.keys(browsers);

/** Starts a browser, installing it first where that is allowed. Who starts it closes it. */
export async function launch(which) {
  const { name, debian, ...options } = browsers[which];
  const executablePath = debianPackage(...debian);
  const modules = npmPackages('browsers', { 'puppeteer-core': '24.43.1' });
  const { default: puppeteer } = createRequire(join(modules, 'x.js'))('puppeteer-core');
  const browser = await puppeteer.launch({
    ...options,
    browser: which === 'firefox' ? 'firefox' : 'chrome',
    executablePath,
    headless: true,
    timeout: LAUNCH_MS,
    protocolTimeout: ANSWER_MS,
  });
  const version = (await browser.version()).replace(/^[^/]*\//, '');
  return { name, version, browser };
}
