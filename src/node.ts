/**
 * The entry on Node, Bun and Deno: the same library, with a host that knows real thread numbers and
 * what threads inherit. The host is installed by the expression that makes `FramePool`, so that a
 * bundler which drops unused side effects cannot drop it.
 */
import { FramePool as CorePool } from './pool/frame-pool.js';
import { installHost } from './threads/host.js';
import { nodeHost } from './threads/host-node.js';

export * from './index.js';

/** A pool of frames in one slab, as one thread uses it. */
export const FramePool: typeof CorePool = /* @__PURE__ */ installHost(nodeHost, CorePool);
/** A pool of frames in one slab, as one thread uses it. */
export type FramePool = CorePool;
