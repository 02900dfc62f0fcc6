/** A page that is served without the headers of isolation. */
import { FramePool, SharedMemoryUnavailableError } from '../../../dist/index.js';
import { check, equal, fails } from '../check.mjs';

const law = 'without isolation, create throws SharedMemoryUnavailableError and names both headers';

export const laws = {
  [law]: async () => {
    equal(globalThis.crossOriginIsolated, false, 'crossOriginIsolated');
    const fault = await fails(() => FramePool.create(), SharedMemoryUnavailableError);
    for (const header of [
      'Cross-Origin-Opener-Policy: same-origin',
      'Cross-Origin-Embedder-Policy: require-corp',
    ]) {
      check(fault.message.includes(header), `the message does not name ${header}: ${fault}`);
    }
  },
};
