/** Words beside the picture: the legend, what is known of one slot, and what happened. */
import { make } from './cards.mjs';
import { drawFrame, sharpContext } from './draw.mjs';
import { KIND } from './picture.mjs';
import { number } from './tiles.mjs';

const NEWS_MAX = 6;
const LEGEND = [
  ['free', { kind: KIND.free, seats: [0], label: '' }],
  ['in a cache', { kind: KIND.cached, seats: [1], label: '' }],
  ['held by a seat', { kind: KIND.held, seats: [3], label: '3' }],
  ['shared by two', { kind: KIND.shared, seats: [5, 6], label: '×2' }],
  ['in a lane', { kind: KIND.lane, seats: [1], label: '' }],
  ['in flight', { kind: KIND.flight, seats: [0], label: '' }],
  ['old: a leak?', { kind: KIND.old, seats: [0], label: '!' }],
  ['of the dead', { kind: KIND.dead, seats: [0], label: '' }],
];

/** Draws the legend in the colours of the ground. */
export function drawLegend(list, palette) {
  if (list.children.length === 0) {
    for (const [meaning] of LEGEND) {
      const item = make('li');
      item.append(make('canvas'), meaning);
      list.append(item);
    }
  }
  LEGEND.forEach(([, look], k) => {
    const { context } = sharpContext(list.children[k].firstChild);
    drawFrame(context, look, { x: 0, y: 0, size: 18 }, palette);
  });
}

/** Everything about one slot, in words. */
export function describeSlot(box, cell, picture) {
  if (cell === undefined) {
    box.textContent = 'Point at a cell, or move with the arrow keys, to see who has it.';
    return;
  }
  const { row, slot } = cell;
  const title = make('b', '', `slot ${slot}`);
  if (row === undefined) {
    box.replaceChildren(title, ': free');
    return;
  }
  if (row.cachedBy !== undefined) {
    const name = picture.names.get(row.cachedBy) ?? `seat ${row.cachedBy}`;
    box.replaceChildren(title, `, generation ${row.generation}: free, in the cache of ${name}`);
    return;
  }
  const parts = row.holders.map(({ name, count }) => (count > 1 ? `${name} × ${count}` : name));
  if (row.inLanes > 0) parts.push(`${row.inLanes} in lanes`);
  for (const { count } of row.messages) parts.push(`${count} in flight`);
  const age = row.ageMs === undefined ? '' : `, acquired ${(row.ageMs / 1000).toFixed(1)} s ago`;
  const sum = `, generation ${row.generation}${age}: ${parts.join(', ')}`;
  box.replaceChildren(title, sum);
  const place = placeIn(row.stack);
  if (place !== '') box.append(make('br'), make('code', '', place));
}

/** The innermost call of a stack, without the address of the page. */
function placeIn(stack = '') {
  const [first = ''] = stack.split('\n');
  return first.replace(/(https?|file):\/\/\S*\//, '');
}

/** Puts a sentence on top of the list. */
export function tell(list, sentence) {
  list.prepend(make('li', '', sentence));
  while (list.children.length > NEWS_MAX) list.lastChild.remove();
}

/** The states and their numbers, for the line above the slab and for who cannot see it. */
export function sumLine({ cells, counts }) {
  const names = [
    ['free', KIND.free],
    ['cached', KIND.cached],
    ['held', KIND.held],
    ['shared', KIND.shared],
    ['in lanes', KIND.lane],
    ['in flight', KIND.flight],
    ['old', KIND.old],
    ['of the dead', KIND.dead],
  ];
  const parts = names
    .filter(([, kind]) => (counts[kind] ?? 0) > 0)
    .map(([name, kind]) => `${number(counts[kind])} ${name}`);
  return `${number(cells.length)} slots: ${parts.join(', ')}`;
}
