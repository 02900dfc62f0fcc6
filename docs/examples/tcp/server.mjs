/** The server: sockets into frames, frames into sockets. `tag` says whose frame it is. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Serves whoever connects. `server` emits `pause` when it stops reading a client; `replies` ends when
 * the channel of answers is closed and drained.
 */
export function serve(pool) {
  const sockets = new Map(); // tag -> socket
  let tags = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const tag = ++tags;
    sockets.set(tag, socket);
    socket.once('close', () => sockets.delete(tag));
    socket.once('pauses', () => server.emit('pause'));
    receive(pool, socket, tag).catch((error) => socket.destroy(error));
  });
  server.listen(0, '127.0.0.1');
  return { server, replies: reply(pool, sockets) };
}

/** Cuts what a client sends into frames. While it waits for one, the socket is not read. */
async function receive(pool, socket, tag) {
  let frame;
  const send = async () => {
    frame.tag = tag;
    await pool.channel('questions').send(frame);
    frame = undefined;
  };
  try {
    // Without the option the loop would close the socket at its end, and lose the last answers.
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      for (let done = 0; done < chunk.length; ) {
        frame ??= await nextFrame(pool, socket);
        const room = frame.capacity - frame.length;
        const piece = chunk.subarray(done, done + room);
        frame.write(piece, frame.length); // the one copy
        done += piece.length;
        if (frame.length === frame.capacity) await send();
      }
    }
    if (frame !== undefined && frame.length > 0) await send();
    frame ??= await pool.acquire();
    await send(); // an empty frame: the end
  } finally {
    frame?.release();
  }
}

/** A frame for a client; one that does not fetch its answers waits here, and holds up nobody else. */
async function nextFrame(pool, socket) {
  if (socket.writableNeedDrain) {
    socket.emit('pauses');
    await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
  }
  return pool.acquire();
}

/** Writes frames to the sockets from where they lie; each is held until its bytes are gone. */
async function reply(pool, sockets) {
  for await (const frame of pool.channel('answers')) {
    const socket = sockets.get(frame.tag);
    if (frame.length > 0 && socket !== undefined) {
      socket.write(frame.buffer(), () => frame.release()); // also called if it could not be sent
    } else {
      frame.release();
      socket?.end();
    }
  }
}
