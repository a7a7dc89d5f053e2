import { startSharedShop } from '../harness/ours-redis.mjs';
import { REDIS_PEERS } from '../harness/redis-peers.mjs';
import { emptied, openClient, redisAddress, sentCommands, total } from '../harness/redis.mjs';
import { crowdUs } from '../harness/timing.mjs';
import { row } from '../harness/values.mjs';

const COUNTED = 200;
const WARM_UP = 8_000;
const tags = Array.from({ length: 5 }, (_, n) => `category:${n}`);

/** Every read is of another key. What a miss leaves for later is paid for by the reads after it. */
async function measure(read, client, quick) {
  let keys = 0;
  const miss = () => read(`id${keys++}`);
  // a miss is long code that runs seldom: it takes thousands of them before all of it is compiled
  for (let n = 0; n < (quick ? WARM_UP / 10 : WARM_UP); n++) await miss();
  const figures = {};
  for (const callers of [1, 16]) figures[`of${callers}`] = await crowdUs(callers, miss, [0], quick);
  const sent = await sentCommands(client, async () => {
    for (let n = 0; n < COUNTED; n++) await miss();
  });
  return { ...figures, commands: total(sent) / COUNTED };
}

const reference = {
  id: 'raw',
  label: 'ioredis `getBuffer`, msgpackr and `set` with a ttl, one after the other',
  async run({ quick }) {
    const { Packr } = await import('msgpackr');
    const packr = new Packr({ structuredClone: true, moreTypes: true, copyBuffers: true });
    const control = await emptied();
    const client = await openClient();
    const read = async (key) => {
      const found = await client.getBuffer(key);
      if (found !== null) return packr.unpack(found);
      const value = row(key);
      await client.set(key, packr.pack(value), 'PX', 300_000);
      return value;
    };
    return measure(read, control, quick);
  },
};

const ours = (id, label, { tags: carried, ...users }) => ({
  id,
  label,
  async run({ quick }) {
    const client = await emptied();
    const { read } = await startSharedShop({ find: row, tags: carried, users });
    return measure(read, client, quick);
  },
});

const peer = ({ id, label, create }, carried) => ({
  id: carried === undefined ? id : `${id}-tags`,
  label: carried === undefined ? label : `${label}: 5 tags`,
  async run({ quick }) {
    const client = await emptied();
    const { get } = await create({
      load: async (key) => row(key),
      address: redisAddress(),
      memory: false,
      tags: carried,
    });
    return measure(get, client, quick);
  },
});

export default {
  name: 'miss-and-fill',
  title: 'A miss that fills Redis, 300 bytes, with a loader that answers at once',
  figures: { of1: 'µs a miss, one caller', of16: 'µs, 16 at once', commands: 'commands a miss' },
  base: 'raw',
  rounds: 3,
  needsRedis: true,
  variants: [
    reference,
    ours('ours', '`getOrLoad` with the load lock, no memory, `nested: false`', { memory: false, nested: false }),
    ours('ours-tags', 'the same, 5 tags', { tags, memory: false, nested: false }),
    ours('ours-as-it-comes', 'the same as it comes: memory, `nested: true`', { tags }),
    ...REDIS_PEERS.filter(({ onlyTagged }) => onlyTagged !== true).flatMap((cache) => [
      peer(cache),
      // where tags can be given to the call that loads
      ...(['peer-bentocache', 'peer-async-cache-dedupe'].includes(cache.id) ? [peer(cache, tags)] : []),
    ]),
  ],
};
