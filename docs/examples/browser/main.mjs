/**
 * A web page, a Web Worker and an AudioWorklet share one pool: the worker makes sound, the worklet
 * plays it, the page draws what was played. The frames stay where they are.
 *
 *   synth (worker) > player (AudioWorklet) > page: checks and draws
 *
 *   node docs/examples/browser/main.mjs            looks at it in a headless Chromium, and ends
 *   node docs/examples/browser/main.mjs --serve    for your own browser, until Ctrl-C
 *
 * `SharedArrayBuffer` needs a page that is cross-origin isolated: the two headers below.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { launch } from '../../../scripts/lib/browsers.mjs';

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
const types = { '.html': 'text/html', '.mjs': 'text/javascript', '.js': 'text/javascript' };
const folders = {
  example: new URL('./', import.meta.url),
  frameslab: new URL('../../../dist/', import.meta.url), // a bundler would do this
};

const server = createServer(async (request, response) => {
  const [, folder, file] = /^\/(example|frameslab)\/([\w-]+\.\w+)$/.exec(request.url) ?? [];
  try {
    const content = await readFile(new URL(file, folders[folder]));
    response.writeHead(200, { 'Content-Type': types[extname(file)], ...isolation }).end(content);
  } catch {
    response.writeHead(404).end();
  }
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/example/page.html`;

if (process.argv.includes('--serve')) {
  console.log(`open ${url}`);
} else {
  await look();
  server.closeAllConnections();
  server.close();
}

/** Opens the page, presses its button, and waits for what it has to say. */
async function look() {
  const { name, version, browser } = await launch('chromium');
  try {
    const page = await browser.newPage();
    const faults = [];
    page.on('pageerror', (fault) => faults.push(fault.message));
    await page.goto(url);
    await page.click('button');
    await page.waitForSelector('output.done', { timeout: 30_000 }).catch(() => {
      throw new Error(`the page came to no end: ${faults.join('; ') || 'without an error'}`);
    });
    const text = await page.$eval('output', (output) => output.textContent);
    console.log(`${name} ${version}: ${text}`);
    assert.match(text, /^\d+ quanta played/);
  } finally {
    await browser.close();
  }
}
