/**
 * The slab: every slot a cell, on one canvas. A change glows for a moment; what is old pulses.
 *
 * Cells are painted on a canvas behind the scene, and there only those that look different from the
 * last time; what is shown is that canvas and the glow. So a still slab costs as little as a small one.
 */
import { drawFrame, sharpContext } from './draw.mjs';
import { KIND } from './picture.mjs';

const GLOW_MS = 420;
const PITCH_MAX = 54;

/** Draws cells, and finds the cell under a pointer. */
export class SlabView {
  selected = -1;
  #grid = { columns: 1, pitch: 1, left: 0, top: 0 };
  #base = document.createElement('canvas');
  #painted = { key: '', palette: undefined, version: -1, looks: [] };

  constructor(canvas) {
    this.canvas = canvas;
  }

  draw(picture, palette, nowMs, calm) {
    const { context, width, height } = sharpContext(this.canvas);
    const count = picture.cells.length;
    if (count === 0 || width === 0) return;
    this.#paint(picture, palette, width, height);
    context.drawImage(this.#base, 0, 0, width, height);
    if (!calm) {
      for (const cell of picture.cells) this.#glow(context, cell, palette, nowMs);
    }
    if (this.selected >= 0 && this.selected < count) {
      ring(context, this.placeOf(this.selected), palette.ink, 2, 1, 1.5);
    }
  }

  /** Brings the canvas behind the scene up to date. */
  #paint({ cells, version }, palette, width, height) {
    const painted = this.#painted;
    const key = `${cells.length} ${this.canvas.width} ${this.canvas.height} ${width}`;
    if (key !== painted.key || palette !== painted.palette) {
      this.#grid = gridFor(cells.length, width, height);
      // Setting a size clears the canvas, the same size too.
      Object.assign(this.#base, { width: this.canvas.width, height: this.canvas.height });
      Object.assign(painted, { key, palette, version: -1, looks: [] });
    }
    if (version === painted.version) return;
    painted.version = version;
    const context = this.#base.getContext('2d');
    const scale = this.canvas.width / width;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    for (const cell of cells) {
      const look = lookOf(cell);
      const written = `${look.kind} ${look.seats} ${look.label}`;
      if (written === painted.looks[cell.slot]) continue;
      painted.looks[cell.slot] = written;
      const place = this.placeOf(cell.slot);
      context.clearRect(place.x - 0.5, place.y - 0.5, place.size + 1, place.size + 1);
      drawFrame(context, look, place, palette);
    }
  }

  #glow(context, cell, palette, nowMs) {
    const left = 1 - (nowMs - cell.changedMs) / GLOW_MS;
    if (left <= 0 && cell.kind !== KIND.old) return;
    const place = this.placeOf(cell.slot);
    if (cell.kind === KIND.old) {
      const wave = 0.5 + 0.5 * Math.sin(nowMs / 260);
      ring(context, place, palette.old, 1.5, 0.25 + 0.6 * wave, 1 + 1.5 * wave);
      return;
    }
    if (place.size < 6) return;
    const small = place.size < 14 ? 0.4 : 1; // many small cells together would flicker
    ring(context, place, palette.ink, 1, 0.55 * small * left * left, 2.5 * small * (1 - left));
  }

  /** Where a slot's cell is. */
  placeOf(slot) {
    const { columns, pitch, left, top } = this.#grid;
    const gap = pitch > 10 ? Math.max(2, pitch * 0.12) : pitch > 4 ? 1 : 0;
    const x = left + (slot % columns) * pitch;
    const y = top + Math.floor(slot / columns) * pitch;
    return { x, y, size: pitch - gap };
  }

  /** The slot under a point of the canvas, or −1. */
  slotAt(x, y, count) {
    const { columns, pitch, left, top } = this.#grid;
    const column = Math.floor((x - left) / pitch);
    const slot = Math.floor((y - top) / pitch) * columns + column;
    return column >= 0 && column < columns && slot >= 0 && slot < count ? slot : -1;
  }

  get columns() {
    return this.#grid.columns;
  }
}

/** How a cell looks: its state, whose it is, and what is written on it. */
export function lookOf({ kind, seat, row, sender }) {
  if (kind === KIND.shared) {
    return { kind, seats: row.holders.map((holder) => holder.seat), label: `×${row.references}` };
  }
  if (kind === KIND.lane) return { kind, seats: [sender], label: '' };
  return { kind, seats: [seat], label: kind === KIND.old ? '!' : `${seat}` };
}

/** The grid with the largest cells that shows so many of them in the box. */
function gridFor(count, width, height) {
  let best = { pitch: 0, columns: 1 };
  for (let columns = 1; columns <= count; columns++) {
    const pitch = Math.min(width / columns, height / Math.ceil(count / columns), PITCH_MAX);
    // Multiples of eight are easier to count in, and worth a slightly smaller cell.
    const worth = pitch * (columns % 8 === 0 ? 1.12 : 1);
    if (worth > best.worth || best.pitch === 0) best = { pitch, columns, worth };
  }
  const { columns } = best;
  const pitch = best.pitch > 3 ? Math.floor(best.pitch * 2) / 2 : best.pitch;
  return { columns, pitch, left: Math.max(0, (width - columns * pitch) / 2), top: 2 };
}

function ring(context, { x, y, size }, color, width, alpha, reach) {
  context.beginPath();
  context.roundRect(x - reach, y - reach, size + 2 * reach, size + 2 * reach, 4);
  context.globalAlpha = Math.max(0, alpha);
  Object.assign(context, { strokeStyle: color, lineWidth: width });
  context.stroke();
  context.globalAlpha = 1;
}
