/** The ESM and the CommonJS copy of the library in one thread: one seat, one family of errors. */
import { createRequire } from 'node:module';
import * as esm from 'frameslab';
import { describe, expect, test } from 'vitest';
import { expectAllHome, refused, smallPool, thrown } from './kit.js';

const cjs = createRequire(import.meta.url)('frameslab') as typeof esm;

describe('two copies in one thread', () => {
  test('are two copies, of one version', () => {
    expect(cjs.FramePool).not.toBe(esm.FramePool);
    expect(Object.keys(cjs).sort()).toEqual(Object.keys(esm).sort());
  });

  test('share one seat, whichever came first', () => {
    const one = smallPool({ threadsMax: 1 });
    const two = cjs.FramePool.attach(one.ref);
    expect(two).not.toBe(one);
    expect(two.seat).toBe(one.seat);
    expect(one.stats().threads).toHaveLength(1);
    expect(cjs.FramePool.attach(one.ref)).toBe(two);
    const other = cjs.FramePool.create({ frameSizeBytes: 64, frames: 2, threadsMax: 1 });
    expect(esm.FramePool.attach(other.ref).seat).toBe(0);
    expectAllHome(one);
  });

  test('share their references: what one acquires, the other can release', () => {
    const one = smallPool();
    const two = cjs.FramePool.attach(one.ref);
    const frame = one.acquireSync(5);
    expect(two.slots.refCount(frame.handle)).toBe(1);
    const message = frame.transfer();
    expect(two.adopt(message).release()).toBe(true);
    const handle = two.slots.acquire();
    expect(one.slots.release(handle)).toBe(true);
    refused(() => two.slots.release(handle), esm.StaleHandleError);
    expectAllHome(one);
  });

  test('open the same pool by name', () => {
    const one = esm.FramePool.open('copies', { frameSizeBytes: 64, frames: 2, threadsMax: 1 });
    const two = cjs.FramePool.open('copies');
    expect(two.buffer).toBe(one.buffer);
    expect(two.seat).toBe(one.seat);
  });

  test('close together', () => {
    const one = smallPool();
    const two = cjs.FramePool.attach(one.ref);
    const frame = two.acquireSync();
    refused(() => one.close(), esm.FramesHeldError);
    frame.release();
    two.close();
    refused(() => one.tryAcquire(), esm.PoolClosedError);
    expect(esm.FramePool.attach(one.ref)).not.toBe(one);
  });

  test('errors are instances across copies, and only of their own class', () => {
    const pool = cjs.FramePool.create({ frameSizeBytes: 64, frames: 1 });
    const fault = thrown(() => pool.slots.release(0));
    expect(fault).toBeInstanceOf(esm.StaleHandleError);
    expect(fault).toBeInstanceOf(cjs.StaleHandleError);
    expect(fault).toBeInstanceOf(esm.FrameslabError);
    expect(fault).toBeInstanceOf(Error);
    expect(fault).not.toBeInstanceOf(esm.TimeoutError);
    expect(fault).not.toBeInstanceOf(cjs.FrameReleasedError);
  });

  test('every error class has one code in both copies, and no other class has it', () => {
    const classes = Object.entries(esm).filter(([name]) => name.endsWith('Error'));
    const codes = classes.map(([name, value]) => {
      const code = (value as { code?: string }).code ?? new esm.FrameslabError('x').code;
      const twin = cjs[name as keyof typeof cjs] as { code?: string };
      expect([name, twin.code ?? new cjs.FrameslabError('x').code]).toEqual([name, code]);
      expect(code).toMatch(/^ERR_FRAMESLAB(_[A-Z]+)*$/);
      return code;
    });
    expect(codes).toHaveLength(18);
    expect(new Set(codes).size).toBe(codes.length);
  });

  test('what only looks like an error is none', () => {
    const code = esm.StaleHandleError.code;
    for (const value of [null, undefined, 'x', { code }, { code, message: 'x' }, new Error('x')]) {
      expect(value instanceof esm.StaleHandleError).toBe(false);
      expect(value instanceof esm.FrameslabError).toBe(false);
    }
    const foreign = Object.assign(new Error('x'), { code: 'ERR_SOMETHING' });
    expect(foreign instanceof esm.FrameslabError).toBe(false);
  });
});
