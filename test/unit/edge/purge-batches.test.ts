import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { keys, purgerOver, total } from './edge-double.js';

describe('keys to purge', () => {
  it('are sent together, each once, when the first of them has waited long enough', async () => {
    const { purger, clock, requests } = purgerOver();
    purger.purge(['a', 'b', 'a'], 'hard');
    await clock.advance(49);
    purger.purge(['b', 'c'], 'hard');
    expect([requests(), purger.status().pending]).toEqual([[], 3]);
    await clock.advance(1);
    expect(requests()).toEqual(['50 hard a b c']);
    expect(purger.status()).toEqual({ purged: 3, failed: 0, retried: 0, dropped: 0, pending: 0, lastError: undefined });
    expect(clock.pendingTimers).toBe(0);
  });

  it('are sent at once when there are enough, but not before the caller goes on', async () => {
    const { purger, clock, requests } = purgerOver({ maxKeys: 3 });
    purger.purge(['a', 'b'], 'hard');
    await clock.advance(10);
    purger.purge(['c'], 'hard');
    await new Promise((resolve) => setImmediate(resolve));
    expect(requests()).toEqual([]);
    await clock.advance(0);
    expect(requests()).toEqual(['10 hard a b c']);
  });

  it('that are many go in requests of the largest size, one after the other', async () => {
    const { purger, clock, edge, sent, requests } = purgerOver({ maxKeys: 2 });
    edge.does = 'holds';
    purger.purge(keys(5), 'hard');
    await clock.advance(100);
    expect(requests()).toEqual(['0 hard k0 k1']);
    edge.releaseAll();
    await clock.advance(0);
    edge.releaseAll();
    await clock.advance(0);
    edge.releaseAll();
    await clock.advance(0);
    expect(sent.map((each) => each.keys)).toEqual(['k0 k1', 'k2 k3', 'k4']);
    expect(purger.status()).toMatchObject({ purged: 5, pending: 0 });
  });

  it('that come while others are under way wait for those, and for company', async () => {
    const { purger, clock, edge, requests } = purgerOver();
    edge.does = 'holds';
    purger.purge(['a'], 'hard');
    await clock.advance(60);
    // it may have been purged before this was called for
    purger.purge(['a'], 'hard');
    await clock.advance(30);
    purger.purge(['b'], 'hard');
    expect([requests(), purger.status().pending]).toEqual([['50 hard a'], 3]);
    edge.releaseAll();
    await clock.advance(19);
    expect(requests()).toEqual(['50 hard a']);
    await clock.advance(1);
    expect(requests()).toEqual(['50 hard a', '110 hard a b']);
  });

  it('are swallowed when they wait to be purged hard, and not when they wait to be purged softly', async () => {
    const { purger, clock, requests } = purgerOver();
    purger.purge(['a', 'b'], 'soft');
    purger.purge(['a', 'c'], 'hard');
    purger.purge(['c', 'd'], 'soft');
    await clock.advance(50);
    expect(requests().sort()).toEqual(['50 hard a c', '50 soft b d']);
    expect(total({ purger })).toBe(4);
  });

  it('of one mode don’t wait for those of the other', async () => {
    const { purger, clock, edge, requests } = purgerOver();
    edge.does = 'holds';
    edge.only = 'soft';
    purger.purge(['a'], 'soft');
    await clock.advance(50);
    purger.purge(['b'], 'hard');
    await clock.advance(50);
    expect(requests()).toEqual(['50 soft a', '100 hard b']);
    expect(purger.status()).toMatchObject({ purged: 1, pending: 1 });
  });

  it('that are none set nothing in motion', () => {
    const { purger, clock } = purgerOver();
    purger.purge([], 'hard');
    expect(clock.pendingTimers).toBe(0);
  });

  it('are sent outside of what the caller is in', async () => {
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { purger, clock } = purgerOver({ send: () => seen.push(request.getStore()) });
    request.run('request 1', () => purger.purge(['a'], 'hard'));
    await clock.advance(50);
    expect(seen).toEqual([undefined]);
  });

  it('can’t be changed by who sends them', async () => {
    const { purger, clock, told } = purgerOver({
      retries: 0,
      send: (purge) => (purge.keys as string[]).splice(0),
    });
    purger.purge(['a'], 'hard');
    await clock.advance(50);
    expect(purger.status()).toMatchObject({ purged: 0, failed: 1 });
    expect(told[0]).toContain('Cannot');
  });
});

describe('more keys than may wait', () => {
  it('become one purge of everything where the edge can do that', async () => {
    const { purger, clock, edge, requests, told } = purgerOver({ canPurgeAll: true, maxQueuedKeys: 4, maxKeys: 2 });
    edge.does = 'holds';
    purger.purge(keys(2), 'hard');
    await clock.advance(0);
    purger.purge(keys(4, 'soft'), 'soft');
    purger.purge(['one too many'], 'hard');
    purger.purge(['after that'], 'soft');
    expect(purger.status()).toMatchObject({ dropped: 0, pending: 7 });
    edge.does = 'answers';
    edge.releaseAll();
    await clock.advance(50);
    expect(requests()).toEqual(['0 hard k0 k1', '0 hard everything']);
    expect(purger.status()).toMatchObject({ purged: 7, dropped: 0, pending: 0 });
    expect(told).toEqual([
      'more than 4 keys wait to be purged at the edge: everything is purged instead',
      'purges at the edge keep up again',
    ]);
  });

  it('are purged softly if none of them was to be purged hard, and hard ones go beside that', async () => {
    const { purger, clock, edge, requests } = purgerOver({ canPurgeAll: true, maxQueuedKeys: 2 });
    edge.does = 'holds';
    purger.purge(['first'], 'soft');
    await clock.advance(50);
    purger.purge(keys(3), 'soft');
    purger.purge(['x'], 'hard');
    purger.purge(['y'], 'soft');
    await clock.advance(50);
    edge.does = 'answers';
    edge.releaseAll();
    await clock.advance(200);
    expect(requests()).toEqual(['50 soft first', '100 hard x', '100 soft everything']);
  });

  it('purge everything anew when that is under way already', async () => {
    const { purger, clock, edge, requests } = purgerOver({ canPurgeAll: true, maxQueuedKeys: 2 });
    edge.does = 'holds';
    purger.purge(keys(3), 'hard');
    await clock.advance(0);
    purger.purge(keys(3), 'hard');
    edge.does = 'answers';
    edge.releaseAll();
    await clock.advance(0);
    expect(requests()).toEqual(['0 hard everything', '0 hard everything']);
    expect(total({ purger })).toBe(6);
  });

  it('make the oldest go where it can’t, whatever their mode, and say so once', async () => {
    const { purger, clock, edge, requests, told } = purgerOver({ maxQueuedKeys: 3 });
    edge.does = 'holds';
    purger.purge(['under way'], 'hard');
    await clock.advance(50);
    purger.purge(['s'], 'soft');
    purger.purge(['a', 'b', 'c'], 'hard');
    purger.purge(['d'], 'hard');
    expect(purger.status()).toMatchObject({ dropped: 2, pending: 4 });
    edge.does = 'answers';
    edge.releaseAll();
    await clock.advance(50);
    expect(requests()).toEqual(['50 hard under way', '100 hard b c d']);
    expect(purger.status()).toMatchObject({ purged: 4, dropped: 2, pending: 0 });
    expect(told).toEqual([
      'more than 3 keys wait to be purged at the edge: the oldest are dropped',
      'purges at the edge keep up again',
    ]);
    purger.purge(keys(4), 'hard');
    await clock.advance(50);
    expect(told.slice(2)).toEqual(told.slice(0, 2));
  });
});
