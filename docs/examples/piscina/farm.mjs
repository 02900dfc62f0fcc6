/** A piscina whose workers the pool watches: the first ones, and those that replace the dead. */
import { once } from 'node:events';
import { Piscina } from 'piscina';

/** `end` stops the farm, and answers how many workers it has had in all. */
export function openFarm(pool, filename) {
  const farm = new Piscina({ filename, minThreads: 2, maxThreads: 2 });
  const exits = new Map(); // worker -> its end
  const watchAll = () => {
    for (const worker of farm.threads) {
      if (!exits.has(worker)) exits.set(pool.watch(worker), once(worker, 'exit'));
    }
  };
  farm.on('workerCreate', watchAll);

  async function end() {
    watchAll(); // one may be so new that piscina has not told yet
    await farm.destroy();
    await Promise.all(exits.values());
    return exits.size;
  }
  return { farm, end };
}
