/** What docs/isolation.md says: how a page gets shared memory, and how it does not. */
import { check, equal, within } from '../check.mjs';

const HEADERS = {
  coop: 'Cross-Origin-Opener-Policy',
  coep: 'Cross-Origin-Embedder-Policy',
  dip: 'Document-Isolation-Policy',
  corp: 'Cross-Origin-Resource-Policy',
};

/** A page of `/echo`, which answers with the headers that it is asked for. */
function addressOf(headers, origin = location.origin) {
  const query = Object.entries(headers).map(([key, value]) => [HEADERS[key], value]);
  return `${origin}/echo?${new URLSearchParams(query)}`;
}

/** The same server under its other name: another origin. */
const elsewhere = location.origin.replace('127.0.0.1', 'localhost');

/** What a page in a window of its own says about itself; 'blocked' if it never does. */
async function openedWith(headers) {
  const channel = new BroadcastChannel('isolation');
  const said = new Promise((resolve) => {
    channel.onmessage = ({ data }) => resolve(data);
  });
  window.open(addressOf(headers), '_blank', 'noopener');
  try {
    return await within(10_000, said, JSON.stringify(headers));
  } finally {
    channel.close();
  }
}

/** What a frame in this page says about itself. */
async function framedWith(headers, attributes) {
  const frame = Object.assign(document.createElement('iframe'), attributes);
  const said = new Promise((resolve) => {
    addEventListener('message', ({ data }) => resolve(data), { once: true });
    setTimeout(resolve, 3000, 'blocked');
  });
  frame.src = addressOf(headers, elsewhere);
  document.body.append(frame);
  const answer = await said;
  frame.remove();
  return answer;
}

const pair = (coep) => ({ coop: 'same-origin', coep });

export const laws = {
  'the two headers isolate a page, with require-corp and with credentialless': async () => {
    equal(await openedWith(pair('require-corp')), true, 'require-corp');
    equal(await openedWith(pair('credentialless')), true, 'credentialless');
  },
  'one header alone, or an opener policy that allows popups, does not': async () => {
    equal(await openedWith({ coop: 'same-origin' }), false, 'COOP alone');
    equal(await openedWith({ coep: 'require-corp' }), false, 'COEP alone');
    const popups = { coop: 'same-origin-allow-popups', coep: 'require-corp' };
    equal(await openedWith(popups), false, 'allow popups');
  },
  'Document-Isolation-Policy isolates a page by itself': async () => {
    equal(await openedWith({ dip: 'isolate-and-require-corp' }), true, 'require-corp');
    equal(await openedWith({ dip: 'isolate-and-credentialless' }), true, 'credentialless');
  },
  'a frame of another origin needs its own header, permission, and to be embeddable': async () => {
    const open = { coep: 'require-corp', corp: 'cross-origin' };
    equal(await framedWith(open, { allow: 'cross-origin-isolated' }), true, 'all three');
    equal(await framedWith(open, {}), false, 'without permission');
    equal(await framedWith({}, { allow: 'cross-origin-isolated' }), 'blocked', 'without header');
    equal(await framedWith({}, { credentialless: true }), false, 'without credentials');
  },
  'a worker script needs the embedder policy too': async () => {
    const answerOf = (url) =>
      new Promise((resolve) => {
        const worker = new Worker(url);
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = () => resolve('blocked');
      });
    const script = '/echo.js?';
    const coep = new URLSearchParams([[HEADERS.coep, 'require-corp']]);
    equal(await within(10_000, answerOf(script + coep), 'with'), true, 'with the header');
    equal(await within(10_000, answerOf(script), 'without'), 'blocked', 'without the header');
  },
  'the service worker of isolation.md isolates a page that is served without headers': async () => {
    const channel = new BroadcastChannel('isolation');
    const answers = [];
    const both = new Promise((resolve) => {
      channel.onmessage = ({ data }) => {
        answers.push(data);
        if (data === true) resolve();
      };
    });
    window.open('/isolating.html', '_blank', 'noopener');
    await within(20_000, both, 'an isolated page').finally(() => channel.close());
    check(answers[0] === false, `the first load says ${answers[0]}`);
  },
};
