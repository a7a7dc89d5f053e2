import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Invalidation } from '../../lib/cache.service.js';
import { newNamespace, startMachine } from '../support/machines.js';
import { startRedis, type RedisServer } from '../support/servers/redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

describe('a written value', () => {
  it.each<[string, Invalidation]>([
    ['by tag', { tags: ['row:1'] }],
    ['by cache', { caches: ['rows'] }],
    ['by everything', { all: true }],
    ['softly', { tags: ['row:1'], mode: 'soft' }],
  ])('isn’t kept when it is invalidated %s in the same turn, and so in the same record', async (_how, invalidation) => {
    const machine = await startMachine(server, { namespace: newNamespace(), caches: { rows: {} } });
    const { cache: service } = machine;
    const put = (): Promise<string> => service.put('rows', '1', () => 'written', { tags: ['row:1'] });
    await put();
    expect(await service.get('rows', '1')).toBe('written');

    await Promise.all([put(), service.invalidate(invalidation)]);
    expect(await service.get('rows', '1')).toBeUndefined();

    await Promise.all([put(), Promise.resolve().then(() => service.invalidate(invalidation))]);
    expect(await service.get('rows', '1')).toBeUndefined();
  });
});
