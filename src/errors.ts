/**
 * Every fault of frameslab: one class each, one stable `code` each, one sentence each.
 *
 * Invariants
 * 1. An error is thrown before anything was touched: what the caller held, it still holds.
 * 2. A message names the rule, the value that was given and the limit; where a slot is meant, the
 *    slot and its generation.
 * 3. `instanceof` works across copies of the library in one thread (ESM beside CommonJS), because
 *    it goes by `code`, not by identity.
 *
 * Any thread may construct these. Imports nothing.
 */

/** The root of every error that frameslab throws. `code` is stable; messages may improve. */
export class FrameslabError extends Error {
  /** A stable identifier, `ERR_FRAMESLAB_…`, for programs that branch on the kind of fault. */
  readonly code: string;

  /** @param message one sentence; @param code the stable identifier. */
  constructor(message: string, code = 'ERR_FRAMESLAB') {
    super(message);
    this.code = code;
    this.name = new.target.name;
  }

  /** True for an error of this class made by any copy of the library. */
  static override [Symbol.hasInstance](this: unknown, value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    const wanted = (this as { readonly code?: string }).code;
    const found = (value as { readonly code?: unknown }).code;
    if (typeof found !== 'string' || !(value instanceof Error)) return false;
    return wanted === undefined ? found.startsWith('ERR_FRAMESLAB') : found === wanted;
  }
}

/** No slot is free, and the call may not wait for one. */
export class PoolExhaustedError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_POOL_EXHAUSTED';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, PoolExhaustedError.code);
  }
}

/** What was waited for did not happen within `timeoutMs`. */
export class TimeoutError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_TIMEOUT';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, TimeoutError.code);
  }
}

/** A frame object was used after its last reference had been released, transferred or sent. */
export class FrameReleasedError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_FRAME_RELEASED';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, FrameReleasedError.code);
  }
}

/** A handle that names no reference of this thread: stale, forged, foreign, or adopted twice. */
export class StaleHandleError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_STALE_HANDLE';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, StaleHandleError.code);
  }
}

/** A write to a frame that somebody else can read at this moment. */
export class FrameSharedError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_FRAME_SHARED';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, FrameSharedError.code);
  }
}

/** Guard `verify`: the bytes of a frame changed while it was shared, or after its release. */
export class FrameModifiedError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_FRAME_MODIFIED';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, FrameModifiedError.code);
  }
}

/** An external frame (`wrap`, or an oversize `write`) where only a pooled one will do. */
export class ExternalFrameError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_EXTERNAL_FRAME';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, ExternalFrameError.code);
  }
}

/** One more reference than a frame can count. */
export class RefCountOverflowError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_REF_COUNT_OVERFLOW';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, RefCountOverflowError.code);
  }
}

/** `FramePool.open` of a name that this thread cannot know. */
export class PoolNotFoundError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_POOL_NOT_FOUND';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, PoolNotFoundError.code);
  }
}

/** A pool object was used after `close()`. */
export class PoolClosedError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_POOL_CLOSED';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, PoolClosedError.code);
  }
}

/** More bytes than a frame has room for. */
export class FrameTooLargeError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_FRAME_TOO_LARGE';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, FrameTooLargeError.code);
  }
}

/** `close()` while this thread still holds frames; `handles` names them. */
export class FramesHeldError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_FRAMES_HELD';
  /** The handles that this thread still holds, each once. */
  readonly handles: readonly number[];
  /** @param message one sentence; @param handles what is still held. */
  constructor(message: string, handles: readonly number[]) {
    super(message, FramesHeldError.code);
    this.handles = handles;
  }
}

/** A buffer that is not a slab, is cut short, damaged, or written by another version. */
export class SlabFormatError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_SLAB_FORMAT';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, SlabFormatError.code);
  }
}

/** More threads than the slab has seats. */
export class SeatsExhaustedError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_SEATS_EXHAUSTED';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, SeatsExhaustedError.code);
  }
}

/** Sending to a channel that was closed. */
export class ChannelClosedError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_CHANNEL_CLOSED';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, ChannelClosedError.code);
  }
}

/** An option or argument of the wrong type, outside its range, or at odds with another one. */
export class InvalidOptionError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_INVALID_OPTION';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, InvalidOptionError.code);
  }
}

/** This engine or page offers no shared memory, or not as much as the slab needs. */
export class SharedMemoryUnavailableError extends FrameslabError {
  /** The stable code of this class. */
  static readonly code: string = 'ERR_FRAMESLAB_SHARED_MEMORY_UNAVAILABLE';
  /** @param message one sentence. */
  constructor(message: string) {
    super(message, SharedMemoryUnavailableError.code);
  }
}
