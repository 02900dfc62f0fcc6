/** What workers do with channels. Each loop ends by count, by the channel's end, or by main's stop. */
import { fill, randomFrom, verify } from './payload.mjs';
import { COUNT, STOP, stopped, waitForGo } from './signals.mjs';

/** Sends `count` frames, sequence 0 to count − 1, by the form that is asked for. */
export async function produce(pool, { channel: name, count, form, batch = 4 }, signals) {
  const channel = pool.channel(name);
  waitForGo(signals);
  if (form === 'many') return produceMany(pool, channel, count, batch);
  for (let sequence = 0; sequence < count; sequence++) {
    const frame = pool.tryAcquire() ?? pool.acquireSync();
    fill(frame, pool.seat, sequence);
    if (form === 'now') {
      // The fallback blocks, so that a waiting loop is no busy loop.
      if (!channel.trySend(frame)) channel.sendSync(frame);
    } else if (form === 'handle') {
      const { handle } = frame;
      if (!channel.trySendHandle(handle)) channel.sendSync(frame);
    } else if (form === 'promise') await channel.send(frame);
    else channel.sendSync(frame);
  }
  return { seat: pool.seat, count };
}

function produceMany(pool, channel, count, batch) {
  const handles = new Int32Array(batch);
  let frames = [];
  let sequence = 0;
  while (sequence < count || frames.length > 0) {
    while (frames.length < batch && sequence < count) {
      const frame = pool.acquireSync();
      fill(frame, pool.seat, sequence++);
      frames.push(frame);
    }
    for (let k = 0; k < frames.length; k++) handles[k] = frames[k].handle;
    let sent = channel.trySendMany(handles, frames.length);
    if (sent === 0) {
      channel.sendSync(frames[0]);
      sent = 1;
    }
    frames = frames.slice(sent);
  }
  return { seat: pool.seat, count };
}

/** Receives to the end; every frame is verified and counted in `seen[seat × most + sequence]`. */
export async function consume(pool, { channel: name, form, subscribe, seen, most }, signals) {
  const channel = pool.channel(name);
  if (subscribe) channel.subscribe();
  const tally = new Uint8Array(seen);
  const last = new Map();
  let received = 0;
  const take = (frame) => {
    verify(frame);
    const { tag: producer, sequence } = frame;
    const before = last.get(producer) ?? -1;
    if (sequence <= before) throw new Error(`producer ${producer}: ${sequence} after ${before}`);
    if (subscribe && sequence !== before + 1) {
      throw new Error(`producer ${producer}: ${sequence} after ${before}, some are missing`);
    }
    last.set(producer, sequence);
    Atomics.add(tally, producer * most + sequence, 1);
    received += 1;
    frame.release();
  };
  Atomics.add(signals, COUNT, 1);
  Atomics.notify(signals, COUNT);
  waitForGo(signals);
  if (form === 'iterate') for await (const frame of channel) take(frame);
  else if (form === 'many') receiveMany(pool, channel, take);
  else {
    for (;;) {
      const frame =
        form === 'promise'
          ? await channel.receive()
          : ((form === 'now' ? channel.tryReceive() : undefined) ?? channel.receiveSync());
      if (frame === undefined) break;
      take(frame);
    }
  }
  return received;
}

function receiveMany(pool, channel, take) {
  const handles = new Int32Array(8);
  for (;;) {
    const count = channel.tryReceiveMany(handles);
    if (count === 0) {
      const frame = channel.receiveSync();
      if (frame === undefined) return;
      take(frame);
    }
    for (let k = 0; k < count; k++) {
      const handle = handles[k];
      // A frame object for a bare handle: a message from this thread to itself.
      take(pool.adopt(pool.slots.transfer(handle)));
    }
  }
}

/** Sends until the channel is closed under it; what was refused it still holds, whole. */
export function sendUntilClosed(pool, { channel: name, batch = 0 }, signals) {
  const channel = pool.channel(name);
  const handles = new Int32Array(Math.max(1, batch));
  waitForGo(signals);
  let sent = 0;
  for (let k = 0; k < 1e7; k++) {
    const frame = pool.tryAcquire();
    if (frame === undefined) {
      if (channel.closed) return sent;
      continue;
    }
    fill(frame, pool.seat, sent);
    try {
      if (batch > 0) {
        const frames = [frame];
        while (frames.length < batch) {
          const more = pool.tryAcquire();
          if (more === undefined) break;
          fill(more, pool.seat, sent + frames.length);
          frames.push(more);
        }
        const tagged = frames.map(({ handle }) => handle);
        handles.set(tagged);
        let done = 0;
        try {
          done = channel.trySendMany(handles, frames.length);
        } finally {
          for (const rest of tagged.slice(done)) pool.slots.release(rest);
        }
        sent += done;
      } else if (channel.trySend(frame)) sent += 1;
      else frame.release();
    } catch (fault) {
      if (fault.code !== 'ERR_FRAMESLAB_CHANNEL_CLOSED') throw fault;
      if (batch === 0) {
        verify(frame);
        if (frame.refCount !== 1) throw new Error(`refused, with ${frame.refCount} references`);
        frame.release();
      }
      return sent;
    }
  }
  return sent;
}

/** Waits in `sendSync` for room that never comes; answers the code of the error that woke it. */
export function sendIntoTheVoid(pool, { channel: name }, signals) {
  const channel = pool.channel(name);
  waitForGo(signals);
  for (let k = 0; k < 1e6; k++) {
    const frame = pool.acquireSync();
    fill(frame, pool.seat, k);
    Atomics.add(signals, COUNT, 1);
    try {
      channel.sendSync(frame);
    } catch (fault) {
      verify(frame);
      const { refCount, exclusive, released } = frame;
      frame.release();
      return { code: fault.code, refCount, exclusive, released };
    }
  }
  return { code: 'never' };
}

/** Receives one frame, blocking; `undefined` is the channel's end. */
export function receiveOnce(pool, { channel: name, subscribe }, signals) {
  const channel = pool.channel(name);
  if (subscribe) channel.subscribe();
  waitForGo(signals);
  Atomics.add(signals, COUNT, 1);
  const frame = channel.receiveSync();
  if (frame === undefined) return 'end';
  verify(frame);
  const { sequence } = frame;
  frame.release();
  return sequence;
}

/** Subscribes, and holds what comes without receiving until main says stop. */
export function subscribeAndSleep(pool, { channel: name }, signals) {
  const channel = pool.channel(name).subscribe();
  Atomics.add(signals, COUNT, 1);
  Atomics.notify(signals, COUNT);
  Atomics.wait(signals, STOP, 0);
  if (channel.closed) return 'closed';
  channel.unsubscribe();
  return 'left';
}

/** Subscribes and leaves again and again, receiving a little, until main says stop. */
export function comeAndGo(pool, { channel: name, seed }, signals) {
  const channel = pool.channel(name);
  const random = randomFrom(seed);
  waitForGo(signals);
  let stays = 0;
  for (; !stopped(signals) && stays < 1e8; stays++) {
    channel.subscribe();
    for (let k = random(4); k > 0; k--) {
      const frame = channel.tryReceive();
      if (frame === undefined) break;
      verify(frame);
      frame.release();
    }
    channel.unsubscribe();
  }
  return stays;
}

/** Sends for ever; for threads that are to be killed in the middle of it. */
export async function sendForEver(pool, { channel: name, form }, signals) {
  const channel = pool.channel(name);
  waitForGo(signals);
  for (let sequence = 0; !stopped(signals) && sequence < 1e9; sequence++) {
    const frame = pool.tryAcquire();
    if (frame === undefined) continue;
    fill(frame, pool.seat, sequence);
    if (form === 'promise') await channel.send(frame);
    else if (form === 'sync') channel.sendSync(frame, 20_000);
    else if (!channel.trySend(frame)) frame.release();
  }
  return 0;
}

/** Receives for ever; for threads that are to be killed in the middle of it. */
export async function receiveForEver(pool, { channel: name, form, subscribe }, signals) {
  const channel = pool.channel(name);
  if (subscribe) channel.subscribe();
  waitForGo(signals);
  let received = 0;
  while (!stopped(signals) && received < 1e9) {
    const frame =
      form === 'promise'
        ? await channel.receive()
        : form === 'sync'
          ? channel.receiveSync()
          : channel.tryReceive();
    if (frame === undefined) {
      if (channel.closed) break;
      continue;
    }
    verify(frame);
    frame.release();
    received += 1;
  }
  return received;
}
