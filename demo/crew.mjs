/** Main's side of the three workers: starts them, hears their news, knows when all have ended. */
import { Worker } from 'node:worker_threads';
import { closeLinksOf, WIRING } from './links.mjs';

const WORKERS = {
  filter: new URL('./filter-worker.mjs', import.meta.url),
  writer: new URL('./writer-worker.mjs', import.meta.url),
  meter: new URL('./meter-worker.mjs', import.meta.url),
};

/**
 * Starts the workers; `shared` goes to each. Two promises come back, and neither ever rejects: a
 * worker that fails is told to `onFault`.
 * `ready`: every worker receives, or is gone.
 * `reports`: all threads are gone; `{ filter, writer, meter }`, what each had to report, if it came
 * to that.
 */
export function startCrew(pool, shared, { onFault, onLevels }) {
  const reports = {};
  const started = [];
  const gone = Object.entries(WORKERS).map(([name, url]) => {
    const worker = new Worker(url, {
      name,
      workerData: { ...shared, pool: pool.ref, wiring: WIRING[name] },
    });
    pool.watch(worker); // if it dies, what it held comes back
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    const receives = new Promise((resolve) => worker.once('message', resolve)); // its first words
    started.push(Promise.race([receives, exited]));
    worker.on('message', (news) => {
      if (news.ready) return;
      if (news.done) reports[name] = news.done;
      else if (news.fault) onFault(news.fault);
      else onLevels(news);
    });
    worker.on('error', (error) => onFault(error.stack ?? String(error)));
    return exited.then(() => {
      closeLinksOf(pool, WIRING[name]);
      if (reports[name] === undefined) onFault(`the ${name} worker ended before its work did.`);
    });
  });
  return { ready: Promise.all(started), reports: Promise.all(gone).then(() => reports) };
}
