import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { InvalidationEvent } from 'nestjs-hybrid-cache/events';
import { readEvent, writeEvent } from '../../../lib/events/event-format.js';
import { readSigningKeys, signEvent, type SigningKeys } from '../../../lib/events/event-signature.js';
import { seededRandom } from '../../support/seeded-random.js';
import { eventually } from '../../support/servers/eventually.js';
import { startRedis, type RedisServer } from '../../support/servers/redis-server.js';
import { BROKERS, type Broker, type BrokerKind, type Reach } from './brokers.js';
import { Fleet, SECRET } from './fleet.js';

/** Of a transport that has two ways, one of them is enough. */
const burstOf = ({ reaches }: BrokerKind, reach: Reach): number => (reach === reaches.at(-1) ? 10_000 : 1_000);
const AT_A_TIME = 1_000;
/** Of one change after another, how many are timed. */
const TIMED = 15;
/** What all processes together may keep of a burst: what they recognise its events by. */
const MOST_MEGABYTES = 40;
/** What is promised of other processes, ms. */
const MAX_STALENESS_MS = 1_000;

let redis: RedisServer;
/** The slow ones start while the others are tested. */
let brokers: ReadonlyMap<BrokerKind, Promise<Broker>>;
beforeAll(async () => {
  brokers = new Map(BROKERS.map((kind) => [kind, kind.start(4)]));
  redis = await startRedis();
});
afterAll(async () => {
  for (const broker of await Promise.allSettled(brokers.values())) {
    if (broker.status === 'fulfilled') await broker.value.stop();
  }
  await redis?.stop();
});

const keys = readSigningKeys(SECRET) as SigningKeys;
const eventOf = (fields: object): InvalidationEvent =>
  readEvent(
    { id: randomUUID(), source: 'test', at: Date.now(), ...fields },
    { maxBytes: 65_536, maxTargets: 1_000 },
  ) as InvalidationEvent;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const heapInUse = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

const cases = BROKERS.flatMap((kind) => kind.reaches.map((reach) => ({ kind, reach })));

describe.each(cases)('events over $kind.name that reach $reach', ({ kind, reach }) => {
  let broker: Broker;
  let fleet: Fleet;
  beforeAll(async () => {
    broker = await brokers.get(kind)!;
    fleet = await Fleet.start({ kind, reach, broker, redisUrl: redis.url });
    // a process that has just begun to listen may make everything expire, which is not what is tested here
    await warm();
  });
  afterAll(async () => {
    await fleet?.stop();
  });

  beforeEach(async () => quiet());

  async function quiet(): Promise<void> {
    await eventually('nothing is under way', () => fleet.counts().every(({ underWay }) => underWay === 0));
  }

  /** A group of consumers may still be coming together. */
  async function warm(): Promise<void> {
    await eventually(
      'every process that is to get events gets them',
      async () => {
        const before = fleet.counts();
        await fleet.events.invalidate({ tags: [`warm:${randomUUID()}`] });
        await eventually(
          'it arrives',
          () => fleet.counts().every(({ received }, index) => received >= before[index]!.received + fleet.reached),
          { withinMs: 2_000, everyMs: 20 },
        );
        return fleet.isCaughtUp();
      },
      { withinMs: 30_000, everyMs: 50 },
    );
    await quiet();
  }

  const expectCounted: Fleet['counted'] = async (before, more) => fleet.counted(before, more);
  const expectFresh: Fleet['freshEverywhere'] = async (...ids) => fleet.freshEverywhere(...ids);

  /** What each delivery after the first to a process of a service is. */
  const others = (deliveries = 1): number => fleet.reached * deliveries - 1;

  it('make every process of every service answer with the newest, soon after they are applied', async () => {
    const delays: number[] = [];
    for (let change = 0; change < TIMED; change++) {
      const id = `timed-${change}`;
      await fleet.readEverywhere(id);
      fleet.source.change(id);
      const before = fleet.counts();
      const { status } = await fleet.events.invalidate({ tags: [`user:${id}`] });
      expect(status).toBe('emitted');
      await expectCounted(before, { applied: 1 });
      delays.push(await fleet.freshEverywhere(id));
      await fleet.counted(before, { received: fleet.reached, underWay: 0 });
    }
    delays.sort((a, b) => a - b);
    process.stdout.write(
      `events over ${kind.name} to ${reach}: fresh in every process ${delays[Math.floor(TIMED / 2)]!.toFixed(1)} ms after the event was applied, ${delays.at(-1)!.toFixed(1)} at most\n`,
    );
    expect(delays[Math.floor(TIMED / 2)]!).toBeLessThan(100);
    expect(delays.at(-1)!).toBeLessThan(MAX_STALENESS_MS);
  });

  it('are applied once by each service, and what else comes of them are duplicates', async () => {
    const before = fleet.counts();
    const event = eventOf({ tags: ['user:twice'] });
    for (let time = 0; time < 5; time++) await fleet.events.publish(event);
    await expectCounted(before, { received: fleet.reached * 5, applied: 1, duplicates: others(5), underWay: 0 });
  });

  it('both count when they say the same', async () => {
    const before = fleet.counts();
    await fleet.events.invalidate({ tags: ['user:same'] });
    await fleet.events.invalidate({ tags: ['user:same'] });
    await expectCounted(before, { applied: 2, duplicates: 2 * others(), underWay: 0 });
  });

  it('may come in any order', async () => {
    const ids = Array.from({ length: 30 }, (_, index) => `shuffled-${index}`);
    for (const id of ids) await fleet.readEverywhere(id);
    for (const id of ids) fleet.source.change(id);
    const random = seededRandom(5);
    const events = ids
      .flatMap((id) => [eventOf({ tags: [`user:${id}`] }), eventOf({ keys: [['users', id]] })])
      .map((event) => ({ event, order: random() }))
      .sort((one, other) => one.order - other.order);
    const before = fleet.counts();
    await Promise.all(events.map(async ({ event }) => fleet.events.publish(event)));
    await expectCounted(before, { applied: events.length, duplicates: events.length * others(), underWay: 0 });
    await expectFresh(...ids);
  });

  it('are dropped and counted when they are bad, and the next good one is applied', async () => {
    const before = fleet.counts();
    const forged = { ...signEvent(eventOf({ tags: ['user:a'] }), keys), tags: ['user:b'] };
    const old = signEvent(eventOf({ tags: ['user:a'], at: Date.now() - 2 * 86_400_000 }), keys);
    for (const bad of [
      { tags: 'user:7' },
      { userId: 7 },
      { tags: Array.from({ length: 1_001 }, (_, tag) => `${tag}`) },
      writeEvent(eventOf({ tags: ['user:a'] })),
      writeEvent(forged),
      writeEvent(old),
    ]) {
      await fleet.sendRaw('cache.invalidate', bad);
    }
    const each = fleet.reached;
    await expectCounted(before, {
      received: 6 * each,
      malformed: each,
      foreign: each,
      oversized: each,
      unsigned: each,
      forged: each,
      expired: each,
      applied: 0,
      underWay: 0,
    });
    await fleet.readEverywhere('after');
    fleet.source.change('after');
    await fleet.events.invalidate({ tags: ['user:after'] });
    await expectFresh('after');
  });

  it('may be domain events of any form, which handlers of the application get as well', async () => {
    const domainEvent = { type: 'UserUpdated', userId: 9876 };
    const seen = (): number => fleet.replicas.reduce((sum, { ownHandlers }) => sum + ownHandlers.seen.length, 0);
    await fleet.readEverywhere('9876');
    fleet.source.change('9876');
    const [before, seenBefore] = [fleet.counts(), seen()];
    // one that the function of ours can’t read
    await fleet.sendRaw('user.updated', { type: 'UserUpdated' });
    await fleet.sendRaw('user.updated', domainEvent);
    const told = (): number[] =>
      fleet.counts().map(({ domainReceived }, index) => domainReceived - before[index]!.domainReceived);
    await eventually('every service was told of both', () => told().every((count) => count >= 2));
    await expectFresh('9876');
    await eventually(
      'the application was told whenever the cache was',
      () => seen() - seenBefore === told().reduce((sum, count) => sum + count, 0),
    );
    expect(fleet.counts().every(({ domain }, index) => domain > before[index]!.domain)).toBe(true);
    expect(fleet.replicas.flatMap(({ ownHandlers }) => ownHandlers.seen)).toContainEqual(domainEvent);
  });

  const burst = burstOf(kind, reach);
  it(`are all applied when ${burst} of them come at once`, async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `burst-${index}`);
    for (const id of ids) await fleet.readEverywhere(id);
    for (const id of ids) fleet.source.change(id);
    const before = fleet.counts();
    const heapBefore = heapInUse();
    const begun = performance.now();
    const batch = kind.atATime ?? AT_A_TIME;
    for (let sent = 0; sent < burst; sent += batch) {
      const results = await Promise.all(
        Array.from({ length: batch }, async (_, index) =>
          fleet.events.invalidate({ tags: [`user:${ids[(sent + index) % ids.length]}`] }),
        ),
      );
      expect(results.every(({ status }) => status === 'emitted')).toBe(true);
      if (kind.atATime !== undefined) await expectCounted(before, { received: (sent + batch) * fleet.reached });
    }
    await expectCounted(before, {
      received: burst * fleet.reached,
      applied: burst,
      duplicates: burst * others(),
      failed: 0,
      underWay: 0,
    });
    const seconds = (performance.now() - begun) / 1_000;
    const megabytes = (heapInUse() - heapBefore) / 2 ** 20;
    process.stdout.write(
      `events over ${kind.name} to ${reach}: ${(burst / seconds).toFixed(0)} a second, ${megabytes.toFixed(1)} MB more in use\n`,
    );
    await expectFresh(...ids);
    expect(megabytes).toBeLessThan(MOST_MEGABYTES);
  });

  if (kind.name !== 'tcp') {
    it('leave nothing old behind when the broker was killed while they were sent', async () => {
      const ids = Array.from({ length: 10 }, (_, index) => `outage-${index}`);
      for (const id of [...ids, 'lost']) await fleet.readEverywhere(id);
      const before = fleet.counts();
      const sending = ids.map(async (id, index) => {
        if (index === 3) await broker.takeDown();
        fleet.source.change(id);
        return fleet.events.invalidate({ tags: [`user:${id}`] });
      });
      await eventually('the broker is away', () =>
        fleet.replicas.some(({ events }) => events.status().transports.some(({ connected }) => !connected)),
      ).catch(() => 'Kafka’s consumer doesn’t tell');
      // whoever sends the event of this change can’t know that it is lost
      if (!kind.keeps(reach)) fleet.source.change('lost');
      await broker.bringBack();
      const results = await Promise.all(sending);
      const gaps = (): boolean => fleet.counts().every(({ gaps: count }, index) => count > before[index]!.gaps);
      if (!kind.keeps(reach)) await eventually('every service knows of the gap', gaps);
      // whoever was told that an event wasn’t taken tells it again
      for (const [index, { status }] of results.entries()) {
        if (status === 'emitted') continue;
        await eventually('it is taken', async () => {
          const { status: now } = await fleet.events.invalidate({ tags: [`user:${ids[index]}`] });
          return now === 'emitted';
        });
      }
      await expectFresh(...ids, 'lost');
      await warm();
    }, 120_000);
  } else {
    it('are known not to have arrived when nobody is there', async () => {
      const lonely = await Fleet.start({ kind, reach, broker: await kind.start(4), redisUrl: redis.url });
      await Promise.all(lonely.replicas.map(async (replica) => replica.app.close()));
      const { status, clients } = await lonely.events.invalidate({ tags: ['user:7'] });
      expect(status).toBe('failed');
      expect(clients.every(({ attempts, error }) => attempts === 3 && error !== undefined)).toBe(true);
      await lonely.stop();
    });
  }

  it('add up in the end', () => {
    for (const counts of fleet.counts()) {
      const { received, applied, duplicates, failed, malformed, foreign, oversized, unsigned, forged, expired } =
        counts;
      expect(applied + duplicates + failed + malformed + foreign + oversized + unsigned + forged + expired).toBe(
        received,
      );
    }
  });
});
