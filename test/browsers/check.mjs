/** What the laws say in: assertions, and bounded waiting. */

/** Throws unless it holds. */
export function check(holds, sentence) {
  if (!holds) throw new Error(sentence);
}

/** Throws unless both are the same value, or look the same as JSON. */
export function equal(found, wanted, what) {
  if (Object.is(found, wanted)) return;
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  check(typeof found === 'object' && left === right, `${what}: ${left} instead of ${right}`);
}

/** Throws unless the call throws, or rejects with, an error of this class; answers it. */
export async function fails(action, errorClass) {
  let fault;
  try {
    await action();
  } catch (thrown) {
    fault = thrown;
  }
  check(fault !== undefined, `nothing was thrown, instead of ${errorClass.name}`);
  check(fault instanceof errorClass, `${fault} instead of ${errorClass.name}`);
  return fault;
}

/** Resolves after so many milliseconds. */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves as the promise does, and rejects if that takes longer than so many milliseconds. */
export async function within(ms, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Looks again and again until nothing is missing: `missing` answers '' or a sentence. Rejects with
 * the last sentence after so many milliseconds. Answers how many it took.
 */
export async function until(ms, missing) {
  const begun = performance.now();
  for (;;) {
    const sentence = missing();
    const took = Math.round(performance.now() - begun);
    if (sentence === '') return took;
    check(took < ms, `after ${took} ms still ${sentence}`);
    await pause(50);
  }
}

/** Throws unless this thread alone is attached, every slot is free, and all frames can be had. */
export function allHome(pool) {
  const threads = pool.stats().threads.map(({ seat }) => seat);
  equal(threads, [pool.seat], 'seats that are taken');
  const { ok, slots, free, cached, held, inFlight, inLanes, problems } = pool.audit();
  equal(problems, [], 'what does not add up');
  equal({ ok, held, inFlight, inLanes }, { ok: true, held: 0, inFlight: 0, inLanes: 0 }, 'audit');
  equal(free + cached, slots, 'free slots');
  const all = pool.acquireMany(pool.frames);
  check(all !== undefined, `${pool.frames} frames cannot be held at once`);
  for (const frame of all) frame.release();
}
