/** A failing schedule made as short as it can be by leaving out turns. */
import type { Explorer } from './explorer.js';
import type { Turn } from './schedule.js';

/** Finds a shorter schedule that fails in the same way. */
export function shrink(explorer: Explorer, turns: readonly Turn[], fault: string): Turn[] {
  const kind = kindOf(fault);
  const fails = (candidate: readonly Turn[]): boolean =>
    kindOf(explorer.replay(candidate).fault ?? '') === kind;
  let best = [...turns];
  for (let improved = true; improved; ) {
    improved = false;
    for (let k = best.length - 1; k >= 0; k--) {
      const without = best.filter((_, index) => index !== k);
      if (!fails(without)) continue;
      best = without;
      improved = true;
    }
  }
  return best;
}

/** The fault without the numbers in it. */
function kindOf(fault: string): string {
  return fault.replace(/-?\d+/g, '#').replace(/^[A-H]: /, '');
}
