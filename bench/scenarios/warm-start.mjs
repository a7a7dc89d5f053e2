import { setTimeout as pause } from 'node:timers/promises';
import { REDIS_PEERS } from '../harness/redis-peers.mjs';
import { emptied, redisAddress } from '../harness/redis.mjs';
import { quantile } from '../harness/timing.mjs';
import { row } from '../harness/values.mjs';

const PRODUCTS = 5_000;
const WARMED = 1_000;
const A_SECOND = 800;
const CONNECTIONS = 10;
const QUERY_MS = 30;
const TICK_MS = 5;

/** A pool of connections: who finds none free waits in a line. */
function database() {
  const line = [];
  let busy = 0;
  const db = {
    queries: 0,
    async query(key) {
      db.queries++;
      if (busy >= CONNECTIONS) await new Promise((resolve) => line.push(resolve));
      else busy++;
      await pause(QUERY_MS);
      const next = line.shift();
      if (next === undefined) busy--;
      else next();
      return row(key);
    },
  };
  return db;
}

/** For a seed always the same requests: product n as often as 1 / n. */
function requests(seed) {
  const weights = Array.from({ length: PRODUCTS }, (_, n) => 1 / (n + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const random = () => (seed = (seed * 1_664_525 + 1_013_904_223) >>> 0) / 2 ** 32;
  return () => {
    let left = random() * total;
    let n = 0;
    while ((left -= weights[n]) > 0 && n < PRODUCTS - 1) n++;
    return `p${n}`;
  };
}

/** Requests come when they come, whether those before were answered or not. @returns what each waited, sorted */
async function traffic(read, next, seconds) {
  const begun = performance.now();
  const waits = [];
  const asked = [];
  for (let sent = 0; performance.now() - begun < seconds * 1_000;) {
    const due = Math.floor(((performance.now() - begun) / 1_000) * A_SECOND);
    for (; sent < due; sent++) {
      const at = performance.now();
      asked.push(read(next()).then(() => waits.push(performance.now() - at)));
    }
    await pause(TICK_MS);
  }
  await Promise.all(asked);
  return waits.sort((a, b) => a - b);
}

async function shop(schema, { warmer, learned, hold = true }) {
  const { startShop } = await import('../harness/ours.mjs');
  const db = database();
  const warm = learned ? { hottest: WARMED, concurrency: CONNECTIONS, hold } : false;
  const { app, users } = await startShop({
    find: db.query,
    cacheable: { cache: 'users', key: (id) => id },
    module: { namespace: 'bench', redis: { ...redisAddress() }, caches: { users: { schema, warm } } },
    warmer: warmer && {
      list: () => Array.from({ length: WARMED }, (_, n) => `p${n}`),
      concurrency: CONNECTIONS,
      hold,
    },
  });
  return { app, db, read: (key) => users.find(key) };
}

/** The version before, for as long as it takes to learn; then the one that is measured. */
const ours = (id, label, { schema = 2, ...how }) => ({
  id,
  label,
  async run({ quick }) {
    await (await emptied()).quit();
    const before = await shop(1, { learned: how.learned });
    await traffic(before.read, requests(1), quick ? 3 : 10);
    await before.app.close();
    const begun = performance.now();
    const { db, read, app } = await shop(schema, how);
    const figures = await measure(read, db, begun, quick);
    await app.close();
    return figures;
  },
});

async function measure(read, db, begun, quick) {
  const start = performance.now() - begun;
  const earlier = db.queries;
  const waits = await traffic(read, requests(2), quick ? 3 : 10);
  return {
    p99: quantile(waits, 0.99),
    p50: quantile(waits, 0.5),
    most: waits.at(-1),
    queries: db.queries - earlier,
    earlier,
    start,
  };
}

const bentocache = REDIS_PEERS.find(({ id }) => id === 'peer-bentocache');

const peer = {
  id: bentocache.id,
  label: `${bentocache.label}, cold`,
  async run({ quick }) {
    await (await emptied()).quit();
    const db = database();
    const begun = performance.now();
    const cache = await bentocache.create({ load: db.query, address: redisAddress(), memory: true });
    return measure(cache.get, db, begun, quick);
  },
};

const aim = (text, value, met) => ({ text, value, met });

export default {
  name: 'warm-start',
  title: 'The first 10 s after a deploy with a new `schema`',
  figures: {
    p99: 'ms p99',
    p50: 'p50',
    most: 'the longest',
    queries: 'queries in 10 s',
    earlier: 'queries before',
    start: 'ms to start',
  },
  base: 'cold',
  rounds: 3,
  needsRedis: true,
  variants: [
    ours('cold', 'without warming', {}),
    ours('warmer', '`@CacheWarmer({ hold: true })`, 1,000 keys', { warmer: true }),
    ours('learned', '`warm: { hottest: 1000, hold: true }`', { learned: true }),
    ours('learned-meanwhile', '`warm: { hottest: 1000 }`, and requests come at once', { learned: true, hold: false }),
    ours('same-schema', 'the same schema: everything is still in Redis', { schema: 1 }),
    peer,
  ],
  aims({ cold, warmer, learned }) {
    return [
      aim(
        'warmed, p99 ≤ half of what it is without',
        warmer.figures.p99.min / cold.figures.p99.min,
        warmer.figures.p99.min <= cold.figures.p99.min / 2,
      ),
      aim(
        'learned, p99 ≤ half of what it is without',
        learned.figures.p99.min / cold.figures.p99.min,
        learned.figures.p99.min <= cold.figures.p99.min / 2,
      ),
      aim(
        'warmed, the database is asked less than half as often while requests come',
        warmer.figures.queries.max / cold.figures.queries.min,
        warmer.figures.queries.max < cold.figures.queries.min / 2,
      ),
    ];
  },
};
