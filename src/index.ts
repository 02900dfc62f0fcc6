/**
 * The public names of frameslab: everything a program may import, and nothing else.
 * Platform-neutral; on Node, Bun and Deno the entry is `node.ts`, which adds their host.
 */

export * from './errors.js';
export type { ExternalFrameMessage } from './frames/external.js';
export { Frame, type FrameMessage } from './frames/frame.js';
export type { MessageOptions, SlotTable } from './frames/slot-table.js';
export type { NodeBuffer, TypedArrayClass } from './frames/views.js';
export type { AuditProblem, AuditReport } from './inspect/audit.js';
export { type RenderOptions, renderSlab } from './inspect/render.js';
export type { Holder, InspectOptions, MessageReport, SlotReport } from './inspect/report.js';
export type { ChannelStats, PoolStats, ThreadStats } from './inspect/stats.js';
export { FrameChannel } from './pool/channel.js';
export { FramePool, type FramePoolRef } from './pool/frame-pool.js';
export type { WatchableThread } from './pool/watch.js';
export type { ReclaimReport } from './references/reclaim.js';
export type {
  ChannelMode,
  ChannelOptions,
  FramePoolOptions,
  GuardMode,
  OversizePolicy,
  WhenFull,
} from './slab/geometry.js';
export { LIBRARY_VERSION as version } from './slab/slab.js';
export type { ExhaustedEvent, LeakEvent, PoolEvent, ReclaimEvent } from './threads/events.js';
export type { WaitOptions } from './waiting/waiting.js';
export type { Handle } from './words/handle.js';
