/**
 * Takes the pictures of the visualiser that README.md shows, and writes the same moment as text
 * between the marks `<!-- slab -->` and `<!-- /slab -->` there.
 *
 * The scene is played, not painted: real workers, two forgotten frames, a recorder that is too slow.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serve } from '../docs/visualiser/serve.mjs';
import { openChromium } from './lib/chromium.mjs';

const BYTES_MAX = 150_000;
const TEXT_COLUMNS = 110;
const PAGE = '/docs/visualiser/index.html';
const images = new URL('../docs/images/', import.meta.url);
const readme = new URL('../README.md', import.meta.url);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Plays until there is something to see, and holds everything still there. */
async function play(page) {
  await page.waitForFunction('globalThis.visualiser?.picture.stats?.threads.length === 7');
  for (const name of ['camera 2', 'filter 1']) await page.click(`[aria-label="leak ${name}"]`);
  await page.waitForFunction('visualiser.picture.counts[6] === 2', undefined, { polling: 100 });
  await page.check('#slow');
  // Both channels have something in their lanes, and a frame is shared.
  await page.waitForFunction(
    `(({ stats: { channels }, counts }) =>
      channels[0].depth > 2 && channels[1].depth > 9 && counts[3] > 0 &&
      (visualiser.freeze(), true))(visualiser.picture)`,
    undefined,
    { polling: 20 },
  );
  await page.mouse.move(0, 0);
  await pause(600); // tokens come to rest
}

function save(name, png) {
  if (png.length > BYTES_MAX) throw new Error(`${name} has ${png.length} bytes`);
  writeFileSync(new URL(name, images), png);
  console.log(`${fileURLToPath(new URL(name, images))}: ${png.length} bytes`);
}

function intoReadme(text) {
  const before = readFileSync(readme, 'utf8');
  const marked = /(<!-- slab -->\n```text\n)[\s\S]*?(```\n<!-- \/slab -->)/;
  if (!marked.test(before)) throw new Error('README.md has no place for the picture as text');
  writeFileSync(
    readme,
    before.replace(marked, (_, head, foot) => `${head}${text}\n${foot}`),
  );
}

await import('./build-if-stale.mjs');
const browser = await openChromium();
const { server, address } = await serve();
try {
  mkdirSync(images, { recursive: true });
  const page = await browser.newPage({
    viewport: { width: 1280, height: 800 },
    colorScheme: 'dark',
  });
  page.setDefaultTimeout(60_000);
  const broken = new Promise((_, reject) => {
    page.once('pageerror', reject);
  });
  await page.goto(`${address}${PAGE}`);
  await Promise.race([play(page), broken]);
  save('visualiser-dark.png', await page.screenshot());
  await page.click('#ground');
  await page.mouse.move(0, 0);
  await pause(200);
  save('visualiser-light.png', await page.screenshot());
  intoReadme(await page.evaluate(`visualiser.text(${TEXT_COLUMNS})`));
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}
