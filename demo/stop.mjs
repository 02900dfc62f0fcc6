/** Why and when the work stops before its end: a fault somewhere, or Ctrl-C. */
const SIGNALS = ['SIGINT', 'SIGTERM'];
const EXIT_INTERRUPTED = 130;

/** `signal` is aborted at the first reason; a second Ctrl-C ends the process at once. */
export class Stop {
  #controller = new AbortController();
  #onSignal = () => {
    if (this.interrupted) process.exit(EXIT_INTERRUPTED);
    this.#interrupt();
  };

  /** The first fault: those that come after it are mostly its consequences. */
  firstFault;
  interrupted = false;

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#onSignal);
    // Whoever read our output has left (`| head`).
    process.stdout.on('error', () => this.#interrupt());
  }

  get signal() {
    return this.#controller.signal;
  }

  #interrupt() {
    this.interrupted = true;
    this.#controller.abort();
  }

  fault(sentence) {
    this.firstFault ??= sentence;
    this.#controller.abort();
  }

  /** From here on Ctrl-C does again what it does by default. */
  disarm() {
    for (const name of SIGNALS) process.removeListener(name, this.#onSignal);
  }
}
