/**
 * A schedule as a short string, so that a failing run can be written down and run again.
 *
 *   A12 B4 A3x C30 B~7     A makes 12 accesses, B makes 4, A makes 3 and is killed before its next
 *                          one, C makes 30, B's wait times out and it makes 7
 *
 * What a thread does until it yields, waits or ends is one turn. A turn of a thread that can not
 * run is left out; after the last turn whoever is there goes on, one after the other.
 */

/** One turn. */
export interface Turn {
  /** The thread's number. */
  readonly thread: number;
  /** How many accesses it makes before its turn ends. */
  readonly steps: number;
  /** It is killed at the end. */
  readonly killed: boolean;
  /** Its wait times out at the beginning. */
  readonly timedOut: boolean;
}

/** The string of a schedule. */
export function write(turns: readonly Turn[]): string {
  return turns
    .map(
      ({ thread, steps, killed, timedOut }) =>
        `${nameOf(thread)}${timedOut ? '~' : ''}${steps}${killed ? 'x' : ''}`,
    )
    .join(' ');
}

/** The schedule of a string. */
export function read(text: string): Turn[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const match = /^([A-H])(~?)(\d+)(x?)$/.exec(word);
      if (match === null) throw new Error(`no turn of a schedule: '${word}'`);
      return {
        thread: (match[1] as string).charCodeAt(0) - 65,
        steps: Number(match[3]),
        killed: match[4] === 'x',
        timedOut: match[2] === '~',
      };
    });
}

/** A thread's letter. */
export function nameOf(thread: number): string {
  return String.fromCharCode(65 + thread);
}
