/**
 * The words by which the page tells its threads what to do: an `Int32Array` beside the slab, because
 * threads that block hear no messages.
 */
const PAUSED = 0;
const RATE = 1;
const SLOW = 2;
const BELL = 3;
const FIRST = 4;
const RUN = 0;
const LEAKS = 1;
const WORDS_PER_THREAD = 2;

/** One block of words, as any thread sees it. */
export class Control {
  /** For so many threads, all running; or the view of a block that exists. */
  constructor(source) {
    const made = typeof source === 'number';
    this.buffer = made ? new SharedArrayBuffer(4 * (FIRST + source * WORDS_PER_THREAD)) : source;
    this.words = new Int32Array(this.buffer);
    if (made) for (let k = 0; k < source; k++) this.setRunning(k, true);
  }

  get paused() {
    return Atomics.load(this.words, PAUSED) === 1;
  }

  set paused(on) {
    this.set(PAUSED, on ? 1 : 0);
  }

  /** Frames that each camera makes per second. */
  get rate() {
    return Math.max(1, Atomics.load(this.words, RATE));
  }

  set rate(framesPerSecond) {
    this.set(RATE, framesPerSecond);
  }

  /** The recorder is slower than what comes. */
  get slow() {
    return Atomics.load(this.words, SLOW) === 1;
  }

  set slow(on) {
    this.set(SLOW, on ? 1 : 0);
  }

  running(thread) {
    return Atomics.load(this.words, FIRST + thread * WORDS_PER_THREAD + RUN) === 1;
  }

  setRunning(thread, on) {
    this.set(FIRST + thread * WORDS_PER_THREAD + RUN, on ? 1 : 0);
  }

  /** Asks a thread to acquire a frame and to forget it. */
  askForLeak(thread) {
    Atomics.add(this.words, FIRST + thread * WORDS_PER_THREAD + LEAKS, 1);
    this.ring();
  }

  /** How many frames this thread has been asked to forget since it last looked. */
  takeLeaks(thread) {
    return Atomics.exchange(this.words, FIRST + thread * WORDS_PER_THREAD + LEAKS, 0);
  }

  /** Sleeps for so long, or until anything here changes. Blocks the thread. */
  sleep(ms) {
    Atomics.wait(this.words, BELL, Atomics.load(this.words, BELL), ms);
  }

  set(at, value) {
    Atomics.store(this.words, at, value);
    this.ring();
  }

  ring() {
    Atomics.add(this.words, BELL, 1);
    Atomics.notify(this.words, BELL);
  }
}
