/** A thread that is killed between any two steps of a send or a receive stalls nobody. */
import { FramePool } from 'frameslab';
import { expect, test } from 'vitest';
import { Crew, expectAllHome, type Player, pause, resultsOf, seedOfRun, until } from './crew.js';
import { randomFrom } from './payload.js';

interface Scene {
  readonly name: string;
  readonly mode: 'queue' | 'broadcast';
  readonly whenFull?: 'drop-oldest';
  /** The roles that are played at once; each is killed and cast again in turn. */
  readonly cast: readonly (readonly [role: string, data: object])[];
}

const SCENES: readonly Scene[] = [
  {
    name: 'a queue whose ends block',
    mode: 'queue',
    cast: [
      ['sendForEver', { form: 'sync' }],
      ['sendForEver', { form: 'now' }],
      ['receiveForEver', { form: 'sync' }],
      ['receiveForEver', { form: 'now' }],
    ],
  },
  {
    name: 'a queue whose ends wait with promises',
    mode: 'queue',
    cast: [
      ['sendForEver', { form: 'promise' }],
      ['sendForEver', { form: 'promise' }],
      ['receiveForEver', { form: 'promise' }],
      ['receiveForEver', { form: 'sync' }],
    ],
  },
  {
    name: 'a broadcast with back-pressure',
    mode: 'broadcast',
    cast: [
      ['sendForEver', { form: 'sync' }],
      ['sendForEver', { form: 'now' }],
      ['receiveForEver', { form: 'sync', subscribe: true }],
      ['receiveForEver', { form: 'promise', subscribe: true }],
    ],
  },
  {
    name: 'a broadcast that drops the oldest',
    mode: 'broadcast',
    whenFull: 'drop-oldest',
    cast: [
      ['sendForEver', { form: 'now' }],
      ['sendForEver', { form: 'now' }],
      ['receiveForEver', { form: 'now', subscribe: true }],
      ['receiveForEver', { form: 'sync', subscribe: true }],
    ],
  },
];

const KILLS = 8;

test.for(SCENES.map((scene) => [scene.name, scene] as const))(
  '%s: whoever is killed, the others go on and every slot comes home',
  async ([, { mode, whenFull, cast }]) => {
    const seed = seedOfRun();
    const random = randomFrom(seed);
    const pool = FramePool.create({
      frameSizeBytes: 64,
      frames: 48,
      cacheFrames: 2,
      threadsMax: 8,
      channels: { work: { mode, capacity: 4, ...(whenFull === undefined ? {} : { whenFull }) } },
    });
    const crew = new Crew(pool);
    crew.go();
    const play = async (part: number): Promise<Player> => {
      const [role, data] = cast[part] ?? ['nobody', {}];
      const player = await crew.start(role, { ...data, channel: 'work' });
      pool.watch(player.worker);
      return player;
    };
    const players: Player[] = [];
    for (const part of cast.keys()) players.push(await play(part));
    const traffic = (): number => {
      const [row] = pool.stats().channels;
      return (row?.sent ?? 0) + (row?.received ?? 0);
    };
    for (let kill = 0; kill < KILLS; kill++) {
      await pause(random(12));
      const part = random(cast.length);
      const victim = players[part] as Player;
      await victim.worker.terminate();
      await victim.gone;
      // Its seat is empty, and frames move on between those who are left and who came instead.
      await until(() => pool.stats().threads.every(({ seat }) => seat !== victim.seat));
      players[part] = await play(part);
      const before = traffic();
      await until(() => traffic() >= before + 100).catch(() => {
        throw new Error(`stalled after kill ${kill} of part ${part}, seed ${seed}`);
      });
    }
    crew.stop();
    pool.channel('work').close();
    const parting = await Promise.allSettled(players.map(({ result }) => result));
    // A sender may find the channel closed under it: it dies of that, and is reclaimed as well.
    for (const outcome of parting) {
      if (outcome.status === 'fulfilled') continue;
      expect((outcome.reason as { code?: string }).code).toBe('ERR_FRAMESLAB_CHANNEL_CLOSED');
    }
    await Promise.all(players.map(({ gone }) => gone));
    await until(() => pool.stats().threads.length === 1);
    if (mode === 'queue') {
      for (let k = 0; k < 1000; k++)
        if (pool.channel('work').tryReceive()?.release() === undefined) break;
    }
    const audit = pool.audit({ repair: true });
    expect(audit.problems, `seed ${seed}`).toEqual([]);
    expectAllHome(pool);
    pool.close();
  },
);

test.for([
  [1, 0],
  [2, 1],
] as const)(
  'whoever dies waiting or with a frame delivered (%i frames, caches of %i): the others are served',
  async ([frames, cacheFrames]) => {
    const seed = seedOfRun();
    const random = randomFrom(seed);
    const pool = FramePool.create({ frameSizeBytes: 64, frames, cacheFrames, threadsMax: 6 });
    const crew = new Crew(pool);
    crew.go();
    const play = async (): Promise<Player> => {
      const form = random(3) === 0 ? 'promise' : 'sync';
      const player = await crew.start('acquireForEver', { form });
      pool.watch(player.worker);
      return player;
    };
    const players: Player[] = [];
    for (let k = 0; k < 4; k++) players.push(await play());
    for (let kill = 0; kill < KILLS; kill++) {
      await pause(random(5));
      const part = random(players.length);
      const victim = players[part] as Player;
      await victim.worker.terminate();
      await victim.gone;
      await until(() => pool.stats().threads.every(({ seat }) => seat !== victim.seat));
      const { acquires } = pool.stats();
      await until(() => pool.stats().acquires >= acquires + 100).catch(() => {
        throw new Error(`stalled after kill ${kill}, seed ${seed}`);
      });
      (await pool.acquire()).release();
      players[part] = await play();
    }
    crew.stop();
    await resultsOf(players);
    expect(pool.audit({ repair: true }).problems, `seed ${seed}`).toEqual([]);
    expect(pool.stats().waiters).toBe(0);
    expectAllHome(pool);
    pool.close();
  },
);
