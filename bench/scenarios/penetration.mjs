import { startSharedShop } from '../harness/ours-redis.mjs';
import { emptied } from '../harness/redis.mjs';
import { row } from '../harness/values.mjs';

const REQUESTS = 100_000;
const IDS = 100_000;
const CALLERS = 64;
const QUERY_MS = 1;

const find = async (key) => {
  await new Promise((resolve) => setTimeout(resolve, QUERY_MS));
  return key.startsWith('id') ? row(key) : null;
};

/** Requests for ids that don't exist, each other ones, by callers that ask again as soon as they are answered. */
async function measure(users) {
  (await emptied()).disconnect();
  const { cache, read, counted } = await startSharedShop({ find, users });
  let builtMs = 0;
  if (users.knownIds !== undefined) {
    const begun = performance.now();
    await cache.knownIds('users').rebuild(function* () {
      for (let id = 0; id < IDS; id++) yield `id${id}`;
    });
    builtMs = performance.now() - begun;
  }
  for (let id = 0; id < 1_000; id++) await read(`id${id}`);
  const before = counted.loads;
  let next = 0;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (next < REQUESTS) await read(`no${next++}`);
    }),
  );
  const ms = performance.now() - begun;
  const { entries } = cache.status().caches.users;
  const queries = counted.loads - before;
  // those that exist are found all the same
  const lost = counted.loads;
  for (let id = 1_000; id < 1_500; id++) if ((await read(`id${id}`)) === null) throw new Error(`id${id} was missed`);
  if (counted.loads - lost !== 500) throw new Error('an id that exists was not loaded');
  return { queries, rate: REQUESTS / (ms / 1_000), us: (ms * 1_000) / REQUESTS, entries, built: builtMs };
}

const known = (falsePositiveRate) => ({ knownIds: { capacity: IDS, falsePositiveRate, commitWithin: 0 } });

export default {
  name: 'penetration',
  title: `${REQUESTS} requests for ids that don't exist, of a table with ${IDS}, and queries that take ${QUERY_MS} ms`,
  figures: {
    queries: 'queries',
    rate: 'requests a second',
    us: 'µs each',
    entries: 'entries in memory afterwards',
    built: 'ms to build the filter',
  },
  needsRedis: true,
  rounds: 3,
  variants: [
    { id: 'none', label: 'ttl 5 minutes; `null` is kept', run: () => measure({}) },
    { id: 'unkept', label: '`negative: { missing: false }`', run: () => measure({ negative: { missing: false } }) },
    { id: 'one', label: '`knownIds`, 1 %', run: () => measure(known(0.01)) },
    { id: 'thousandth', label: '`knownIds`, 0.1 %', run: () => measure(known(0.001)) },
  ],
  aims: ({ one, thousandth }) => [
    bounded('1 %: at most 1 % of the requests become queries', one, 0.01),
    bounded('0.1 %: at most 0.1 %', thousandth, 0.001),
  ],
};

/** Within four standard deviations of chance. */
function bounded(text, { figures }, rate) {
  const most = REQUESTS * rate + 4 * Math.sqrt(REQUESTS * rate);
  return { text, value: figures.queries.max / REQUESTS, met: figures.queries.max <= most };
}
