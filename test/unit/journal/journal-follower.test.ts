import { beforeEach, describe, expect, it } from 'vitest';
import { JournalFollower } from '../../../lib/journal/journal-follower.js';
import { RedisFault } from '../../../lib/redis/redis-fault.js';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { SimulatedRedis } from '../../simulation/redis/simulated-redis.js';
import { GatedFeed } from '../../support/gated-redis.js';

let clock: TestClock;
let redis: SimulatedRedis;
let feed: GatedFeed;
let follower: JournalFollower;
let received: string[][];
let refusals: string[];
let [fits, isCaughtUp, catchUps]: [boolean, boolean, number] = [true, true, 0];
let afterId: string | undefined;

beforeEach(() => {
  clock = new TestClock();
  redis = new SimulatedRedis(clock.now);
  feed = new GatedFeed(redis);
  [received, refusals] = [[], []];
  [fits, isCaughtUp, catchUps, afterId] = [true, true, 0, '1-0'];
  follower = new JournalFollower(
    feed,
    {
      stream: 'journal',
      afterId: () => afterId,
      receive: (items) => {
        received.push(items.map(({ id }) => id));
        afterId = items.at(-1)?.id ?? afterId;
        return fits;
      },
      catchUp: () => Promise.resolve((catchUps++, isCaughtUp)),
      refused: ({ message }) => void refusals.push(message),
    },
    clock,
  );
});

/** Runs it through the test, and to its end. */
async function following(test: () => Promise<void>): Promise<void> {
  const run = follower.run();
  await clock.advance(0);
  await test();
  follower.close();
  feed.fail();
  await run;
  expect(clock.pendingTimers).toBe(0);
}

describe('the follower', () => {
  it('hands on what comes, and goes on behind it', () =>
    following(async () => {
      redis.addForeign('journal', '5-1', 'r', 'one');
      feed.push();
      await clock.advance(0);
      expect(feed.reads.map(({ stream, afterId }) => [stream, afterId])).toEqual([['journal', '5-1']]);
      redis.addForeign('journal', '5-2', 'r', 'two');
      feed.push();
      await clock.advance(0);
      expect(received).toEqual([['5-1'], ['5-2']]);
      expect(clock.pendingTimers).toBe(0);
    }));

  it('has missed something for all it knows when it is back', () =>
    following(async () => {
      feed.push();
      await clock.advance(0);
      feed.push();
      await clock.advance(0);
      expect([catchUps, follower.connected]).toEqual([1, true]);
      feed.fail();
      await clock.advance(0);
      expect(follower.connected).toBe(false);
      await clock.advance(1_000);
      feed.push();
      await clock.advance(0);
      expect([catchUps, follower.connected]).toEqual([2, true]);
    }));

  it('finds out what is missing at a gap', () =>
    following(async () => {
      feed.push();
      await clock.advance(0);
      fits = false;
      feed.push();
      await clock.advance(0);
      expect([catchUps, feed.reads.length]).toEqual([2, 1]);
    }));

  it('pauses longer each time where there is no connection, a second at most, and no longer than it has to', () =>
    following(async () => {
      const pauses: number[] = [];
      for (let failure = 0; failure < 8; failure++) {
        const begun = clock.time;
        feed.fail();
        while (feed.reads.length === 0) await clock.advance(10);
        pauses.push(clock.time - begun);
      }
      expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000]);
      feed.push();
      await clock.advance(0);
      feed.fail();
      await clock.advance(100);
      expect(feed.reads).toHaveLength(1);
    }));

  it('says what the server refuses, and nothing of what is merely away', () =>
    following(async () => {
      feed.fail(new RedisFault('refused', 'NOPERM no permission'));
      await clock.advance(100);
      feed.fail();
      await clock.advance(200);
      expect(refusals).toEqual(['NOPERM no permission']);
    }));

  it('pauses where what is missing can’t be found out', () =>
    following(async () => {
      isCaughtUp = false;
      feed.push();
      await clock.advance(99);
      expect(feed.reads).toHaveLength(0);
      await clock.advance(1);
      expect(feed.reads).toHaveLength(1);
    }));

  it('goes on at once when it is woken', () =>
    following(async () => {
      for (let failure = 0; failure < 6; failure++) {
        feed.fail();
        follower.wake();
        await clock.advance(0);
        follower.wake();
        await clock.advance(0);
      }
      expect([feed.count, clock.pendingTimers]).toEqual([7, 0]);
    }));

  it('asks nobody while nothing is known yet', () =>
    following(async () => {
      await clock.advance(0);
      expect(feed.count).toBe(1);
      afterId = undefined;
      feed.push();
      await clock.advance(5_000);
      expect(feed.count).toBe(1);
      afterId = '7-0';
      follower.wake();
      await clock.advance(0);
      expect(feed.count).toBe(2);
    }));

  it('ends when it is closed, though a read never does', async () => {
    void follower.run();
    await clock.advance(0);
    follower.close();
    feed.push();
    await clock.advance(5_000);
    expect([received, feed.count, clock.pendingTimers]).toEqual([[], 1, 0]);
  });
});
