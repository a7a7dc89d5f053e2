import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { HotKeys } from '../../../lib/board/hot-keys.js';
import { JournalLog } from '../../../lib/board/journal-log.js';
import { LoadTimes } from '../../../lib/board/load-times.js';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { seededRandom } from '../../support/seeded-random.js';
import { engine } from '../../support/engine.js';

const EMBED = fileURLToPath(new URL('../../../tools/embed-board.mjs', import.meta.url));

describe('the page', () => {
  it('is what was embedded last', () => {
    expect(() => execFileSync(process.execPath, [EMBED, '--check'], { stdio: 'pipe' })).not.toThrow();
  });
});

describe('the hottest keys', () => {
  it.each(['sieve', 'lru'] as const)('come first, with %s, and fade when nobody asks for them', async (eviction) => {
    const bench = engine({ memory: { eviction } }, new TestClock({ random: seededRandom(7) }));
    const hot = new HotKeys(bench.engine);
    hot.start();
    for (let id = 0; id < 200; id++) await bench.cache.set('users', `user-${id}`, id);
    for (let round = 0; round < 100; round++) {
      for (let id = 0; id < 200; id++) {
        const key = id % 2 === 0 ? `user-${id}` : 'user-7';
        await bench.cache.getOrLoad('users', key, () => id);
      }
    }
    await bench.clock.advance(2_000);
    const shown = hot.hottest();
    expect(shown[0]).toMatchObject({ cache: 'users', key: 'user-7' });
    expect(shown[0]!.perSecond).toBeGreaterThan(20 * shown[1]!.perSecond);
    expect(shown).toHaveLength(20);
    await bench.clock.advance(600_000);
    expect(hot.hottest()).toEqual([]);
    hot.close();
    await bench.cache.getOrLoad('users', 'user-7', () => 7);
  });

  it('are counted in caches with a budget of their own, made before or after', async () => {
    const bench = engine({ caches: { users: {}, own: { memory: { maxEntries: 10 } } } });
    const hot = new HotKeys(bench.engine);
    hot.start();
    await bench.cache.set('own', '1', 1);
    for (let round = 0; round < 100; round++) await bench.cache.getOrLoad('own', '1', () => 1);
    await bench.clock.advance(2_000);
    expect(hot.hottest().map(({ cache, key }) => [cache, key])).toEqual([['own', '1']]);
    hot.close();
  });

  it('evict as they did before while they are watched', async () => {
    const bench = engine({ memory: { maxEntries: 2 }, caches: { users: {} } });
    const hot = new HotKeys(bench.engine);
    hot.start();
    for (const key of ['a', 'b']) await bench.cache.set('users', key, key);
    await bench.cache.getOrLoad('users', 'a', () => 'new');
    await bench.cache.set('users', 'c', 'c');
    expect(await bench.cache.get('users', 'a')).toBe('a');
    expect(await bench.cache.get('users', 'b')).toBeUndefined();
    hot.close();
  });
});

describe('the slowest loaders', () => {
  it('are told by their last loads, failing ones counted', async () => {
    const bench = engine();
    const loads = new LoadTimes(bench.engine);
    loads.start();
    for (let ms = 1; ms <= 300; ms++) {
      bench.engine.note({ type: 'load', cache: 'users', ms, failed: ms === 300, background: false });
    }
    bench.engine.note({ type: 'load', cache: 'pages', ms: 5, failed: false, background: false });
    expect(loads.slowest()).toEqual([
      { cache: 'users', of: 256, meanMs: 172.5, p95Ms: 288, maxMs: 300, failed: 1 },
      { cache: 'pages', of: 1, meanMs: 5, p95Ms: 5, maxMs: 5, failed: 0 },
    ]);
    loads.close();
    bench.engine.note({ type: 'load', cache: 'pages', ms: 500, failed: false, background: false });
    expect(loads.slowest()[1]!.maxMs).toBe(5);
  });
});

describe('the log of the journal', () => {
  it('remembers the last two hundred records, and shows few tags of each', async () => {
    const bench = engine();
    const journal = new JournalLog(bench.engine);
    journal.start();
    await bench.cache.invalidate({ tags: Array.from({ length: 20 }, (_, tag) => `t${tag}`) });
    expect(journal.records).toMatchObject([{ position: 1, tags: { length: 8 }, more: 12 }]);
    const seen = journal.count;
    for (let record = 0; record < 250; record++) await bench.cache.invalidate({ tags: ['x'.repeat(500)] });
    expect(journal.records).toHaveLength(200);
    expect(journal.records[0]!.tags[0]!.length).toBeLessThan(210);
    expect(journal.since(seen)).toHaveLength(200);
    await bench.cache.invalidate({ tags: ['last'] });
    expect(journal.since(journal.count - 1)).toMatchObject([{ tags: ['tag last'] }]);
    journal.close();
    await bench.cache.invalidate({ tags: ['unheard'] });
    expect(journal.records.at(-1)).toMatchObject({ tags: ['tag last'] });
  });
});
