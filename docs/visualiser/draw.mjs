/** What both canvases share: a canvas as sharp as the screen, and the look of one frame. */
import { KIND } from './picture.mjs';

/** Makes the canvas as large as its box; answers its context in CSS pixels, cleared. */
export function sharpContext(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = Math.min(3, globalThis.devicePixelRatio || 1);
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide || canvas.height !== high)
    Object.assign(canvas, { width: wide, height: high });
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** Draws one frame at a place: of a cell in the slab, or of a reference on its way. */
export function drawFrame(context, look, { x, y, size }, palette) {
  const { kind, seats, label } = look;
  const round = size > 7 ? Math.min(4, size * 0.2) : 0;
  const color = palette.seat(seats[0] ?? 0);
  box(context, x, y, size, round);
  if (kind === KIND.free) {
    fill(context, palette.free);
    if (size > 9) stroke(context, x, y, size, round, palette.freeEdge, 1);
    return;
  }
  if (kind === KIND.cached) {
    fill(context, palette.free);
    dot(context, x + size / 2, y + size / 2, Math.max(0.8, size * 0.17), color);
    if (size > 9) stroke(context, x, y, size, round, color, 1, 0.5);
    return;
  }
  if (kind === KIND.lane) {
    fill(context, palette.free);
    fill(context, color, 0.34);
    if (size >= 15 && label !== '') text(context, x, y, size, label, color);
    else if (size > 7) chevron(context, x, y, size, color);
    return;
  }
  if (kind === KIND.flight) {
    fill(context, palette.free);
    diamond(context, x, y, size, palette.flight);
    return;
  }
  if (kind === KIND.dead) {
    fill(context, palette.free);
    hatch(context, x, y, size, palette.dead);
    stroke(context, x, y, size, round, palette.dead, 1);
    return;
  }
  if (kind === KIND.old) forgotten(context, { x, y, size, round }, color, palette);
  else if (seats.length > 1) stripes(context, { x, y, size, round }, seats, palette);
  else fill(context, color);
  if (size >= 13 && label !== '')
    text(context, x, y, size, label, kind === KIND.old ? palette.onOld : palette.onSeat);
}

function box(context, x, y, size, round) {
  context.beginPath();
  if (round > 0) context.roundRect(x, y, size, size, round);
  else context.rect(x, y, size, size);
}

function fill(context, color, alpha = 1) {
  const before = context.globalAlpha;
  context.globalAlpha = before * alpha;
  context.fillStyle = color;
  context.fill();
  context.globalAlpha = before;
}

/** A line just inside the box. */
function stroke(context, x, y, size, round, color, width, alpha = 1) {
  const before = context.globalAlpha;
  context.globalAlpha = before * alpha;
  context.beginPath();
  context.roundRect(
    x + width / 2,
    y + width / 2,
    size - width,
    size - width,
    Math.max(0, round - 0.5),
  );
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
  context.globalAlpha = before;
}

function dot(context, x, y, radius, color) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  fill(context, color);
}

function chevron(context, x, y, size, color) {
  context.beginPath();
  context.moveTo(x + size * 0.4, y + size * 0.3);
  context.lineTo(x + size * 0.6, y + size * 0.5);
  context.lineTo(x + size * 0.4, y + size * 0.7);
  Object.assign(context, { strokeStyle: color, lineWidth: Math.max(1.2, size * 0.09) });
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.stroke();
}

function diamond(context, x, y, size, color) {
  const [middle, reach] = [size / 2, size * 0.28];
  context.beginPath();
  context.moveTo(x + middle, y + middle - reach);
  context.lineTo(x + middle + reach, y + middle);
  context.lineTo(x + middle, y + middle + reach);
  context.lineTo(x + middle - reach, y + middle);
  context.closePath();
  fill(context, color);
}

function hatch(context, x, y, size, color) {
  context.save();
  context.clip();
  context.beginPath();
  for (let at = -size; at < size; at += Math.max(3, size / 4)) {
    context.moveTo(x + at, y + size);
    context.lineTo(x + at + size, y);
  }
  Object.assign(context, { strokeStyle: color, lineWidth: 1.2 });
  context.stroke();
  context.restore();
}

/** The colour of alarm, above a foot in the colour of whoever holds it. */
function forgotten(context, { x, y, size, round }, color, palette) {
  fill(context, palette.old);
  if (size < 10) return;
  context.save();
  box(context, x, y, size, round);
  context.clip();
  context.fillStyle = color;
  context.fillRect(x, y + size * 0.84, size, size);
  context.restore();
}

/** One stripe per holder. */
function stripes(context, { x, y, size, round }, seats, palette) {
  context.save();
  box(context, x, y, size, round);
  context.clip();
  const width = size / seats.length;
  seats.forEach((seat, k) => {
    context.fillStyle = palette.seat(seat);
    context.fillRect(x + k * width, y, width + 0.5, size);
  });
  context.restore();
}

function text(context, x, y, size, label, color) {
  context.fillStyle = color;
  context.font = `600 ${Math.min(13, Math.round(size * 0.52))}px ui-sans-serif, system-ui, sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(label, x + size / 2, y + size / 2 + 0.5);
}
