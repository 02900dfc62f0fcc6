/** Debian's Chromium, headless, as every script here starts it; installed where root may do so. */
import { chromium } from 'playwright-core';
import { debianPackage } from './fetch.mjs';

/** Starts the browser. Whoever opens it closes it. */
export function openChromium() {
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
