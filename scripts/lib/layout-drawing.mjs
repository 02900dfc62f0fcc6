/** Draws the regions of a slab as an SVG: one bar to scale, and what manages the frames enlarged. */

const WIDTH = 880;
const LEFT = 12;
const BAR = WIDTH - 2 * LEFT;
const COLOURS = ['#4c78a8', '#72b7b2', '#54a24b', '#eeca3b', '#f58518', '#e45756', '#b279a2'];

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const number = (value) => value.toLocaleString('en-GB');
const round = (value) => Math.round(value * 10) / 10;

/** @param regions name, first byte and bytes, in their order; @param slabBytes all of them. */
export function drawing(regions, slabBytes) {
  const control = regions.filter(({ name }) => name !== 'frames');
  const controlBytes = control.reduce((sum, { bytes }) => sum + bytes, 0);
  const frames = regions.find(({ name }) => name === 'frames');
  const shapes = [];
  const bar = (x, y, width, colour, title) =>
    shapes.push(
      `  <rect x="${round(x)}" y="${y}" width="${round(width)}" height="36" fill="${colour}" ` +
        `stroke="#fff"><title>${escaped(title)}</title></rect>`,
    );
  const label = (x, y, text, anchor = 'start') =>
    shapes.push(`  <text x="${round(x)}" y="${y}" text-anchor="${anchor}">${escaped(text)}</text>`);

  const cut = (BAR * controlBytes) / slabBytes;
  label(LEFT, 20, `the slab: ${number(slabBytes)} bytes`);
  bar(LEFT, 28, cut, '#9d9da1', `management: ${number(controlBytes)} bytes`);
  bar(LEFT + cut, 28, BAR - cut, '#dcdce0', `frames: ${number(frames.bytes)} bytes`);
  label(LEFT + cut + 8, 51, `frames: ${number(frames.bytes)} bytes`);
  shapes.push(
    `  <path d="M${LEFT} 64 L${LEFT} 92 M${round(LEFT + cut)} 64 L${LEFT + BAR} 92" ` +
      'stroke="#9d9da1" stroke-dasharray="3 3" fill="none"/>',
  );
  let at = LEFT;
  control.forEach(({ name, bytes }, k) => {
    const width = (BAR * bytes) / controlBytes;
    const colour = COLOURS[k % COLOURS.length];
    bar(at, 96, width, colour, `${name}: ${number(bytes)} bytes`);
    at += width;
    const column = k % 3;
    const row = Math.floor(k / 3);
    const x = LEFT + (column * BAR) / 3;
    const y = 158 + row * 22;
    shapes.push(`  <rect x="${round(x)}" y="${y - 11}" width="12" height="12" fill="${colour}"/>`);
    label(x + 18, y, `${name}: ${number(bytes)} bytes`);
  });
  const height = 158 + Math.ceil(control.length / 3) * 22;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img"`,
    '  font-family="system-ui, sans-serif" font-size="13">',
    '  <title>The regions of a slab, to scale</title>',
    `  <rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...shapes,
    '</svg>',
    '',
  ].join('\n');
}
