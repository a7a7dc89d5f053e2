import { PEERS } from '../harness/peers.mjs';
import { quantile } from '../harness/timing.mjs';

const CALLERS = 5_000;
const LOAD_MS = 20;
const user = { id: 'id1', name: 'Ada' };

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** All callers come in one turn. @returns the ms each waited, sorted, and how often was loaded */
async function crowd(find, key, origin) {
  origin.loads = 0;
  const waits = [];
  const calls = Array.from({ length: CALLERS }, async () => {
    const begun = performance.now();
    await find(key);
    waits.push(performance.now() - begun);
  });
  await Promise.all(calls);
  waits.sort((a, b) => a - b);
  return { waits, loads: origin.loads };
}

function makeOrigin() {
  const origin = {
    loads: 0,
    load: async () => {
      origin.loads++;
      await sleep(LOAD_MS);
      return user;
    },
  };
  return origin;
}

/** Several cold keys after each other: code that runs once tells how fast code is that was never run. */
async function measure(find, origin, quick) {
  let best;
  const keys = quick ? 5 : 15;
  for (let key = 0; key < keys; key++) {
    const { waits, loads } = await crowd(find, `cold${key}`, origin);
    const p99 = quantile(waits, 0.99);
    const first = best?.first ?? p99;
    if (best === undefined || p99 < best.p99) best = { p99, p50: quantile(waits, 0.5), first, loads };
    best.loads = Math.max(best.loads, loads);
  }
  return best;
}

const ours = (id, label, options) => ({
  id,
  label,
  async run({ quick }) {
    const { startShop } = await import('../harness/ours.mjs');
    const origin = makeOrigin();
    const cacheable = { isolation: 'frozen', tags: ['users'], ...options };
    const { users } = await startShop({ find: origin.load, cacheable });
    return measure((key) => users.find(key), origin, quick);
  },
});

const byHand = {
  id: 'service',
  label: '`CacheService.getOrLoad`, frozen, `nested: true`',
  async run({ quick }) {
    const { startShop } = await import('../harness/ours.mjs');
    const origin = makeOrigin();
    const caches = { users: { isolation: 'frozen', tags: ['users'] } };
    const { cache } = await startShop({ find: origin.load, module: { caches } });
    const find = (key) => cache.getOrLoad('users', key, () => origin.load(key), { tags: ['user:1'] });
    return measure(find, origin, quick);
  },
};

const variants = [
  {
    id: 'promise',
    label: 'one promise in a Map, awaited by all',
    async run({ quick }) {
      const origin = makeOrigin();
      const promises = new Map();
      const find = async (key) => {
        if (!promises.has(key)) promises.set(key, origin.load());
        return promises.get(key);
      };
      return measure(find, origin, quick);
    },
  },
  ours('nested-off', '`@Cacheable`, frozen, `nested: false`', { nested: false }),
  ours('nested-on', '`@Cacheable`, frozen, `nested: true`', { nested: true }),
  ours('copy', '`@Cacheable` as it comes: copy, `nested: true`', { isolation: 'copy' }),
  byHand,
  ...PEERS.map(({ id, label, create }) => ({
    id,
    label,
    async run({ quick }) {
      const origin = makeOrigin();
      return measure(await create(origin.load), origin, quick);
    },
  })),
];

const aim = (text, value, met) => ({ text, value, met });

export default {
  name: 'crowd',
  title: `${CALLERS.toLocaleString('en-US')} callers of a cold key, whose load takes ${LOAD_MS} ms`,
  figures: {
    p99: 'ms p99',
    p50: 'ms p50',
    first: 'ms p99 the first time in a process',
    loads: 'loads',
  },
  rounds: 5,
  variants,
  aims: (results) =>
    ['nested-off', 'nested-on', 'service'].flatMap((id) => {
      const { p99, loads } = results[id].figures;
      return [
        aim(`${id}: one load`, loads.max, loads.max === 1),
        aim(`${id}: p99 ≤ load + 5 ms`, p99.min, p99.min <= LOAD_MS + 5),
      ];
    }),
};
