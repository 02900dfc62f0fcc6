/** What every client asks: so many bytes, each of which follows from its position. */
export const QUESTION_BYTES = 8 << 20;

/** The byte at a position; a piece that is lost, doubled or out of order shows. */
export function byteAt(position) {
  return (position ^ (position >> 8) ^ (position >> 16)) & 255;
}
