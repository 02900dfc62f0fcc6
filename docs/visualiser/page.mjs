/**
 * The page: looks at a pool again and again, and draws what it saw. The pool is its own, with six
 * real workers, or that of another program (`?feed=/events`).
 */
import { renderSlab } from '../../dist/index.js';
import { buildFlow, updateFlow } from './cards.mjs';
import { Crew } from './crew.mjs';
import { describeSlot, drawLegend, sumLine, tell } from './detail.mjs';
import { Feed } from './feed.mjs';
import { FlowView } from './flow-view.mjs';
import { paletteOf } from './palette.mjs';
import { OLD_MS, Picture } from './picture.mjs';
import { CREW } from './roles.mjs';
import { SlabView } from './slab-view.mjs';
import { Tiles } from './tiles.mjs';

const RATES = [1, 2, 4, 8, 16, 32, 64, 125, 250, 500, 1000];
const TEXT_EVERY_MS = 500;
/** Looking takes at most this share of the page's time. */
const LOOK_SHARE = 0.25;
const LOOK_EVERY_MS = 15;

const by = (id) => document.getElementById(id);
const feedUrl = new URLSearchParams(location.search).get('feed');
const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
const tiles = new Tiles(by('tiles'));
const slabView = new SlabView(by('slab-canvas'));
const flowView = new FlowView(by('flow-canvas'));
const news = (sentence) => tell(by('news'), sentence);

let source;
let picture = new Picture();
let palette;
let shape = '';
let lookMs = 0;
let textMs = 0;
let drawnMs = 0;
let frozen = false;

// ---------------------------------------------------------------------------------------------
// Looking and drawing

function turn(nowMs) {
  requestAnimationFrame(turn);
  if (source === undefined) return;
  if (!frozen && nowMs >= lookMs) {
    const begun = performance.now();
    const look = source.look();
    if (look !== undefined) take(look, nowMs);
    lookMs = nowMs + Math.max(LOOK_EVERY_MS, (performance.now() - begun) / LOOK_SHARE);
  }
  if (picture.stats === undefined) return;
  slabView.draw(picture, palette, nowMs, calm);
  const passedMs = Math.min(100, nowMs - drawnMs);
  flowView.draw(palette, nowMs, { passedMs, calm, marked: slabView.selected });
  drawnMs = nowMs;
}

function take(look, nowMs) {
  picture.update({ ...look, topology: source.topology }, nowMs, source.dead);
  const { channels, threads, slots } = picture.stats;
  const chained = Object.keys(source.topology).length > 0;
  const now = JSON.stringify([channels.map(({ name }) => name), chained || threads, slots]);
  if (now !== shape) buildFlow(by('flow'), picture, act);
  const moved = updateFlow(by('flow'), picture, palette, fate);
  if (now !== shape || moved) flowView.measure(by('flow'), picture);
  shape = now;
  flowView.update(picture, nowMs);
  tiles.update(picture, nowMs);
  describeSlot(by('detail'), picture.cells[slabView.selected], picture);
  const sum = sumLine(picture);
  by('slab-sum').textContent = sum;
  if (nowMs - textMs < TEXT_EVERY_MS) return;
  textMs = nowMs;
  by('slab-canvas').setAttribute('aria-label', `Every slot a cell. ${sum}`);
  if (!document.querySelector('details.text').open) return;
  const { slots: rows, stats } = look;
  by('text').textContent = renderSlab(rows, { stats, columns: 110, oldMs: OLD_MS });
}

function fate(name) {
  const thread = CREW.findIndex((one) => one.name === name);
  if (!(source instanceof Crew) || thread < 0) return { alive: true, running: true };
  const waiting = [...source.dead.values()].some((death) => death.name === name);
  const [alive, young] = [source.alive(thread), source.young(thread)];
  return { alive, young, waiting, running: source.control.running(thread) };
}

// ---------------------------------------------------------------------------------------------
// Controls

function act(verb, name) {
  const thread = CREW.findIndex((one) => one.name === name);
  const { control } = source;
  if (verb === 'kill') source.kill(thread);
  if (verb === 'leak') {
    control.askForLeak(thread);
    news(`${name} forgets a frame; in ${OLD_MS / 1000} s it stands out.`);
  }
  if (verb !== 'stop') return;
  if (!source.alive(thread)) source.restart(thread)?.catch((fault) => news(fault.message));
  else control.setRunning(thread, !control.running(thread));
}

function applyRate() {
  const rate = RATES[Number(by('rate').value)];
  by('rate-shown').textContent = `${rate} frames/s`;
  by('rate').setAttribute('aria-valuetext', `${rate} frames per second and camera`);
  if (source instanceof Crew) source.control.rate = rate;
}

function applySlow() {
  if (source instanceof Crew) source.control.slow = by('slow').checked;
}

function applyPause() {
  const paused = by('pause').getAttribute('aria-pressed') === 'true';
  by('pause').textContent = paused ? 'Go on' : 'Pause';
  if (source instanceof Crew) source.control.paused = paused;
  else frozen = paused;
}

function applyGround(ground) {
  document.documentElement.dataset.ground = ground;
  palette = paletteOf(ground);
  by('ground').textContent = ground === 'dark' ? '☀' : '☾';
  drawLegend(by('legend'), palette);
  if (picture.stats !== undefined) updateFlow(by('flow'), picture, palette, fate);
}

/** Starts anew with so many slots. */
async function open(slots) {
  source?.close();
  source = undefined;
  picture = new Picture();
  shape = '';
  slabView.selected = -1;
  if (feedUrl !== null) {
    source = new Feed(feedUrl, news);
    return;
  }
  const crew = new Crew(slots, news);
  source = crew;
  applyRate();
  applySlow();
  applyPause();
  await crew.start();
}

const select = (slot) => {
  slabView.selected = slot;
  describeSlot(by('detail'), picture.cells[slot], picture);
};

by('rate').addEventListener('input', applyRate);
by('slow').addEventListener('change', applySlow);
by('slots').addEventListener('change', () => openOrTell(Number(by('slots').value)));
by('pause').addEventListener('click', () => {
  const paused = by('pause').getAttribute('aria-pressed') === 'true';
  by('pause').setAttribute('aria-pressed', String(!paused));
  applyPause();
});
by('ground').addEventListener('click', () => {
  applyGround(document.documentElement.dataset.ground === 'dark' ? 'light' : 'dark');
});
by('slab-canvas').addEventListener('pointermove', ({ offsetX, offsetY }) => {
  select(slabView.slotAt(offsetX, offsetY, picture.cells.length));
});
by('slab-canvas').addEventListener('pointerleave', () => select(-1));
by('slab-canvas').addEventListener('keydown', (event) => {
  const { columns } = slabView;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const last = picture.cells.length - 1;
  select(Math.min(last, Math.max(0, slabView.selected + step)));
});
new ResizeObserver(() => {
  if (picture.stats !== undefined) flowView.measure(by('flow'), picture);
}).observe(by('flow'));

async function openOrTell(slots) {
  try {
    await open(slots);
  } catch (fault) {
    news(String(fault.message ?? fault));
  }
}

applyGround(matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark');
by('note').textContent =
  'A token is a reference on its way; the bytes stay in their slot. The page looks up to sixty ' +
  'times a second, and draws as one glide what happened between two looks.';
if (feedUrl !== null) {
  document.body.classList.add('fed');
  by('source').textContent = 'the slab of another program, live';
}
if (!globalThis.crossOriginIsolated && feedUrl === null) {
  news('This page is not cross-origin isolated: open it with node docs/visualiser/serve.mjs');
} else {
  await openOrTell(Number(by('slots').value));
}
requestAnimationFrame(turn);

/** For whoever drives the page from outside: the tests, the screenshots, a curious console. */
globalThis.visualiser = {
  get source() {
    return source;
  },
  get picture() {
    return picture;
  },
  /** Looks no more: what was seen last stands still. */
  freeze() {
    frozen = true;
  },
  /** The same look as text. */
  text: (columns) => {
    const { stats } = picture;
    const rows = picture.cells.flatMap(({ row }) => row ?? []);
    return renderSlab(rows, { stats, columns, oldMs: OLD_MS });
  },
  /** Where a slot's cell is in its canvas, in CSS pixels. */
  placeOf: (slot) => slabView.placeOf(slot),
};
