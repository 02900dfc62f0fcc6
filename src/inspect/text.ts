/**
 * Text for a terminal: lines that keep to a width, names that cannot steer it, colour.
 *
 * Invariant: what `plainText` answers is one column wide per UTF-16 code unit, so `length` counts
 * columns in everything that is put together from it.
 *
 * Any thread. Allocates.
 */

/** The parameters of a "select graphic rendition" sequence: `'38;5;74'`. */
export type Paint = string;

/** What is not surely one column wide: control characters, marks, wide scripts, emoji. */
const NOT_PLAIN = /[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0377\u0391-\u03ff\u0400-\u0482]/g;

/** The text with everything replaced that may be wider than a column, or no character at all. */
export const plainText = (text: string): string => {
  return text.replace(NOT_PLAIN, '?');
};

/** The text in this colour. */
export const painted = (text: string, paint: Paint): string => {
  return `\x1b[${paint}m${text}\x1b[0m`;
};

/** The text in lines of at most so many columns, broken at spaces where there are any. */
export const wrapped = (text: string, columns: number): string[] => {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > columns) {
    const space = rest.lastIndexOf(' ', columns);
    const end = space > 0 ? space : columns;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
};

/** A sign in a colour of its own, and what it means. */
export interface Item {
  readonly sign: string;
  readonly meaning: string;
  readonly paint?: Paint;
}

/** Items side by side in lines of at most so many columns; none is broken that fits into one. */
export const listed = (items: readonly Item[], columns: number, color: boolean): string[] => {
  const lines: string[] = [];
  let line = '';
  let width = 0;
  for (const { sign, meaning, paint } of items) {
    const own = sign.length + 1 + meaning.length;
    if (width > 0 && width + 3 + own > columns) {
      lines.push(line);
      line = '';
      width = 0;
    }
    if (own > columns) {
      lines.push(...wrapped(`${sign} ${meaning}`, columns));
      continue;
    }
    const shown = color && paint !== undefined ? painted(sign, paint) : sign;
    line += `${width > 0 ? '   ' : ''}${shown} ${meaning}`;
    width += own + (width > 0 ? 3 : 0);
  }
  return width > 0 ? [...lines, line] : lines;
};
