/**
 * Bytes in the shapes that callers want: typed arrays, Node's `Buffer`, whatever `write` is given.
 *
 * Pure but for the views that they make; any thread. Bad input is an `InvalidOptionError`.
 */
import { InvalidOptionError } from '../errors.js';
import { describe } from '../slab/geometry.js';
import { isSharedBuffer } from '../slab/slab.js';

/** A class of typed arrays, as `view` takes it. */
export interface TypedArrayClass<T> {
  /** Bytes per element. */
  readonly BYTES_PER_ELEMENT: number;
  /** A view of `length` elements. */
  new (buffer: SharedArrayBuffer, byteOffset: number, length: number): T;
}

/** Node's `Buffer` where its types are known, a plain byte view elsewhere. */
export type NodeBuffer = typeof globalThis extends { Buffer: { prototype: infer B } }
  ? B
  : Uint8Array<SharedArrayBuffer>;

/** `Symbol.dispose`, also on engines that do not have it yet. */
export const DISPOSE: typeof Symbol.dispose =
  Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose);

/**
 * The same bytes as another typed array, in place. Throws if they are no whole, aligned elements.
 */
export function viewOf<T>(bytes: Uint8Array<SharedArrayBuffer>, type: TypedArrayClass<T>): T {
  const size = type?.BYTES_PER_ELEMENT;
  // Bun's DataView has a BYTES_PER_ELEMENT, against the language.
  const isDataView = (type as unknown) === DataView;
  if (typeof type !== 'function' || !Number.isInteger(size) || isDataView) {
    throw new InvalidOptionError(`view takes a class of typed arrays, got ${describe(type)}`);
  }
  if (bytes.byteLength % size !== 0 || bytes.byteOffset % size !== 0) {
    throw new InvalidOptionError(
      `a view of ${size}-byte elements needs a length and an offset that are multiples of ` +
        `${size}, got ${bytes.byteLength} bytes at ${bytes.byteOffset}`,
    );
  }
  return new type(bytes.buffer, bytes.byteOffset, bytes.byteLength / size);
}

/** A Node `Buffer` over the same bytes. Throws where there is no `Buffer`. */
export function bufferOver({ buffer, byteOffset, byteLength }: Uint8Array): NodeBuffer {
  const maker = (globalThis as { Buffer?: { from(...parts: unknown[]): unknown } }).Buffer;
  if (maker === undefined) throw new InvalidOptionError('this platform has no Buffer: use bytes');
  return maker.from(buffer, byteOffset, byteLength) as NodeBuffer;
}

/** Copies the bytes of one view over another of the same length. */
export function copyView(from: DataView, to: DataView): void {
  const source = new Uint8Array(from.buffer, from.byteOffset, from.byteLength);
  new Uint8Array(to.buffer, to.byteOffset, to.byteLength).set(source);
}

/** The bytes of whatever `write` is given, without a copy. */
export function bytesOf(data: ArrayBufferView | ArrayBufferLike): Uint8Array {
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (data instanceof ArrayBuffer || isSharedBuffer(data)) return new Uint8Array(data);
  throw new InvalidOptionError(
    `write takes a typed array, a DataView, an ArrayBuffer or a SharedArrayBuffer, got ` +
      describe(data),
  );
}
