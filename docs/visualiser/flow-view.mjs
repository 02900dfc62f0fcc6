/**
 * The way of the frames: what each thread holds, the lanes between them, and every reference as a
 * small token that glides from place to place. One canvas lies over the cards of the page.
 *
 * A token stands for one reference, not for bytes: those stay in their slot.
 */
import { drawFrame, sharpContext } from './draw.mjs';
import { KIND } from './picture.mjs';

const TOKEN_MAX = 24;
const GLIDE_MS = 95;
const FADE_MS = 240;
const TOKENS_MAX = 3000;

/** Draws what lies between the cards. */
export class FlowView {
  #tokens = new Map();
  #anchors = { seats: new Map(), tracks: new Map(), wires: [], stacked: false };

  constructor(canvas) {
    this.canvas = canvas;
  }

  /** Finds again where cards and lanes are; called when the page was laid out anew. */
  measure(section, picture) {
    const origin = this.canvas.getBoundingClientRect();
    const rectOf = (element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return { x: left - origin.left, y: top - origin.top, width, height };
    };
    const seats = new Map();
    const cards = new Map();
    for (const card of section.querySelectorAll('.card')) {
      const seat = Number(card.dataset.seat);
      if (seat >= 0) seats.set(seat, rectOf(card.querySelector('.held')));
      cards.set(card.dataset.name, rectOf(card));
    }
    const tracks = new Map();
    const wires = [];
    const stacked = getComputedStyle(section).gridTemplateColumns.split(' ').length === 1;
    for (const lane of section.querySelectorAll('.lane')) {
      const { channel } = lane.dataset;
      const { mode, capacity } = picture.stats.channels.find(({ name }) => name === channel) ?? {};
      const { from = [''], to = [''] } = picture.topology[channel] ?? {};
      const room = rectOf(lane.querySelector('.tracks'));
      for (const { key, senders, receivers, ...at } of lanesOf(mode, from, to)) {
        const rect = trackRect(room, at, stacked);
        tracks.set(`${channel} ${key}`, { ...rect, capacity });
        for (const name of senders) wires.push([cards.get(name), rect]);
        for (const name of receivers) wires.push([rect, cards.get(name)]);
      }
    }
    this.#anchors = { seats, tracks, stacked, wires: wires.filter(([a, b]) => a && b) };
  }

  /** Takes over where every reference is now; tokens set out for there. */
  update(picture, nowMs) {
    const groups = new Map();
    for (const [slot, places] of picture.places) {
      const cell = picture.cells[slot];
      const wanted = places.slice(0, 8);
      const tokens = this.#match(slot, cell.row.generation, wanted, nowMs);
      tokens.forEach((token, k) => {
        const place = wanted[k];
        token.look = lookOf(cell, place);
        const order = place.channel === undefined ? token.arrivedMs : cell.laneSinceMs;
        if (!groups.has(place.key)) groups.set(place.key, { place, members: [] });
        groups.get(place.key).members.push({ token, order });
      });
    }
    for (const [slot, tokens] of this.#tokens) {
      if (picture.places.has(slot)) continue;
      for (const token of tokens) token.leftMs ??= nowMs;
    }
    for (const { place, members } of groups.values()) this.#arrange(place, members);
  }

  /** A token per place of this slot: those that are there stay, others come from where it was. */
  #match(slot, generation, places, nowMs) {
    const known = this.#tokens.get(slot) ?? [];
    const own = known.filter((token) => token.generation === generation && !token.leftMs);
    const spare = new Set(own);
    const found = places.map(({ key }) => {
      const token = own.find((candidate) => candidate.key === key && spare.has(candidate));
      spare.delete(token);
      return token;
    });
    places.forEach(({ key }, k) => {
      if (found[k] !== undefined) return;
      const [moved] = spare;
      spare.delete(moved);
      const source = moved ?? own[0];
      const token = moved ?? { slot, generation, x: source?.x, y: source?.y, size: source?.size };
      found[k] = Object.assign(token, {
        key,
        arrivedMs: nowMs,
        leftMs: undefined,
        index: undefined,
      });
    });
    for (const token of known) if (!found.includes(token)) token.leftMs ??= nowMs;
    this.#tokens.set(slot, [...found, ...known.filter((token) => !found.includes(token))]);
    return found;
  }

  /** Gives the tokens of one place their positions: a lane moves up, a card keeps places. */
  #arrange(place, members) {
    members.sort((a, b) => a.order - b.order);
    const track = this.#anchors.tracks.get(place.key);
    const box = this.#anchors.seats.get(place.seat);
    if (box !== undefined) keepPlaces(members.map(({ token }) => token));
    const most = 1 + members.reduce((last, { token }) => Math.max(last, token.index ?? 0), 0);
    members.forEach(({ token }, k) => {
      if (track !== undefined) token.to = inTrack(track, k);
      else token.to = box === undefined ? undefined : inBox(box, token.index, most);
    });
  }

  /** `marked`: the slot whose references are pointed out. */
  draw(palette, nowMs, { passedMs, calm, marked }) {
    const { context } = sharpContext(this.canvas);
    const { wires, stacked } = this.#anchors;
    context.beginPath();
    for (const [from, to] of wires) wire(context, from, to, stacked);
    Object.assign(context, { strokeStyle: palette.wire, lineWidth: 1.2 });
    context.stroke();
    for (const track of this.#anchors.tracks.values()) trough(context, track, palette);
    let drawn = 0;
    const share = calm ? 1 : 1 - Math.exp(-passedMs / GLIDE_MS);
    for (const [slot, tokens] of this.#tokens) {
      const left = tokens.filter(({ leftMs }) => leftMs === undefined || nowMs - leftMs < FADE_MS);
      if (left.length === 0) this.#tokens.delete(slot);
      else if (left.length < tokens.length) this.#tokens.set(slot, left);
      for (const token of left) {
        if (token.to === undefined || drawn++ > TOKENS_MAX) continue;
        glide(token, share);
        drawToken(context, token, palette, nowMs);
        if (slot === marked) mark(context, token, palette.ink);
      }
    }
    context.globalAlpha = 1;
  }
}

/** Who is new in a card takes the first place that is free in it. */
function keepPlaces(tokens) {
  const taken = new Set(tokens.map(({ index }) => index));
  let free = 0;
  for (const token of tokens) {
    if (token.index !== undefined) continue;
    while (taken.has(free)) free += 1;
    token.index = free;
    taken.add(free);
  }
}

function lookOf({ kind, slot }, place) {
  if (place.channel !== undefined) {
    return { kind: KIND.lane, seats: [place.sender], label: `${slot}` };
  }
  const own = place.dead ? KIND.dead : kind === KIND.old ? KIND.old : KIND.held;
  return { kind: own, seats: [place.seat], label: `${slot}` };
}

function glide(token, share) {
  const { x, y, size } = token.to;
  if (token.x === undefined) Object.assign(token, { x: x + size / 2, y: y + size / 2, size: 0 });
  // A token is kept by its middle, so that it grows and shrinks in place.
  token.x += (x + size / 2 - token.x) * share;
  token.y += (y + size / 2 - token.y) * share;
  token.size += (size - token.size) * share;
}

function drawToken(context, { x, y, size, look, leftMs }, palette, nowMs) {
  const gone = leftMs === undefined ? 0 : (nowMs - leftMs) / FADE_MS;
  const shown = size * (1 - 0.5 * gone);
  context.globalAlpha = Math.max(0, 1 - gone);
  const place = { x: x - shown / 2, y: y - shown / 2, size: shown };
  drawFrame(context, shown < 15 ? { ...look, label: '' } : look, place, palette);
}

function mark(context, { x, y, size }, color) {
  const reach = size / 2 + 2;
  context.globalAlpha = 1;
  context.beginPath();
  context.roundRect(x - reach, y - reach, 2 * reach, 2 * reach, 5);
  Object.assign(context, { strokeStyle: color, lineWidth: 2 });
  context.stroke();
}

/** The lanes of a channel: one per producer, and on a broadcast one per producer and subscriber. */
function lanesOf(mode, from, to) {
  if (mode === 'queue') {
    const count = from.length;
    return from.map((name, k) => {
      return { key: `${k}`, senders: [name], receivers: to, k, count, row: 0, rows: 1 };
    });
  }
  const [count, rows] = [to.length, from.length];
  return to.flatMap((receiver, k) =>
    from.map((sender, row) => {
      return { key: `${k}.${row}`, senders: [sender], receivers: [receiver], k, count, row, rows };
    }),
  );
}

/** Where a lane is drawn: beside the card of its producer, or of its subscriber. */
function trackRect({ x, y, width, height }, { k, count, row, rows }, stacked) {
  const high = Math.max(6, Math.min(rows > 1 ? 27 : 34, height / (stacked ? 1 : count) / rows - 5));
  if (stacked) {
    const wide = width / count;
    return { x: x + k * wide + 4, y: y + row * (high + 5), width: wide - 8, height: high };
  }
  const middle = y + (height * (k + 0.5)) / count + (row - (rows - 1) / 2) * (high + 5);
  return { x, y: middle - high / 2, width, height: high };
}

/** The k-th place from the consumer's end of a track. */
function inTrack({ x, y, width, height, capacity }, k) {
  const pitch = Math.min(height - 4, (width - 8) / Math.max(1, capacity));
  const size = Math.min(TOKEN_MAX, pitch > 4 ? pitch - 2 : pitch);
  const from = x + width - 4 - (k + 1) * pitch;
  return { x: Math.max(x + 2, from), y: y + (height - size) / 2, size };
}

/** The k-th of so many places in a card. */
function inBox({ x, y, width, height }, k, count) {
  let pitch = Math.min(TOKEN_MAX + 3, height);
  while (pitch > 3 && Math.floor(width / pitch) * Math.floor(height / pitch) < count) pitch -= 0.5;
  const columns = Math.max(1, Math.floor(width / pitch));
  const size = pitch > 6 ? pitch - 3 : pitch - 0.5;
  return { x: x + (k % columns) * pitch, y: y + Math.floor(k / columns) * pitch, size };
}

function trough(context, { x, y, width, height, capacity }, palette) {
  context.beginPath();
  context.roundRect(x, y, width, height, Math.min(8, height / 2));
  context.fillStyle = palette.track;
  context.fill();
  Object.assign(context, { strokeStyle: palette.wire, lineWidth: 1 });
  context.stroke();
  const pitch = Math.min(height - 4, (width - 8) / Math.max(1, capacity));
  if (pitch < 9) return;
  context.fillStyle = palette.wire;
  for (let k = 0; k < capacity; k++) {
    const { x: at, y: top, size } = inTrack({ x, y, width, height, capacity }, k);
    context.beginPath();
    context.arc(at + size / 2, top + size / 2, 1.3, 0, 2 * Math.PI);
    context.fill();
  }
}

/** Adds a line from one box to the next, which is to its right, or below it. */
function wire(context, from, to, stacked) {
  if (stacked) {
    const [x1, y1] = [from.x + from.width / 2, from.y + from.height];
    const [x2, y2] = [to.x + to.width / 2, to.y];
    const bend = (y2 - y1) / 2;
    context.moveTo(x1, y1);
    context.bezierCurveTo(x1, y1 + bend, x2, y2 - bend, x2, y2);
    return;
  }
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [to.x, to.y + to.height / 2];
  const bend = (x2 - x1) / 2;
  context.moveTo(x1, y1);
  context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
}
