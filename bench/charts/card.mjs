/**
 * The sheet that every chart is drawn on: title, legend, panels one below the other, and a caption
 * that says where the numbers come from. It brings its own ground and follows the reader's colour
 * scheme, so it can be read whatever page it is shown on.
 *
 * Families are told apart by shape as well as by colour (Okabe and Ito's palette), and every row
 * has its name beside it.
 */
import { wasBusy } from '../lib/machine.mjs';

export const WIDTH = 960;
const MARGIN = 28;
const FONT = 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif';

/** What stands for whom: colour variable and symbol. */
export const FAMILIES = {
  ours: { colour: 'var(--ours)', symbol: 'circle', label: 'frameslab' },
  shared: { colour: 'var(--shared)', symbol: 'square', label: 'other pools and rings' },
  messages: { colour: 'var(--messages)', symbol: 'triangle', label: 'postMessage' },
  fresh: { colour: 'var(--fresh)', symbol: 'diamond', label: 'new memory each time' },
  bare: { colour: 'var(--soft)', symbol: 'cross', label: 'bare Atomics' },
};

export function familyOf(name) {
  if (name.startsWith('frameslab')) return 'ours';
  if (/new SharedArrayBuffer|allocUnsafe/.test(name)) return 'fresh';
  if (name.startsWith('postMessage')) return 'messages';
  return /^(yardstick|empty loop|Atomics)/.test(name) ? 'bare' : 'shared';
}

const STYLE = `
  svg { --ground: #ffffff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --edge: #d1d9e0;
        --ours: #0072b2; --shared: #00805d; --messages: #c04f00; --fresh: #a3487f; --alarm: #b3261e; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #30363d; --edge: #3d444d;
          --ours: #56b4e9; --shared: #2fc79a; --messages: #f0883e; --fresh: #e09bc5;
          --alarm: #ff8a80; }
  }
  text { font-family: ${FONT}; }
`;

/**
 * `panels` are `{ title, svg, height }`, an svg of Plot each; `legend` a list of families and of
 * `{ mark, label }`. Answers the text of an SVG file.
 */
export function card({ title, subtitle, legend, panels, machine, description }) {
  const parts = [];
  let y = 40;
  parts.push(text(MARGIN, y, title, 20, 'var(--ink)', 'font-weight="650"'));
  for (const line of [subtitle].flat()) {
    y += 22;
    parts.push(text(MARGIN, y, line, 13, 'var(--soft)'));
  }
  y += 30;
  parts.push(legendRow(legend, y));
  y += 12;
  for (const { title: name, svg, height } of panels) {
    y += 26;
    if (name !== undefined) {
      parts.push(text(MARGIN, y, name, 13.5, 'var(--ink)', 'font-weight="600"'));
      y += 6;
    }
    parts.push(nested(svg, y));
    y += height;
  }
  y += 14;
  for (const line of captionOf(machine)) {
    y += 16;
    parts.push(text(MARGIN, y, line.text, 11, line.alarm ? 'var(--alarm)' : 'var(--soft)'));
  }
  const height = y + 20;
  const size = `viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`;
  const ground = `width="${WIDTH - 1}" height="${height - 1}" rx="10" fill="var(--ground)"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<desc>${escaped(description)}</desc>
<style>${STYLE}</style>
<rect x="0.5" y="0.5" ${ground} stroke="var(--edge)"/>
${parts.join('\n')}
</svg>
`;
}

function captionOf(machine) {
  const commit = machine.commit === undefined ? '' : ` (${machine.commit})`;
  const lines = [
    { text: `${machine.library}${commit} · ${machine.runtime} · ${machine.date}` },
    { text: `${machine.machine} · ${machine.system} · ${machine.command}` },
  ];
  const doubts = [];
  if (wasBusy(machine)) {
    const share = Math.round(machine.busyShare * 100);
    doubts.push(`other programs took ${share} % of the machine`);
  }
  if (machine.quick) doubts.push('a smoke test, not a measurement');
  if (doubts.length > 0)
    lines.push({ text: `Not for quoting: ${doubts.join('; ')}.`, alarm: true });
  return lines;
}

function legendRow(legend, y) {
  let x = MARGIN;
  const parts = [];
  for (const item of legend) {
    const { colour, symbol, label } = FAMILIES[item] ?? item;
    parts.push(`<g transform="translate(${x + 5},${y - 4})">${symbolOf(symbol, colour)}</g>`);
    parts.push(text(x + 16, y, label, 12, 'var(--ink)'));
    x += 38 + label.length * 6.9;
  }
  return parts.join('\n');
}

/** The marks of the legend, as Plot draws them. */
function symbolOf(symbol, colour) {
  const solid = `fill="${colour}"`;
  const hollow = `fill="none" stroke="${colour}" stroke-width="1.5"`;
  const shapes = {
    circle: `<circle r="4.5" ${solid}/>`,
    hollow: `<circle r="4" ${hollow}/>`,
    square: `<rect x="-4" y="-4" width="8" height="8" ${solid}/>`,
    triangle: `<path d="M0,-5.6L4.9,2.8L-4.9,2.8Z" ${solid}/>`,
    diamond: `<path d="M0,-6L3.6,0L0,6L-3.6,0Z" ${solid}/>`,
    cross: `<path d="M-4.5,0H4.5M0,-4.5V4.5" stroke="${colour}" stroke-width="2.4"/>`,
    tick: `<path d="M0,-7V7" stroke="${colour}" stroke-width="2"/>`,
    dashes: `<path d="M0,-8V8" stroke="${colour}" stroke-dasharray="3 2"/>`,
    line: `<path d="M-6,0H6" stroke="${colour}" stroke-width="2.5" stroke-opacity="0.45"/>`,
  };
  return shapes[symbol];
}

function nested(svg, y) {
  svg.setAttribute('x', '0');
  svg.setAttribute('y', String(y));
  svg.setAttribute('overflow', 'visible');
  for (const style of svg.querySelectorAll('style')) style.remove();
  return svg.outerHTML;
}

function text(x, y, words, size, fill, more = '') {
  const style = `font-size="${size}" fill="${fill}" ${more}`;
  return `<text x="${x}" y="${y}" ${style}>${escaped(words)}</text>`;
}

function escaped(words) {
  return words.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
