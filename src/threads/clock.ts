/**
 * What time it is, for reports: read seldom, because reading the clock allocates (a boxed number)
 * and costs more than the operation whose time it notes.
 *
 * Invariant: `now` is at most one turn of the event loop old, and at most `READINGS_MAX` calls. A
 * thread that never returns to its event loop, and sleeps between its calls by means of its own,
 * gets an older time: it makes what is noted look older than it is, never younger.
 *
 * The thread's own; never blocks. Allocates once in a turn.
 */

/** So many calls may get the same time. */
const READINGS_MAX = 1024;

/** Milliseconds since 1970, as this thread last read them. */
export class CoarseClock {
  private readonly time = new Float64Array(1);
  private left = 0;
  private inTurn = false;
  private readonly endTurn = (): void => {
    this.inTurn = false;
    this.left = 0;
  };

  /** The time, as the one element of an array that never changes hands: nothing is boxed. */
  now(): Float64Array {
    if (this.left === 0) this.read();
    this.left -= 1;
    return this.time;
  }

  private read(): void {
    this.left = READINGS_MAX;
    this.time[0] = Date.now();
    if (this.inTurn) return;
    Promise.resolve().then(this.endTurn);
    this.inTurn = true; // after it: a call that failed has asked for nothing
  }
}
