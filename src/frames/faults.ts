/**
 * The sentences about frame objects that cannot do what was asked. Pure; any thread.
 */
import {
  ExternalFrameError,
  FrameReleasedError,
  FrameSharedError,
  FrameTooLargeError,
  InvalidOptionError,
} from '../errors.js';

/** The object has no reference left. */
export function spentError(handle: number): FrameReleasedError {
  return new FrameReleasedError(
    `this frame object (handle ${handle}) has no reference left: it was released, transferred or ` +
      'sent',
  );
}

/** More bytes than the frame has room for. */
export function tooLargeError(capacity: number, length: number): FrameTooLargeError {
  return new FrameTooLargeError(
    `this frame holds ${capacity} bytes (frameSizeBytes, or the length that was wrapped), ` +
      `got ${length}`,
  );
}

/** A shared frame would have to move. */
export function sharedMoveError(): FrameSharedError {
  return new FrameSharedError('a shared frame cannot be moved to be enlarged: see unshare()');
}

/** A channel was given an external frame. */
export function externalInChannelError(): ExternalFrameError {
  return new ExternalFrameError(
    'a channel carries frames of its pool: send an external frame as a message, see transfer()',
  );
}

/** A channel was given a frame of another pool. */
export function foreignFrameError(): InvalidOptionError {
  return new InvalidOptionError('this frame belongs to another pool than the channel');
}
