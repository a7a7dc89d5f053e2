import { startSharedShop } from '../harness/ours-redis.mjs';
import { REDIS_PEERS } from '../harness/redis-peers.mjs';
import { commandCounts, emptied, openClient, redisAddress, total } from '../harness/redis.mjs';

const FEW = 10;
const MANY = 1_000_000;
/** Other caches store each entry by their own means, which takes longer. */
const PEERS_MANY = 100_000;
const TAG = 'price-list';
const TIMES = 500;
const value = (key) => ({ id: key, price: 1999 });
const name = (count) => count.toLocaleString('en-US');

/** In so many calls at once. */
async function fill(count, store, callers = 256) {
  let next = 0;
  const caller = async () => {
    while (next < count) await store(`id${next++}`);
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

/** The bytes of one entry under as many other keys: what the server holds is as large as with entries of their own. */
async function copyEntry(client, count) {
  const [key] = await client.keys('bench:users:*');
  const bytes = await client.getBuffer(key);
  const PAGE = 1_000;
  for (let from = 0; from < count; from += PAGE) {
    const pipeline = client.pipeline();
    for (let n = from; n < Math.min(from + PAGE, count); n++) pipeline.set(`${key}-${n}`, bytes, 'PX', 600_000);
    await pipeline.exec();
  }
}

const timed = async (act) => {
  const begun = performance.now();
  await act();
  return performance.now() - begun;
};

const ours = (entries) => ({
  id: `ours-${entries}`,
  label: `\`invalidate\`: ${name(entries)} entries in Redis carry the tag`,
  async run({ quick }) {
    const client = await emptied();
    const { cache, read } = await startSharedShop({ find: value, tags: [TAG], users: { memory: false } });
    await read('id');
    await copyEntry(client, quick ? Math.min(entries, 50_000) : entries);
    const invalidate = () => cache.invalidate({ tags: [TAG] });
    const first = await timed(invalidate);
    let least = Number.POSITIVE_INFINITY;
    const counts = await commandCounts(client, async () => {
      for (let time = 0; time < TIMES; time++) least = Math.min(least, await timed(invalidate));
    });
    const held = await client.dbsize();
    await client.flushall('SYNC');
    return { first, least, commands: Math.round(((counts.evalsha ?? 0) / TIMES) * 100) / 100, held };
  },
});

const peer = ({ id, label, create }, entries) => ({
  id: `${id}-${entries}`,
  label: `${label}: ${name(entries)} entries`,
  async run({ quick }) {
    const client = await emptied();
    const {
      get,
      fill: store = get,
      invalidateTag,
    } = await create({
      load: async (key) => value(key),
      address: redisAddress(),
      memory: false,
      tags: [TAG],
    });
    await fill(quick ? Math.min(entries, 5_000) : entries, store);
    const held = await client.dbsize();
    let first;
    const counts = await commandCounts(client, async () => {
      first = await timed(() => invalidateTag(TAG));
    });
    await client.flushall('SYNC');
    return { first, commands: total(counts), held };
  },
});

const reference = {
  id: 'raw',
  label: 'ioredis `incr`: one round trip',
  async run() {
    const client = await emptied();
    const other = await openClient();
    const first = await timed(() => other.incr('n'));
    let least = Number.POSITIVE_INFINITY;
    for (let time = 0; time < TIMES; time++) least = Math.min(least, await timed(() => other.incr('n')));
    await client.flushall();
    return { first, least, commands: 1 };
  },
};

export default {
  name: 'invalidate-shared',
  title: 'Invalidating a tag in Redis',
  figures: { first: 'ms, the first', least: 'ms, the fastest', commands: 'commands', held: 'keys in Redis' },
  rounds: 3,
  needsRedis: true,
  variants: [
    reference,
    ours(FEW),
    ours(MANY),
    ...REDIS_PEERS.filter(({ hasTags }) => hasTags).flatMap((cache) => [peer(cache, FEW), peer(cache, PEERS_MANY)]),
  ],
  aims(results) {
    const many = results[`ours-${MANY}`].figures;
    const value = many.least.min / results[`ours-${FEW}`].figures.least.min;
    return [
      // synchronisations in the background are scripts as well
      { text: 'one command', value: many.commands.min, met: many.commands.min < 1.05 },
      { text: 'the same time for ten entries and a million (0.67–1.5 ×)', value, met: value < 1.5 && value > 0.67 },
    ];
  },
};
