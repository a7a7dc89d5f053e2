import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '../../lib/options/cache-options.defaults.js';
import { parseByteSize, parseDuration } from '../../lib/options/duration.js';
import { Problems } from '../../lib/options/option-reader.js';
import { resolveCacheOptions, resolveModuleOptions } from '../../lib/options/resolve-options.js';

const page = new URL('../../docs/options.md', import.meta.url);

type Read = (text: string) => unknown;
const duration: Read = (text) => (text === 'off' || text === 'none' ? 0 : parseDuration(text));
const size: Read = (text) => parseByteSize(text.replace(' ', '').toLowerCase());
const count: Read = (text) => Number(text.replaceAll(',', ''));
const part: Read = (text) => (text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text));
const word: Read = (text) => text;
const flag: Read = (text) => ({ true: true, false: false })[text];

/** Where each default stands in the tables of the page, and how it is written there. */
const ROWS: Readonly<Record<keyof typeof DEFAULTS, readonly [option: string, read: Read]>> = {
  namespace: ['namespace', word],
  enabled: ['enabled', flag],
  ttl: ['ttl', duration],
  sliding: ['sliding', duration],
  grace: ['grace', duration],
  consistency: ['consistency', word],
  isolation: ['isolation', word],
  maxStaleness: ['maxStaleness', duration],
  earlyRefresh: ['earlyRefresh', count],
  jitter: ['jitter', part],
  softTimeout: ['softTimeout', duration],
  hardTimeout: ['hardTimeout', duration],
  abandonAfterHardTimeouts: ['abandonAfter', (text) => Number(/^(\d+) × `?hardTimeout`?$/.exec(text)?.[1])],
  retryPause: ['retryPause', duration],
  negativeMissing: ['negative.missing', flag],
  nested: ['nested', flag],
  plain: ['plain', flag],
  schema: ['schema', count],
  serializer: ['serializer', word],
  memoryMaxBytes: ['memory.maxBytes', size],
  memoryMaxEntries: ['memory.maxEntries', count],
  memoryEviction: ['memory.eviction', word],
  maxValueBytes: ['maxValueBytes', size],
  tooLarge: ['tooLarge', word],
  maxKeyBytes: ['maxKeyBytes', size],
  compression: ['compression', flag],
  compressionThreshold: ['compression.threshold', size],
  compressionAlgorithm: ['compression.algorithm', word],
  encrypt: ['encrypt', flag],
  writeBehindFlushEvery: ['writeBehind.flushEvery', duration],
  writeBehindBatch: ['writeBehind.batch', count],
  writeBehindMaxWaiting: ['writeBehind.maxWaiting', count],
  writeBehindAttempts: ['writeBehind.attempts', count],
  writeBehindMaxRetryPause: ['writeBehind.maxRetryPause', duration],
  writeBehindMaxDeadLetters: ['writeBehind.maxDeadLetters', count],
  writeBehindLease: ['writeBehind.lease', duration],
  writeBehindDrain: ['writeBehind.drain', duration],
  bulkheadQueue: ['origin.bulkhead.queue', count],
  bulkheadWait: ['origin.bulkhead.wait', duration],
  loadBreakerFailureRate: ['origin.breaker.failureRate', count],
  loadBreakerMinimumLoads: ['origin.breaker.minimumLoads', count],
  loadBreakerWindow: ['origin.breaker.window', duration],
  loadBreakerSlowRate: ['origin.breaker.slowRate', count],
  loadBreakerOpenFor: ['origin.breaker.openFor', duration],
  loadBreakerProbes: ['origin.breaker.probes', count],
  knownIdsFalsePositiveRate: ['knownIds.falsePositiveRate', count],
  knownIdsCommitWithin: ['knownIds.commitWithin', duration],
  journalMaxRecords: ['journal.maxRecords', count],
  journalMaxAge: ['journal.maxAge', duration],
  journalDurability: ['journal.durability', word],
  loadLockLife: ['loadLock.life', duration],
  loadLockTimeout: ['loadLock.timeout', duration],
  probeSample: ['probe.sample', part],
  redisCommandTimeout: ['redis.commandTimeout', duration],
  redisRequired: ['redis.required', flag],
  breakerFailures: ['redis.breaker.failures', count],
  breakerProbeEvery: ['redis.breaker.probeEvery', duration],
  degradedServeStale: ['degraded.serveStale', duration],
  httpCacheStatus: ['http.cacheStatus', word],
  httpSurrogateKeys: ['http.surrogateKeys', flag],
  httpCacheGroups: ['http.cacheGroups', flag],
  httpAge: ['http.age', flag],
  httpPurgeAgain: ['http.purgeAgain', duration],
  responsePublic: ['public', flag],
  responseEtag: ['etag', word],
  responseHonourRequestCacheControl: ['honourRequestCacheControl', flag],
  warmConcurrency: ['concurrency', count],
  warmBatch: ['batch', count],
  warmOthers: ['others', word],
  warmHold: ['hold', flag],
  warmHoldAtMost: ['holdAtMost', duration],
  warmHottest: ['warm.hottest', count],
  warmDoneFor: ['doneFor', duration],
};

/** Options and defaults of every table of a page whose first two columns are `option` and `default`, without backticks, quotes and marks. */
function documentedDefaults(markdown: string): Map<string, string> {
  const found = new Map<string, string>();
  let inTable = false;
  for (const line of markdown.split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim().replaceAll(/[`'¹]/g, '').trim());
    if (!line.startsWith('|')) inTable = false;
    else if (cells[1] === 'option' && cells[2] === 'default') inTable = true;
    else if (inTable && !/^:?-+:?$/.test(cells[1]!)) found.set(cells[1]!, cells[2]!);
  }
  return found;
}

describe.skipIf(!existsSync(page))('docs/options.md', () => {
  const documented = existsSync(page) ? documentedDefaults(readFileSync(page, 'utf8')) : new Map<string, string>();

  it.each(Object.entries(ROWS))('tells the default of %s as it is', (name, [option, read]) => {
    expect(documented.has(option), `a row for ${option}`).toBe(true);
    expect(read(documented.get(option)!)).toBe(DEFAULTS[name as keyof typeof DEFAULTS]);
  });

  it('tells which default is that of another option', () => {
    const { module, base } = resolveModuleOptions({ maxStaleness: '7s' }, [], new Problems());
    const given = { hardTimeout: '7s', origin: { breaker: {} } };
    const { origin } = resolveCacheOptions('users', 'caches.users', given, base, new Problems());

    expect(documented.get('degraded.ttl')).toBe('maxStaleness');
    expect(module.degraded.answersForMs).toBe(7_000);
    expect(documented.get('origin.breaker.slowLoad')).toBe('hardTimeout');
    expect(origin?.breaker?.slowLoadMs).toBe(7_000);
  });
});

describe('the tables of a page of options', () => {
  it('are read wherever they stand, and others aren’t', () => {
    const markdown = [
      '| option | default | what |',
      '| --- | :-- | --- |',
      '| `ttl` | `5m` | how long |',
      '',
      '| name | default |',
      '| --- | --- |',
      '| `grace` | none |',
    ].join('\n');

    expect([...documentedDefaults(markdown)]).toEqual([['ttl', '5m']]);
  });

  it('may write the defaults as people do', () => {
    expect([duration('5m'), duration('off'), size('64 MB'), size('1kb'), count('100,000'), part('10 %')]).toEqual([
      300_000, 0, 67_108_864, 1_024, 100_000, 0.1,
    ]);
  });
});
