/**
 * The public names of frameslab: everything a program may import, and nothing else.
 * Platform-neutral; on Node, Bun and Deno the entry is `node.ts`, which adds their host.
 */
export { FrameChannel } from './channel.js';
export * from './errors.js';
export type { ExternalFrameMessage } from './external.js';
export { Frame, type FrameMessage, type NodeBuffer, type TypedArrayClass } from './frame.js';
export { FramePool, type FramePoolRef } from './frame-pool.js';
export type { AuditProblem, AuditReport } from './inspect/audit.js';
export type { Holder, MessageReport, SlotReport } from './inspect/report.js';
export type { ChannelStats, PoolStats, ThreadStats } from './inspect/stats.js';
export type { ReclaimReport } from './reclaim.js';
export type {
  ChannelMode,
  ChannelOptions,
  FramePoolOptions,
  GuardMode,
  OversizePolicy,
  WhenFull,
} from './slab/geometry.js';
export { LIBRARY_VERSION as version } from './slab/slab.js';
export type { MessageOptions, SlotTable } from './slot-table.js';
export type { WaitOptions } from './waiting.js';
export type { WatchableThread } from './watch.js';
export type { Handle } from './words/handle.js';
