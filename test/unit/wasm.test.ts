/** A slab inside a WebAssembly module's own memory: the module works on a frame where it lies. */
import { FramePool } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { expectAllHome } from './kit.js';

/*
 * (module
 *   (import "env" "memory" (memory 1 64 shared))
 *   (func (export "gain") (param $at i32) (param $end i32) (param $q8 i32)
 *     block $done
 *       loop $next
 *         local.get $at  local.get $end  i32.ge_u  br_if $done
 *         local.get $at
 *         local.get $at  i32.load16_s
 *         local.get $q8  i32.mul
 *         i32.const 8    i32.shr_s
 *         i32.store16
 *         local.get $at  i32.const 2  i32.add  local.set $at
 *         br $next
 *       end
 *     end))
 */
const MODULE = Uint8Array.from(
  Buffer.from(
    '0061736d01000000' + // magic, version 1
      '01070160037f7f7f00' + // type 0: (i32, i32, i32) -> ()
      '02100103656e76066d656d6f727902030140' + // env.memory: shared, 1 to 64 pages
      '03020100' + // function 0 has type 0
      '070801046761696e0000' + // export gain = function 0
      '0a2a012800' + // one body of 40 bytes, no locals
      '02400340' + // block, loop
      '200020014f0d01' + // at >= end (unsigned): leave the block
      '200020002e010020026c410875' + // at, load16_s(at) * q8 >> 8
      '3b0100' + // store16
      '200041026a2100' + // at += 2
      '0c000b0b0b', // again; ends
    'hex',
  ),
);

const PAGE = 65_536;

type Gain = (at: number, end: number, q8: number) => void;

function memoryOf(pages: number): { memory: WebAssembly.Memory; gain: Gain } {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 64, shared: true });
  const module = new WebAssembly.Module(MODULE);
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return { memory, gain: instance.exports['gain'] as Gain };
}

describe('a slab inside a shared WebAssembly.Memory', () => {
  const options = {
    frameSizeBytes: 1920,
    frames: 8,
    threadsMax: 2,
    cacheFrames: 2,
    headerBytes: 16,
    channels: { audio: { capacity: 4 } },
  } as const;

  test.each([0, 64, PAGE, PAGE + 64 * 7])(
    'at byte %s of dirty memory, a module works in place',
    (byteOffset) => {
      const { memory, gain } = memoryOf(16);
      const buffer = memory.buffer as unknown as SharedArrayBuffer;
      const all = new Uint8Array(buffer);
      all.fill(0xff);
      const pool = FramePool.create({ ...options, buffer, byteOffset });
      const end = byteOffset + FramePool.slabBytes(options);
      expect([pool.buffer, pool.byteOffset, pool.ref.byteOffset]).toEqual([
        buffer,
        byteOffset,
        byteOffset,
      ]);
      expect(pool.audit()).toMatchObject({
        ok: true,
        held: 0,
        cached: 0,
        free: 12,
        unaccounted: 0,
      });
      expect(pool.stats()).toMatchObject({ acquires: 0, denied: 0, waiters: 0, framesInUse: 0 });

      const frames = pool.acquireMany(8) ?? [];
      frames.forEach((frame, k) => {
        frame.write(Int16Array.from({ length: 960 }, (_, n) => (n - 480) * (k + 1)));
        gain(frame.byteOffset, frame.byteOffset + frame.length, 128);
      });
      frames.forEach((frame, k) => {
        const expected = Int16Array.from({ length: 960 }, (_, n) => ((n - 480) * (k + 1)) >> 1);
        expect(frame.view(Int16Array)).toEqual(expected);
        expect(frame.byteOffset).toBeGreaterThan(byteOffset);
        expect(frame.byteOffset + frame.capacity).toBeLessThanOrEqual(end);
        expect([frame.timestamp, frame.sequence, frame.tag]).toEqual([0, 0, 0]);
      });
      for (const frame of frames) frame.release();
      expectAllHome(pool);
      expect(all.subarray(0, byteOffset).every((byte) => byte === 0xff)).toBe(true);
      expect(all.subarray(end).every((byte) => byte === 0xff)).toBe(true);
      expect(FramePool.attach(structuredClone(pool.ref))).toBe(pool);
    },
  );

  test('two slabs in one memory are two pools', () => {
    const { memory } = memoryOf(16);
    const buffer = memory.buffer as unknown as SharedArrayBuffer;
    const next = Math.ceil(FramePool.slabBytes(options) / 64) * 64;
    const one = FramePool.create({ ...options, buffer });
    const two = FramePool.create({ ...options, buffer, byteOffset: next });
    const frames = [...(one.acquireMany(8, 1920) ?? []), ...(two.acquireMany(8, 1920) ?? [])];
    for (const [k, frame] of frames.entries()) frame.storage.fill(k);
    for (const [k, frame] of frames.entries()) {
      expect(frame.storage.every((byte) => byte === k)).toBe(true);
      frame.release();
    }
    expect(FramePool.attach(one.ref)).toBe(one);
    expect(FramePool.attach(two.ref)).toBe(two);
    expectAllHome(one);
    expectAllHome(two);
  });

  test('the memory may grow; the frames stay where they are', () => {
    const { memory, gain } = memoryOf(4);
    const buffer = memory.buffer as unknown as SharedArrayBuffer;
    const pool = FramePool.create({ ...options, buffer, byteOffset: 128 });
    const frame = pool.acquireSync().write(Int16Array.of(100, -100));
    memory.grow(4);
    gain(frame.byteOffset, frame.byteOffset + 4, 512);
    expect([...frame.view(Int16Array)]).toEqual([200, -200]);
    const grown = memory.buffer as unknown as SharedArrayBuffer;
    expect(FramePool.attach({ ...pool.ref, buffer: grown })).toBe(pool);
    frame.release();
    expectAllHome(pool);
  });

  test('a new slab on top of an old one begins from nothing', () => {
    const { memory } = memoryOf(16);
    const buffer = memory.buffer as unknown as SharedArrayBuffer;
    const old = FramePool.create({ ...options, buffer });
    old.acquireMany(5, 100);
    const pool = FramePool.create({ ...options, buffer, guard: 'verify' });
    expect(pool).not.toBe(old);
    expect(pool.stats()).toMatchObject({ acquires: 0, framesInUse: 0 });
    expectAllHome(pool);
  });
});
