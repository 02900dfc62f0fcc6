/** Debian's Chromium, headless, for scripts that operate a page; installed where root may do so. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { debianPackage, npmPackages } from './fetch.mjs';

/** Starts the browser. Whoever opens it closes it. */
export function openChromium() {
  const modules = npmPackages('playwright', { 'playwright-core': '1.64.1' });
  const { chromium } = createRequire(join(modules, 'x.js'))('playwright-core');
  return chromium.launch({
    executablePath: debianPackage('chromium', '/usr/bin/chromium'),
    headless: true,
    timeout: 60_000,
    // As root there is no sandbox. The rest keeps it from calling its maker.
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
