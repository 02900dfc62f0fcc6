/**
 * What a thread does with a slab that it could attach to, damaged or not: every call of the library,
 * a bounded number of times. Each ends; each answers, or throws an error of the library.
 */

/** Runs calls one by one and keeps what was thrown that is no error of the library. */
export class Trial {
  /** @param name shared bytes that say which call runs, for whoever finds it hanging. */
  constructor(name) {
    this.name = name;
    this.codes = new Map();
    this.strange = [];
    this.calls = 0;
  }

  /** The answer, or `undefined` if it was refused. */
  call(what, act) {
    this.calls += 1;
    this.name.fill(0);
    for (let k = 0; k < what.length; k++) this.name[k] = what.charCodeAt(k);
    try {
      return act();
    } catch (fault) {
      const code = fault?.code;
      if (typeof code === 'string' && code.startsWith('ERR_FRAMESLAB')) {
        this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
      } else this.strange.push(`${what}: ${fault?.stack ?? fault}`);
      return undefined;
    }
  }
}

/** Reports, acquires, messages, channels, reclaims, and the end. */
export function live(trial, pool, handles, random) {
  reports(trial, pool);
  acquires(trial, pool);
  for (const handle of handles) messages(trial, pool, handle);
  numbers(trial, pool, handles[random(handles.length)] ^ (1 << random(31)));
  for (const name of ['line', 'news']) channel(trial, pool, name);
  reports(trial, pool);
  for (const seat of [0, 1]) trial.call('reclaim', () => pool.reclaim(seat, { ended: true }));
  trial.call('audit repair', () => pool.audit({ repair: true }));
  acquires(trial, pool);
  trial.call('pool.close', () => pool.close());
}

function reports(trial, pool) {
  trial.call('stats', () => JSON.stringify(pool.stats()));
  trial.call('inspect', () => pool.inspect());
  trial.call('audit', () => pool.audit());
}

function acquires(trial, pool) {
  const frames = [];
  for (let k = 0; k < 50; k++) {
    const frame = trial.call('tryAcquire', () => pool.tryAcquire());
    if (frame === undefined) break;
    frames.push(frame);
    trial.call('write', () => frame.write(Uint8Array.of(k, k + 1)));
    trial.call('bytes', () => frame.bytes.reduce((sum, byte) => sum + byte, 0));
    trial.call('fields', () => [frame.length, frame.tag, frame.timestamp, frame.header.byteLength]);
  }
  const into = new Int32Array(3);
  if (trial.call('acquireMany', () => pool.slots.acquireMany(into))) {
    trial.call('releaseMany', () => pool.slots.releaseMany(into));
  }
  for (const frame of frames) {
    trial.call('share', () => pool.adopt(frame.share())?.release());
    trial.call('unshare', () => frame.retain().unshare().release());
    for (let k = 0; k < 3 && !frame.released; k++) trial.call('release', () => frame.release());
  }
}

function messages(trial, pool, handle) {
  const frame = trial.call('adopt', () => pool.adopt(handle));
  if (frame !== undefined) {
    trial.call('read', () => [frame.bytes.length, frame.refCount, frame.exclusive]);
    trial.call('release', () => frame.release());
  }
  trial.call('revoke', () => pool.revoke(handle));
}

/** A number that is a handle only by chance, to every method that takes one. */
export function numbers(trial, pool, number) {
  const { slots } = pool;
  const one = [
    'retain',
    'release',
    'transfer',
    'share',
    'adopt',
    'revoke',
    'refCount',
    'exclusive',
  ];
  for (const name of [...one, 'length', 'bytes', 'storage', 'byteOffset', 'index']) {
    trial.call(`slots.${name}`, () => slots[name](number));
  }
  trial.call('slots.setLength', () => slots.setLength(number, 1));
  trial.call('slots.releaseMany', () => slots.releaseMany(Int32Array.of(number)));
  trial.call('trySendHandle', () => pool.channel('line').trySendHandle(number));
  trial.call('trySendMany', () => pool.channel('line').trySendMany(Int32Array.of(number, number)));
}

function channel(trial, pool, name) {
  const ends = trial.call('channel', () => pool.channel(name));
  if (ends === undefined) return;
  if (name === 'news') trial.call('subscribe', () => ends.subscribe());
  for (let k = 0; k < 6; k++) {
    const frame = trial.call('tryAcquire', () => pool.tryAcquire());
    if (frame === undefined) break;
    trial.call('trySend', () => ends.trySend(frame));
    if (!frame.released) trial.call('release', () => frame.release());
  }
  for (let k = 0; k < 20; k++) {
    const frame = trial.call('tryReceive', () => ends.tryReceive());
    if (frame === undefined) break;
    trial.call('release', () => frame.release());
  }
  trial.call('depth', () => [ends.depth, ends.dropped, ends.closed]);
  if (name === 'news') trial.call('unsubscribe', () => ends.unsubscribe());
  trial.call('close', () => ends.close());
}
