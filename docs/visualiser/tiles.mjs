/** The counters above the picture. */
import { make } from './cards.mjs';

const POINTS = 90;
const POINT_EVERY_MS = 160;
const SVG = 'http://www.w3.org/2000/svg';

const TILES = [
  ['frames', 'frames / s', ({ rates }) => [rates.frames.toFixed(rates.frames < 20 ? 1 : 0)]],
  ['acquires', 'acquires', ({ stats }) => [number(stats.acquires)]],
  [
    'hits',
    'cache hits / misses',
    ({ stats: { hits, misses, hitRatePercent } }) => [
      `${hitRatePercent.toFixed(1)} %`,
      `${short(hits)} / ${short(misses)}`,
    ],
  ],
  ['waits', 'waits', ({ stats }) => [number(stats.waits), `${stats.waiters} now`]],
  [
    'dropped',
    'dropped',
    ({ stats }) => [number(stats.channels.reduce((sum, { dropped }) => sum + dropped, 0))],
  ],
  ['reclaimed', 'reclaimed', ({ stats }) => [number(stats.reclaimed)]],
  ['use', 'in use', ({ stats }) => [number(stats.framesInUse), `of ${number(stats.slots)} slots`]],
];

/** The tiles, and the line of the rate. */
export class Tiles {
  #points = [];
  #pointMs = 0;
  #line = document.createElementNS(SVG, 'polyline');
  #bar = make('i');

  constructor(list) {
    this.list = list;
    for (const [name, title] of TILES) {
      const tile = make('div', 'tile');
      tile.dataset.tile = name;
      tile.append(make('dt', '', title), make('dd'));
      list.append(tile);
    }
    const chart = document.createElementNS(SVG, 'svg');
    chart.setAttribute('viewBox', `0 0 ${POINTS - 1} 100`);
    chart.setAttribute('preserveAspectRatio', 'none');
    chart.setAttribute('aria-hidden', 'true');
    chart.append(this.#line);
    list.querySelector('[data-tile="frames"]').append(chart);
    const bar = make('div', 'bar');
    bar.append(this.#bar);
    list.querySelector('[data-tile="use"]').append(bar);
  }

  update(picture, nowMs) {
    for (const [name, , read] of TILES) {
      const [figure, more = ''] = read(picture);
      const place = this.list.querySelector(`[data-tile="${name}"] dd`);
      const text = `${figure}|${more}`;
      if (place.dataset.text === text) continue;
      place.dataset.text = text;
      place.replaceChildren(figure, make('small', '', more));
    }
    const { framesInUse, slots, waiters } = picture.stats;
    this.#bar.style.width = `${(100 * framesInUse) / slots}%`;
    this.list.querySelector('[data-tile="waits"]').classList.toggle('alert', waiters > 0);
    if (nowMs - this.#pointMs < POINT_EVERY_MS) return;
    this.#pointMs = nowMs;
    this.#points.push(picture.rates.frames);
    if (this.#points.length > POINTS) this.#points.shift();
    const top = Math.max(1, ...this.#points) * 1.15;
    const from = POINTS - this.#points.length;
    const points = this.#points.map((rate, k) => `${from + k},${98 - (96 * rate) / top}`);
    this.#line.setAttribute('points', points.join(' '));
  }
}

/** A number with its thousands apart. */
export function number(value) {
  return value.toLocaleString('en');
}

function short(value) {
  if (value < 10_000) return number(value);
  return value < 1e6 ? `${(value / 1e3).toFixed(0)} k` : `${(value / 1e6).toFixed(1)} M`;
}
