/** Looks at a pool of another program: JSON by Server-Sent Events, `{ slots, stats, topology }`. */

/** Has the same face as the page's own crew, but can only look. */
export class Feed {
  dead = new Map();
  topology = {};
  #latest;

  constructor(url, onNews) {
    const source = new EventSource(url);
    source.onmessage = ({ data }) => {
      this.#latest = JSON.parse(data);
      this.topology = this.#latest.topology ?? {};
    };
    source.onerror = () => onNews('The program does not answer; waiting for it.');
    source.onopen = () => onNews('Connected to a program.');
    this.source = source;
  }

  /** The latest look, or `undefined` before the first. */
  look() {
    return this.#latest;
  }

  close() {
    this.source.close();
  }
}
