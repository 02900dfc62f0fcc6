/** The film: 1080p in YUV 4:2:0, and what each of its pictures looks like. */
export const WIDTH = 1920;
export const HEIGHT = 1080;
export const LUMA_BYTES = WIDTH * HEIGHT;
export const PICTURE_BYTES = (LUMA_BYTES * 3) / 2;

/** Draws the picture of a moment: bars that move down by two lines each time, on one colour. */
export function draw(moment, bytes) {
  for (let y = 0; y < HEIGHT; y++) {
    bytes.fill((y + 2 * moment) & 255, y * WIDTH, (y + 1) * WIDTH);
  }
  bytes.fill(96 + (moment & 63), LUMA_BYTES, PICTURE_BYTES);
}

/** Turns bright into dark, in place, four pixels at a time. */
export function invert(bytes) {
  const pixels = new Uint32Array(bytes.buffer, bytes.byteOffset, LUMA_BYTES / 4);
  for (let k = 0; k < pixels.length; k++) pixels[k] = ~pixels[k];
}
