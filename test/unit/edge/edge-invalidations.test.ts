import { describe, expect, it } from 'vitest';
import { EdgeInvalidations } from '../../../lib/edge/edge-invalidations.js';
import { EDGE_PURGER_DEFAULTS, EdgePurger } from '../../../lib/edge/edge-purger.js';
import type { EdgePurge } from '../../../lib/edge/edge-sender.interface.js';
import { cacheTag, EVERYTHING, keyTag, softTag, userTag } from '../../../lib/entry/tags.js';
import { TestClock } from '../../../lib/testing/test-clock.js';

const AGAIN_MS = 2_000;

function edge() {
  const clock = new TestClock();
  const sent: { at: number; mode: string; keys: string[] }[] = [];
  const begun = clock.now();
  const send = ({ keys, mode }: EdgePurge): void => {
    sent.push({ at: clock.now() - begun, mode, keys: [...keys].sort() });
  };
  const purger = new EdgePurger({ send }, clock, { ...EDGE_PURGER_DEFAULTS, batchMs: 0 });
  return { clock, sent, copies: new EdgeInvalidations(purger, clock, AGAIN_MS) };
}

describe('what was invalidated', () => {
  it('is purged at once, under its name, with what depends on everything', async () => {
    const { clock, sent, copies } = edge();
    copies.purge([userTag('user:7'), cacheTag('users'), EVERYTHING], 0);
    await clock.advance(10);
    expect(sent).toEqual([{ at: 0, mode: 'hard', keys: ['user:7', '~all', '~any', '~cache:users'] }]);
  });

  it('is purged once more, between one and two rounds later, and not after that', async () => {
    const { clock, sent, copies } = edge();
    copies.purge([userTag('a')], 0);
    await clock.advance(AGAIN_MS - 1);
    copies.purge([userTag('b')], 0);
    await clock.advance(10 * AGAIN_MS);
    const times = (key: string): number[] => sent.filter(({ keys }) => keys.includes(key)).map(({ at }) => at);
    expect(times('a')).toEqual([0, 2 * AGAIN_MS]);
    expect(times('b')).toEqual([AGAIN_MS - 1, 2 * AGAIN_MS]);
  });

  it('is purged again only when no other process can answer with it any more', async () => {
    const { clock, sent, copies } = edge();
    copies.purge([userTag('a')], 10_000);
    await clock.advance(10_000);
    expect(sent).toHaveLength(1);
    await clock.advance(20_000);
    expect(sent).toHaveLength(2);
    expect(sent[1]!.at).toBeGreaterThan(10_000);
  });

  it('softly is purged softly', async () => {
    const { clock, sent, copies } = edge();
    copies.purge([softTag(userTag('a'))], 0);
    await clock.advance(10);
    expect(sent).toEqual(
      expect.arrayContaining([
        { at: 0, mode: 'hard', keys: ['~any'] },
        { at: 0, mode: 'soft', keys: ['a'] },
      ]),
    );
  });

  it('names keys by a hash, and keeps tags of the application apart from its own names', async () => {
    const { clock, sent, copies } = edge();
    copies.purge([keyTag('users', 'secret@example.com'), userTag('~all'), userTag('two words,\r\n')], 0);
    await clock.advance(10);
    const keys = sent.flatMap((batch) => batch.keys);
    expect(keys.join(' ')).not.toContain('secret');
    expect(keys).toContain('~~all');
    expect(keys).toContain('two%20words%2C%0D%0A');
    expect(keys.filter((key) => /^~key:[\w-]{22}$/.test(key))).toHaveLength(1);
  });

  it('is purged a last time at the end, and no timer stays', async () => {
    const { clock, sent, copies } = edge();
    copies.purge([userTag('a')], 0);
    await clock.advance(10);
    const closing = copies.close();
    await clock.advance(10);
    await closing;
    expect(sent).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
  });
});
