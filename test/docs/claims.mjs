/**
 * What docs/recipes.md says about APIs and shared memory, as probes: each is run with a view of a
 * `SharedArrayBuffer` and with one of an `ArrayBuffer`. *Takes* means that both end alike.
 *
 * `node` and `web` are what Node 20 and Chromium are known to do; a name without one is not asked
 * there. `test/docs/claims.test.ts` runs the first and compares the page, `test/browsers` the second.
 */

/** The bytes of every probe: text, so that decoders have something to say. */
export const sampleBytes = () =>
  new TextEncoder().encode('sixty-four bytes of plain text, which every decoder understands.');

/** Reads a whole stream or answer as text. */
const textOf = async (body) => new Response(body).text();

const videoInit = { format: 'RGBA', codedWidth: 4, codedHeight: 4, timestamp: 0 };
const floats = (bytes) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

/** What web platform and Node have in common. */
const everywhere = [
  ['TextDecoder.decode', 'takes', 'refuses', (u8) => new TextDecoder().decode(u8)],
  ['TextEncoder.encodeInto', 'takes', 'refuses', (u8) => new TextEncoder().encodeInto('abc', u8)],
  ['crypto.getRandomValues', 'takes', 'refuses', (u8) => crypto.getRandomValues(u8).length],
  [
    'crypto.subtle.digest',
    'refuses',
    'refuses',
    async (u8) => hex(await crypto.subtle.digest('SHA-256', u8)),
  ],
  ['new Blob', 'takes', 'refuses', (u8) => new Blob([u8]).text()],
  ['new Response', 'refuses', 'takes', (u8) => textOf(u8)],
  ['CompressionStream', 'takes', 'refuses', compressed],
  ['ReadableStream, BYOB read', 'refuses', 'refuses', byobRead],
  [
    'ReadableStream of bytes, enqueue',
    'refuses',
    'refuses',
    (u8) => {
      new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(u8) });
    },
  ],
  [
    'ReadableStream, enqueue',
    'takes',
    'takes',
    (u8) => {
      new ReadableStream({ start: (controller) => controller.enqueue(u8) });
    },
  ],
  ['structuredClone, postMessage', 'takes', 'takes', (u8) => structuredClone(u8).length],
  [
    'a transfer list',
    'refuses',
    'refuses',
    (u8) => structuredClone(u8, { transfer: [u8.buffer] }).length,
  ],
  [
    'WebAssembly.compile',
    'takes',
    'takes',
    async (u8) => {
      u8.set([0, 97, 115, 109, 1, 0, 0, 0]);
      return WebAssembly.Module.exports(await WebAssembly.compile(u8.subarray(0, 8)));
    },
  ],
];

/** Only pages have these. */
const onPages = [
  ['fetch, body', (u8) => fetch(location.href, { method: 'POST', body: u8 }).then(() => true)],
  ['new VideoFrame', (u8) => closed(new VideoFrame(u8, videoInit))],
  [
    'VideoFrame.copyTo',
    async (u8) => {
      const picture = new VideoFrame(new Uint8Array(64), videoInit);
      await picture.copyTo(u8);
      picture.close();
    },
  ],
  ['new AudioData', (u8) => closed(new AudioData(audioInit(floats(u8))))],
  [
    'AudioData.copyTo',
    (u8) => {
      const audio = new AudioData(audioInit(new Float32Array(16)));
      audio.copyTo(floats(u8), { planeIndex: 0 });
      audio.close();
    },
  ],
  [
    'new EncodedVideoChunk',
    (u8) => new EncodedVideoChunk({ type: 'key', timestamp: 0, data: u8 }).byteLength,
  ],
  ['new ImageData', (u8) => new ImageData(new Uint8ClampedArray(u8.buffer), 4, 4).width],
  [
    'AudioBuffer.copyToChannel',
    (u8) => new AudioBuffer({ length: 16, sampleRate: 48000 }).copyToChannel(floats(u8), 0),
  ],
  [
    'BaseAudioContext.decodeAudioData',
    async (u8) => {
      // The bytes are no audio: what counts is if the buffer is taken at all.
      const context = new OfflineAudioContext(1, 128, 48000);
      await context.decodeAudioData(u8.buffer).catch((fault) => {
        if (fault instanceof TypeError) throw fault;
      });
    },
  ],
  [
    'XMLHttpRequest.send',
    (u8) => {
      const request = new XMLHttpRequest();
      request.open('POST', location.href);
      request.send(u8);
      request.abort();
    },
  ],
  ['WebSocket.send', (u8) => beforeOpen(new WebSocket('ws://127.0.0.1:1/'), u8)],
  [
    'RTCDataChannel.send',
    (u8) => {
      const connection = new RTCPeerConnection();
      try {
        beforeOpen(connection.createDataChannel('probe'), u8);
      } finally {
        connection.close();
      }
    },
  ],
  ['IDBObjectStore.put', (u8) => stored(u8)],
  [
    'FileSystemWritableFileStream.write',
    async (u8) => {
      const folder = await navigator.storage.getDirectory();
      const file = await folder.getFileHandle('probe', { create: true });
      const writable = await file.createWritable();
      await writable.write(u8).finally(() => writable.close());
    },
  ],
  [
    'WebGL bufferData',
    (u8) => {
      const gl = document.createElement('canvas').getContext('webgl2');
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, u8, gl.STATIC_DRAW);
      return gl.getError();
    },
  ],
];
const TAKEN_BY_PAGES = [
  'fetch, body',
  'new VideoFrame',
  'VideoFrame.copyTo',
  'new AudioData',
  'AudioData.copyTo',
  'new EncodedVideoChunk',
  'WebGL bufferData',
];

/** What is asked of a page: name, what Chromium does, probe. */
export const webClaims = [
  ...everywhere.map(([api, , web, probe]) => [api, web, probe]),
  ...onPages.map(([api, probe]) => [
    api,
    TAKEN_BY_PAGES.includes(api) ? 'takes' : 'refuses',
    probe,
  ]),
];

/** What is asked of Node, and of pages too: name, what Node 20 does, probe. */
export const sharedClaims = everywhere.map(([api, node, , probe]) => [api, node, probe]);

/** Runs a probe with private and with shared memory; answers what the API does with the latter. */
export async function outcomeOf(probe) {
  const bytes = sampleBytes();
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  let wanted;
  try {
    wanted = await probe(bytes);
  } catch (fault) {
    return `fails without shared memory as well: ${fault}`;
  }
  try {
    const got = await probe(shared);
    return JSON.stringify(got) === JSON.stringify(wanted)
      ? 'takes'
      : `answers ${got}, not ${wanted}`;
  } catch {
    return 'refuses';
  }
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16)).join();
}

async function compressed(u8) {
  const stream = new CompressionStream('deflate-raw');
  const writer = stream.writable.getWriter();
  const written = writer.write(u8).then(() => writer.close());
  const [bytes] = await Promise.all([new Response(stream.readable).arrayBuffer(), written]);
  return hex(bytes);
}

async function byobRead(u8) {
  const stream = new ReadableStream({
    type: 'bytes',
    pull: (controller) => controller.enqueue(Uint8Array.of(1)),
  });
  const { value } = await stream.getReader({ mode: 'byob' }).read(u8);
  return value.length;
}

function audioInit(data) {
  return {
    format: 'f32',
    sampleRate: 48000,
    numberOfFrames: data.length,
    numberOfChannels: 1,
    timestamp: 0,
    data,
  };
}

function closed(media) {
  const { timestamp } = media;
  media.close();
  return timestamp;
}

/** A connection that is not open refuses everything, but shared memory with another error. */
function beforeOpen(connection, u8) {
  try {
    connection.send(u8);
  } catch (fault) {
    if (fault.name !== 'InvalidStateError') throw fault;
  } finally {
    connection.close();
  }
}

function stored(u8) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('probe', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('store');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      try {
        const store = opening.result.transaction('store', 'readwrite').objectStore('store');
        store.put(u8, 1).onsuccess = () => resolve('put');
      } catch (fault) {
        reject(fault);
      } finally {
        opening.result.close();
      }
    };
  });
}
