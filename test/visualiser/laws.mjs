/**
 * The laws of the visualiser's page. Each gets a page of its own, `look(expression)`, which evaluates
 * in it, and `until(expression)`, which waits for it to become true.
 */
import { strict as assert } from 'node:assert';

const OLD = 'rgb(255, 106, 43)'; // the colour of a leak on the dark ground
const THREADS = ['camera 1', 'camera 2', 'filter 1', 'filter 2', 'screen', 'recorder'];

const press = (page, verb, name) => page.click(`[aria-label="${verb} ${name}"]`);
const acquires = (name) =>
  `visualiser.picture.stats.threads.find(t => t.name === '${name}').acquires`;
const channel = (name) => `visualiser.picture.stats.channels.find(c => c.name === '${name}')`;
const image = "document.getElementById('slab-canvas').toDataURL()";
const audit = 'visualiser.source.pool.audit({ repair: true })';

export const laws = {
  async 'it is isolated, six real workers sit in their seats, and every slot is a cell'({ look }) {
    assert.equal(await look('crossOriginIsolated'), true);
    const threads = await look('visualiser.picture.stats.threads.map(t => [t.seat, t.name])');
    assert.deepEqual(threads, [[0, 'main'], ...THREADS.map((name, k) => [k + 1, name])]);
    assert.equal(await look('visualiser.picture.cells.length'), 96);
    const chips = await look("[...document.querySelectorAll('.chip')].map(c => c.textContent)");
    assert.deepEqual(chips, ['1', '2', '3', '4', '5', '6']);
  },

  async 'frames move: counters rise, cells and pixels change'({ look, until }) {
    const sent = await look(`[${channel('raw')}.sent, ${channel('done')}.sent]`);
    const before = await look(image);
    const cells = await look('JSON.stringify(visualiser.picture.cells.map(c => [c.kind, c.seat]))');
    await until(`${channel('raw')}.sent > ${sent[0] + 5}`);
    await until(`${channel('done')}.sent > ${sent[1] + 5}`);
    await until(`${image} !== ${JSON.stringify(before)}`);
    await until(
      `JSON.stringify(visualiser.picture.cells.map(c => [c.kind, c.seat])) !== '${cells}'`,
    );
    const shown = await look("document.querySelector('[data-tile=acquires] dd').textContent");
    assert.ok(Number(shown.replaceAll(',', '')) > 0, `the tile shows ${shown}`);
  },

  async 'a pause stops everything, and going on goes on'({ page, look, until, pause }) {
    await page.click('#pause');
    await pause(1500); // the last step, and the glow of the last change
    const [before, sum] = [await look(image), await look(acquires('camera 1'))];
    await pause(700);
    assert.equal(await look(acquires('camera 1')), sum);
    assert.equal(await look(image), before, 'a paused picture changed');
    await page.click('#pause');
    await until(`${acquires('camera 1')} > ${sum}`);
  },

  async 'a stopped camera acquires no more, and the other goes on'({ page, look, until, pause }) {
    await press(page, 'stop', 'camera 1');
    await pause(1500);
    const [one, two] = [await look(acquires('camera 1')), await look(acquires('camera 2'))];
    await until(`${acquires('camera 2')} > ${two + 3}`);
    assert.equal(await look(acquires('camera 1')), one);
    await press(page, 'stop', 'camera 1');
    await until(`${acquires('camera 1')} > ${one}`);
  },

  async 'stopped filters fill their lanes, and the cameras wait'({ page, look, until }) {
    await press(page, 'stop', 'filter 1');
    await press(page, 'stop', 'filter 2');
    const { capacity } = await look(channel('raw'));
    await until(`${channel('raw')}.depth === ${2 * capacity}`);
    await until(`visualiser.picture.counts[4] === ${2 * capacity}`); // cells in lanes
  },

  async 'a slow recorder costs dropped frames'({ page, look, until }) {
    await until(`${channel('done')}.sent > 20`);
    const dropped = await look(`${channel('done')}.dropped`);
    await page.check('#slow');
    await until(`${channel('done')}.dropped > ${dropped + 5}`);
  },

  async 'a forgotten frame stands out in the colour of a leak, and says where'(tools) {
    const { page, look, until } = tools;
    await press(page, 'leak', 'filter 1');
    await until('visualiser.picture.counts[6] > 0');
    const slot = await look('visualiser.picture.cells.find(c => c.kind === 6).slot');
    const { x, y, size } = await look(`visualiser.placeOf(${slot})`);
    const at = `${Math.round(x + size * 0.25)}, ${Math.round(y + size * 0.25)}, 1, 1`;
    const pixel = `document.getElementById('slab-canvas').getContext('2d').getImageData(${at}).data`;
    await until(`'rgb(' + [...${pixel}].slice(0, 3).join(', ') + ')' === '${OLD}'`);
    await page.hover('#slab-canvas', { position: { x: x + size / 2, y: y + size / 2 } });
    await until("document.getElementById('detail').textContent.includes('forgetAFrame')");
    const told = await look("document.getElementById('detail').textContent");
    assert.match(told, new RegExp(`^slot ${slot}, .*filter 1`));
  },

  async 'a killed worker is reclaimed, the audit is exact, and an heir takes the seat'(tools) {
    const { page, look, until } = tools;
    for (const verb of ['leak', 'leak', 'leak']) await press(page, verb, 'filter 2');
    await until("visualiser.picture.stats.threads.find(t => t.name === 'filter 2').held >= 3");
    await press(page, 'kill', 'filter 2');
    assert.ok((await look('visualiser.source.dead.size')) === 1);
    await until('visualiser.source.dead.size === 0');
    assert.ok((await look('visualiser.picture.stats.reclaimed')) >= 3);
    const news = await look("document.getElementById('news').textContent");
    assert.match(news, /What filter 2 held came back .* the audit accounts for all 96\./);
    const { ok, problems } = await look(audit);
    assert.deepEqual({ ok, problems }, { ok: true, problems: [] });
    await press(page, 'stop', 'filter 2'); // the button says "Restart"
    await until(
      "visualiser.picture.stats.threads.some(t => t.name === 'filter 2' && t.seat === 4)",
    );
  },

  async 'when all are killed in mid-work, every slot comes home'({ page, look, until }) {
    for (const name of ['screen', 'recorder', ...THREADS.slice(0, 4)]) {
      await press(page, 'kill', name);
    }
    await until('visualiser.source.dead.size === 0');
    await until('visualiser.source.pool.stats().threads.length === 1');
    // What the cameras had published stays deliverable: the page takes it out.
    const left = await look(`(() => {
      const { pool } = visualiser.source;
      const raw = pool.channel('raw');
      for (let frame = raw.tryReceive(); frame; frame = raw.tryReceive()) frame.release();
      const { ok, slots, free, cached, problems } = ${audit};
      return { ok, missing: slots - free - cached, problems };
    })()`);
    assert.deepEqual(left, { ok: true, missing: 0, problems: [] });
  },

  async '4,096 slots are drawn, and frames move'({ page, look, until }) {
    await page.selectOption('#slots', '4096');
    await page.fill('#rate', '8');
    await until('visualiser.picture.cells.length === 4096');
    await until(`${channel('done')}.sent > 200`);
    const last = await look('visualiser.placeOf(4095)');
    const { width, height } = await look(
      "(({ width, height }) => ({ width, height }))(document.getElementById('slab-canvas').getBoundingClientRect())",
    );
    assert.ok(last.x + last.size <= width && last.y + last.size <= height, 'the grid is cut off');
    assert.ok(last.size >= 2, `cells of ${last.size} pixels`);
  },

  async 'the arrow keys go from cell to cell, and every control has a name'({ page, look }) {
    await page.focus('#slab-canvas');
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowLeft']) {
      await page.keyboard.press(key);
    }
    assert.match(await look("document.getElementById('detail').textContent"), /^slot \d+/);
    const nameless = await look(`[...document.querySelectorAll('button, input, select')].filter(e =>
      !e.textContent.trim() && !e.ariaLabel && !e.labels?.length).length`);
    assert.equal(nameless, 0);
    const label = await look("document.getElementById('slab-canvas').ariaLabel");
    assert.match(label, /96 slots: \d+ free/);
  },

  async 'no window is too narrow for it'({ page, look, pause }) {
    for (const width of [360, 561, 800, 1021, 1181, 1280, 1900]) {
      await page.setViewportSize({ width, height: 800 });
      await pause(150);
      const wide = await look('document.documentElement.scrollWidth');
      assert.ok(wide <= width, `${wide} pixels in a window of ${width}`);
    }
  },

  async 'as text it is what renderSlab draws'({ page, look, until }) {
    await page.click('details.text summary');
    await until("document.getElementById('text').textContent.includes('96 slots')");
    const text = await look("document.getElementById('text').textContent");
    assert.match(text, /^ 0 [·a-zA-Z0-9>~!?+]{64}$/m);
    assert.match(text, /B camera 1 {3}C camera 2/);
  },
};

/** The law of the page that looks at another program. */
export const feedLaws = {
  async 'a Node program is drawn as well: its frames move, and nothing is there to operate'(tools) {
    const { look, until } = tools;
    await until('visualiser.picture.stats !== undefined');
    const names = await look('visualiser.picture.stats.threads.map(t => t.name)');
    assert.deepEqual(names, ['main', ...THREADS]);
    const sent = await look(`${channel('done')}.sent`);
    const before = await look(image);
    await until(`${channel('done')}.sent > ${sent + 5}`);
    await until(`${image} !== ${JSON.stringify(before)}`);
    const shown = await look(`[...document.querySelectorAll('.card button, .own')].filter(e =>
      e.checkVisibility()).length`);
    assert.equal(shown, 0);
  },
};
