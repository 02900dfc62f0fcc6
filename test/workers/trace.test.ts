/** Who holds what since when and from where: seen from other threads, after death, at the end. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Frame, FramePool, FramesHeldError } from 'frameslab';
import { describe, expect, test } from 'vitest';
import { play } from './actors.js';

const OPTIONS = {
  frames: 200,
  cacheFrames: 1,
  threadsMax: 4,
  frameSizeBytes: 64,
  channels: { work: { capacity: 4 } },
} as const;

describe('inspect with trace', () => {
  test('names the holder, and the file and function that acquired, also after its death', async () => {
    const pool = FramePool.create({ ...OPTIONS, trace: true });
    const actor = play('holdFromAFunction', { pool }, { name: 'camera' });
    const seat = await actor.said<number>('attached');
    const handle = await actor.said<number>('holds');
    await new Promise((resolve) => setTimeout(resolve, 5));
    const look = (): void => {
      const rows = pool.inspect();
      expect(rows.length).toBe(1);
      const [row] = rows;
      expect(row).toMatchObject({ handle, references: 2, messages: [], inLanes: 0 });
      expect(row?.holders).toMatchObject([{ seat, count: 2 }]);
      expect(row?.holders[0]?.name).toMatch(/^(camera|worker \d+)$/);
      expect(row?.ageMs).toBeGreaterThan(0);
      expect(row?.ageMs).toBeLessThan(3_600_000);
      const [first] = row?.stack?.split('\n') ?? [];
      expect(first).toMatch(/acquireForTheCamera .*scenes\.mjs:\d+:\d+/);
      expect(row?.stack).not.toContain('/dist/');
    };
    look();
    await actor.kill();
    look();
    expect(pool.reclaim(seat, { ended: true }).freed).toBeGreaterThan(0);
    expect(pool.inspect()).toEqual([]);
  });

  test('shows messages with their sender, and the lease’s stack, in flight and in a lane', async () => {
    const pool = FramePool.create({ ...OPTIONS, trace: true });
    const actor = play('hold', { pool, given: { end: 'sit' } });
    pool.watch(actor.worker);
    const seat = await actor.said<number>('attached');
    const message = await actor.said<number>('message');
    await actor.said('holds');
    await actor.kill();
    const rows = pool.inspect();
    expect(rows.map((row) => row.inLanes).sort()).toEqual([0, 1]);
    for (const row of rows) {
      expect(row.holders).toEqual([]);
      expect(row.stack).toMatch(/frameOf .*scenes\.mjs/);
    }
    const flying = rows.find((row) => row.inLanes === 0);
    expect(flying?.messages).toMatchObject([{ to: -1, count: 1, sender: seat }]);
    expect(pool.revoke(message)).toBe(true);
    pool.channel('work').tryReceive()?.release();
    expect(pool.inspect()).toEqual([]);
  });

  test('at a sampling rate traces some leases, and clears what the last lease left', () => {
    const pool = FramePool.create({ ...OPTIONS, trace: 0.5 });
    for (let round = 0; round < 3; round++) {
      const frames = pool.acquireMany(200) as Frame[];
      const rows = pool.inspect();
      const traced = rows.filter((row) => row.stack !== undefined);
      expect(rows.length).toBe(200);
      // 2^-200 that it is none or all of them, whatever the dice say.
      expect(traced.length).toBeGreaterThan(0);
      expect(traced.length).toBeLessThan(200);
      for (const row of traced) expect(row.ageMs).toBeGreaterThanOrEqual(0);
      for (const row of rows) expect('stack' in row).toBe('ageMs' in row);
      for (const frame of frames) frame.release();
    }
  });

  test('without trace says neither age nor stack', () => {
    const pool = FramePool.create(OPTIONS);
    const frame = pool.tryAcquire() as Frame;
    const [row] = pool.inspect();
    expect(row?.holders).toMatchObject([{ seat: pool.seat, count: 1 }]);
    expect(row).not.toHaveProperty('stack');
    expect(row).not.toHaveProperty('ageMs');
    frame.release();
  });
});

describe('close', () => {
  test('names the frames that are still held, and where they were acquired', () => {
    for (const trace of [true, false]) {
      const pool = FramePool.create({ ...OPTIONS, trace });
      const frames = [pool.tryAcquire(), pool.tryAcquire()] as Frame[];
      let fault: unknown;
      try {
        pool.close();
      } catch (thrown) {
        fault = thrown;
      }
      expect(fault).toBeInstanceOf(FramesHeldError);
      const { message, handles } = fault as FramesHeldError;
      expect([...handles].sort()).toEqual(frames.map((frame) => frame.handle).sort());
      for (const frame of frames) expect(message).toContain(`${frame.slot}`);
      if (trace) expect(message).toMatch(/acquired at .*trace\.test\.ts:\d+:\d+/);
      else expect(message).not.toContain('acquired at');
      for (const frame of frames) frame.release(); // still attached
      pool.close();
    }
  });
});

/** Runs a program with the library, and answers what it said. */
function run(code: string, ...flags: string[]) {
  const library = new URL('../../dist/node.js', import.meta.url).href;
  const source = `import { FramePool } from ${JSON.stringify(library)};
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    ${code}`;
  // A file, not --eval: runtimes differ in how they take a module from the command line.
  const folder = mkdtempSync(join(tmpdir(), 'frameslab-trace-'));
  const file = join(folder, 'program.mjs');
  writeFileSync(file, source);
  const ran = spawnSync(process.execPath, [...flags, file], { encoding: 'utf8', timeout: 50_000 });
  rmSync(folder, { recursive: true });
  return { ...ran, lines: ran.stdout.split('\n').filter((line) => line !== '') };
}

const LOSE = `
  const pool = FramePool.create({ frames: 4, trace: TRACE });
  const heard = [];
  process.on('warning', (warning) => heard.push(warning));
  function loseOne() { pool.tryAcquire(); }
  function keepOne() { const frame = pool.tryAcquire(); frame.release(); }
  function giveOne() { pool.tryAcquire().transfer(); }
  loseOne(); keepOne(); giveOne();
  for (let k = 0; k < 100 && heard.length === 0; k++) { gc(); await wait(5); }
  for (let k = 0; k < 5; k++) { gc(); await wait(1); }
  for (const { name, message, detail } of heard) console.log(JSON.stringify({ name, message, detail }));
  console.log('held ' + pool.stats().threads[0].held);
`;

describe('a frame object that is garbage-collected without release', () => {
  test('is reported once, with the stack that made it, and nothing is given back', () => {
    const { lines, status } = run(LOSE.replace('TRACE', 'true'), '--expose-gc');
    expect(status).toBe(0);
    expect(lines.length).toBe(2);
    const warning = JSON.parse(lines[0] as string);
    expect(warning.name).toBe('FrameLeakWarning');
    expect(warning.message).toMatch(/garbage-collected without release\(\)/);
    expect(warning.detail).toContain('loseOne');
    expect(warning.detail).not.toContain('/dist/');
    expect(lines[1]).toBe('held 1');
  });

  test('is not reported without trace', () => {
    const { lines, stderr } = run(LOSE.replace('TRACE', 'false'), '--expose-gc');
    expect(lines).toEqual(['held 1']);
    expect(stderr).toBe('');
  });
});

describe('the end of a process', () => {
  const HOLD = `
    const pool = FramePool.create({ frames: 4, trace: TRACE });
    // Not a plain return: a tail call leaves no trace in Bun's engine.
    function forgetful() { const frame = pool.tryAcquire(); frame.tag = 1; return frame; }
    globalThis.kept = forgetful();
    END
  `;
  test.for(['', 'process.exit(0);', 'process.exitCode = 0;'])(
    'with trace reports what is held, and where it was acquired (%s)',
    (end) => {
      const { stderr, status } = run(HOLD.replace('TRACE', 'true').replace('END', end));
      expect(status).toBe(0);
      expect(stderr).toContain('FrameLeakWarning');
      expect(stderr).toMatch(/held 1 frame\(s\), in slot\(s\) \d+/);
      expect(stderr).toContain('forgetful');
    },
  );

  test('with source maps names the place outside the library all the same', () => {
    const source = HOLD.replace('TRACE', 'true').replace('END', '');
    const { stderr } = run(source, '--enable-source-maps');
    expect(stderr).toMatch(/acquired at .*program\.mjs/);
    expect(stderr).not.toContain('/src/');
  });

  test('without trace, or with nothing held, is silent', () => {
    const held = run(HOLD.replace('TRACE', 'false').replace('END', ''));
    expect([held.stderr, held.status]).toEqual(['', 0]);
    const released = run(HOLD.replace('TRACE', 'true').replace('END', 'kept.release();'));
    expect([released.stderr, released.status]).toEqual(['', 0]);
    const closed = run(
      HOLD.replace('TRACE', 'true').replace('END', 'kept.release(); pool.close();'),
    );
    expect([closed.stderr, closed.status]).toEqual(['', 0]);
  });
});
