/** Web Workers of a law: each runs scenes of `worker.mjs` when it is asked to. */
import { within } from './check.mjs';

const ANSWER_MS = 20_000;

/** One worker. */
class Member {
  /** Told by name: `at('ready')` resolves to what the worker said with that word. */
  said = new Map();

  constructor(name) {
    this.name = name;
    const module = new URL(`./worker.mjs${location.search}`, import.meta.url);
    this.thread = new Worker(module, { type: 'module', name });
    this.thread.onmessage = ({ data: { word, value } }) => this.settle(word, 'resolve', value);
    this.thread.onerror = (event) => {
      event.preventDefault();
      const fault = new Error(`worker ${name}: ${event.message ?? 'its module did not load'}`);
      for (const word of this.said.keys()) this.settle(word, 'reject', fault);
    };
  }

  /** Starts a scene. Its answer is said with the word 'done', by an error with `onerror`. */
  play(scene, ...given) {
    this.said.delete('done');
    const done = this.at('done');
    this.thread.postMessage({ scene, given });
    return done;
  }

  /** Resolves when the worker says this word, which it may have said already. */
  at(word) {
    const { promise } = this.entry(word);
    return within(ANSWER_MS, promise, `worker ${this.name}, '${word}'`);
  }

  entry(word) {
    let entry = this.said.get(word);
    if (entry === undefined) {
      entry = {};
      entry.promise = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
      entry.promise.catch(() => undefined);
      this.said.set(word, entry);
    }
    return entry;
  }

  settle(word, verb, value) {
    this.entry(word)[verb](value);
  }
}

/** Runs a law with a way to start workers; ends those that are left, however the law ends. */
export async function withCrew(law) {
  const members = [];
  const start = (name) => {
    const member = new Member(name);
    members.push(member);
    return member;
  };
  try {
    await law(start);
  } finally {
    for (const { thread } of members) thread.terminate();
  }
}
