import { startSharedShop } from '../harness/ours-redis.mjs';
import { startRedisServer } from '../harness/servers.mjs';
import { redisUrl } from '../harness/redis.mjs';
import { REDIS_PEERS } from '../harness/redis-peers.mjs';
import { quantile } from '../harness/timing.mjs';
import { row } from '../harness/values.mjs';

const CALLS = 200;
const CEILING_MS = 5_000;
/** Nobody is waited for longer than that in all. */
const BUDGET_MS = 20_000;
const PAUSE_MS = 5;

const WAYS = [
  { way: 'refused', text: 'nobody listens', act: (server) => server.stop() },
  { way: 'frozen', text: 'the server stands still', act: (server) => server.freeze() },
];

async function waitOf(call) {
  let timer;
  const begun = performance.now();
  const ceiling = new Promise((resolve) => (timer = setTimeout(resolve, CEILING_MS, 'late')));
  const end = await Promise.race([
    call().then(
      () => 'answered',
      () => 'rejected',
    ),
    ceiling,
  ]);
  clearTimeout(timer);
  return { end, ms: end === 'late' ? CEILING_MS : performance.now() - begun };
}

/** Reads of keys that aren't in memory, one after the other, from the moment Redis goes away. */
async function measure(read, server, act) {
  for (let n = 0; n < 50; n++) await read(`before${n}`);
  await act(server);
  const ends = [];
  const begun = performance.now();
  for (let n = 0; n < CALLS && performance.now() - begun < BUDGET_MS; n++) {
    ends.push(await waitOf(() => read(`away${n}`)));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  const waits = ends.map(({ ms }) => ms).sort((a, b) => a - b);
  const count = (how) => ends.filter(({ end }) => end === how).length;
  return {
    p50: quantile(waits, 0.5),
    p99: quantile(waits, 0.99),
    most: waits.at(-1),
    calls: ends.length,
    rejected: count('rejected'),
    late: count('late'),
  };
}

const variant = (id, label, create, { way, text, act }) => ({
  id: `${id}-${way}`,
  label: `${label}: ${text}`,
  async run() {
    // what a cache lets go unhandled isn't the benchmark's end
    process.on('unhandledRejection', () => {}).on('uncaughtException', () => {});
    const server = await startRedisServer();
    try {
      return await measure(await create({ host: '127.0.0.1', port: server.port }), server, act);
    } finally {
      await server.stop();
    }
  },
});

const ours = async (address) => (await startSharedShop({ find: row, tags: ['users'], address })).read;
const peers = REDIS_PEERS.filter(({ onlyTagged }) => onlyTagged !== true).map(({ id, label, create }) => ({
  id,
  label,
  create: async (address) => (await create({ load: async (key) => row(key), address, memory: true })).get,
}));

async function nonBlocking(address) {
  const { Cacheable } = await import('cacheable');
  const { createKeyvNonBlocking } = await import('@keyv/redis');
  const cache = new Cacheable({ secondary: createKeyvNonBlocking(redisUrl(address)), nonBlocking: true });
  cache.on('error', () => {});
  return (key) => cache.getOrSet(key, async () => row(key), { ttl: 300_000 });
}

export default {
  name: 'redis-away',
  title: 'Reads while Redis is away, of a loader that answers at once',
  figures: {
    p50: 'ms, p50',
    p99: 'p99',
    most: 'the longest',
    calls: `calls in ${BUDGET_MS / 1_000} s, at most ${CALLS}`,
    rejected: 'rejected',
    late: `not answered in ${CEILING_MS / 1_000} s`,
  },
  /** A wait as long as this was given up. */
  ceiling: CEILING_MS,
  rounds: 1,
  variants: WAYS.flatMap((way) => [
    variant('ours', '`getOrLoad`', ours, way),
    variant('peer-cacheable-nonblocking', 'cacheable, `nonBlocking` as its documentation advises', nonBlocking, way),
    ...peers.map(({ id, label, create }) => variant(id, label, create, way)),
  ]),
  aims: (results) =>
    WAYS.map(({ way, text }) => {
      const { most, rejected } = results[`ours-${way}`].figures;
      const met = most.min <= 300 && rejected.max === 0;
      return { text: `${text}: nobody is rejected or waits for longer than 300 ms`, value: most.min, met };
    }),
};
