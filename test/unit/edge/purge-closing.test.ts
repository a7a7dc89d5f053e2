import { describe, expect, it } from 'vitest';
import { keys, purgerOver, total } from './edge-double.js';

describe('closing', () => {
  it('sends what waits at once, all of it', async () => {
    const { purger, clock, sent } = purgerOver({ maxKeys: 2 });
    purger.purge(keys(5), 'hard');
    purger.purge(['s'], 'soft');
    await purger.close(1_000);
    expect(sent.map(({ keys }) => keys).sort()).toEqual(['k0 k1', 'k2 k3', 'k4', 's']);
    expect(purger.status()).toMatchObject({ purged: 6, dropped: 0, pending: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('tries again what failed, at once and then as ever', async () => {
    const { purger, clock, edge, requests } = purgerOver({ batchMs: 0 });
    edge.does = 'fails';
    purger.purge(['a'], 'hard');
    await clock.advance(10);
    const closed = purger.close(5_000);
    await clock.advance(100);
    edge.does = 'answers';
    await clock.advance(400);
    await closed;
    expect(requests()).toEqual(['0 hard a', '10 hard a', '410 hard a']);
    expect([purger.status().purged, clock.pendingTimers]).toEqual([1, 0]);
  });

  it('waits for what is under way', async () => {
    const { purger, clock, edge } = purgerOver({ batchMs: 0 });
    edge.does = 'holds';
    purger.purge(['a'], 'hard');
    await clock.advance(0);
    let isClosed = false;
    const closed = purger.close(1_000).then(() => (isClosed = true));
    await clock.advance(900);
    expect(isClosed).toBe(false);
    edge.releaseAll();
    await closed;
    expect([purger.status().purged, clock.pendingTimers]).toEqual([1, 0]);
  });

  it('gives up at the deadline, aborts what is under way, and says what is left', async () => {
    const { purger, clock, edge, sent, told } = purgerOver({ batchMs: 0, maxKeys: 2 });
    edge.does = 'holds';
    purger.purge(keys(5), 'hard');
    await clock.advance(0);
    const closed = purger.close(1_000);
    await clock.advance(1_000);
    await closed;
    expect([sent.length, sent[0]!.signal.aborted]).toEqual([1, true]);
    expect(purger.status()).toMatchObject({ purged: 0, failed: 0, dropped: 5, pending: 0, lastError: undefined });
    expect(told).toEqual(['5 keys were not purged at the edge before the end: copies stay until they expire']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives up at the deadline in the middle of a pause', async () => {
    const { purger, clock, edge, sent } = purgerOver({ batchMs: 0, retryPauseMs: 10_000 });
    edge.does = 'fails';
    purger.purge(['a'], 'hard');
    await clock.advance(0);
    const closed = purger.close(500);
    await clock.advance(500);
    await closed;
    expect(sent).toHaveLength(2);
    expect(purger.status()).toMatchObject({ dropped: 1, pending: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('takes along what comes meanwhile, and counts what comes afterwards', async () => {
    const { purger, clock, edge, requests, told } = purgerOver({ batchMs: 0 });
    edge.does = 'holds';
    purger.purge(['a'], 'hard');
    await clock.advance(0);
    let isClosed = false;
    const closed = purger.close(1_000).then(() => (isClosed = true));
    purger.purge(['b'], 'soft');
    await clock.advance(0);
    edge.releaseFirst();
    await clock.advance(0);
    expect([purger.status().purged, isClosed]).toEqual([1, false]);
    edge.releaseFirst();
    await closed;
    purger.purge(['c', 'd', 'c'], 'hard');
    expect(requests()).toEqual(['0 hard a', '0 soft b']);
    expect(purger.status()).toMatchObject({ purged: 2, dropped: 2, pending: 0 });
    expect([total({ purger }), told, clock.pendingTimers]).toEqual([4, [], 0]);
  });

  it('is done at once where nothing waits, and once only', async () => {
    const { purger, clock } = purgerOver();
    const closed = purger.close(1_000);
    expect(purger.close(0)).toBe(closed);
    await closed;
    expect(clock.pendingTimers).toBe(0);
  });
});
