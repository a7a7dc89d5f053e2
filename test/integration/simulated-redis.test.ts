import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rehearsal } from '../simulation/redis/differential.js';
import { sequences } from '../simulation/redis/drawn.js';
import { RealRedis } from '../simulation/redis/real-redis.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

const SEQUENCES = 2_000;
const OUTCOMES = [
  'append',
  'append: epoch begun',
  'sync: epoch begun',
  'sync: nothing new',
  'sync: rebuild after a gap',
  'sync: rebuild of another epoch',
  'sync: records',
  'lock taken',
  'lock not taken',
  'all locks taken',
  'some locks taken',
  'no lock taken',
  'released',
  'not released',
  'renewed',
  'not renewed',
  'refused: CACHEFORMAT',
  'refused: ERR',
  'refused: WRONGTYPE',
];

describe.each(['redis', 'valkey'] as const)('the simulated Redis, beside a real %s', (flavour) => {
  let server: RedisServer;
  let client: Redis;

  beforeAll(async () => {
    server = await startRedis({ flavour });
    // in RESP3 `call` gives the replies of some commands another form
    client = new Redis(server.url, { protocol: 2 });
  });

  afterAll(async () => {
    client?.disconnect();
    await server?.stop();
  });

  it(`answers ${SEQUENCES} random sequences of commands alike`, async () => {
    const real = new RealRedis(client);
    await real.loadScripts();
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(sequences, async (sequence) => {
        const { commands, outcomes } = new Rehearsal(real, sequence);
        const replies = await real.execute(commands.map(({ command }) => command));
        const answered = commands.map(({ command, read }, index) => ({ command, reply: read(replies[index]) }));
        expect(answered).toEqual(commands.map(({ command, expected }) => ({ command, reply: expected })));
        for (const outcome of outcomes) seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }),
      { numRuns: SEQUENCES },
    );
    // what doesn't come about isn't compared
    expect([...seen].filter(([, times]) => times >= 50).map(([outcome]) => outcome)).toEqual(
      expect.arrayContaining(OUTCOMES),
    );
  });
});
