import { startSharedShop } from '../harness/ours-redis.mjs';
import { REDIS_PEERS } from '../harness/redis-peers.mjs';
import { commandCounts, emptied, openClient, openClientLikeOurs, redisAddress, total } from '../harness/redis.mjs';
import { crowdUs } from '../harness/timing.mjs';
import { longPage, row } from '../harness/values.mjs';

const KEYS = 200;
const COUNTED = 5_000;
const keys = Array.from({ length: KEYS }, (_, i) => `id${i}`);
const tagged = (count) => Array.from({ length: count }, (_, n) => `category:${n}`);
const SIZES = [
  { size: '300', text: '300 bytes', make: row },
  { size: '10k', text: '10 kB', make: longPage },
];
/** Of the raw client's operations a second, ours should reach at least so much. */
const SHARE = 0.85;

async function measure(read, client, quick) {
  const figures = {};
  for (const callers of [1, 16, 256]) figures[`of${callers}`] = await crowdUs(callers, read, keys, quick);
  const counts = await commandCounts(client, async () => {
    for (let n = 0; n < COUNTED; n++) await read(keys[n % KEYS]);
  });
  return { ...figures, commands: total(counts) / COUNTED };
}

/** Fills, measures, and fails the run if anything but hits was measured. */
async function hits(client, fill, read, counted, quick) {
  for (const key of keys) await fill(key);
  const before = counted.loads;
  const figures = await measure(read, client, quick);
  if (counted.loads !== before) throw new Error(`${counted.loads - before} loads while only hits were expected`);
  return figures;
}

const raw = (id, label, make, open) => ({
  id,
  label,
  async run({ quick }) {
    const { Packr } = await import('msgpackr');
    const packr = new Packr({ structuredClone: true, moreTypes: true, copyBuffers: true });
    const control = await emptied();
    const client = await open();
    for (const key of keys) await client.set(key, packr.pack(make(key)), 'PX', 300_000);
    return measure(async (key) => packr.unpack(await client.getBuffer(key)), control, quick);
  },
});

const ours = (id, label, { make, tags, ...users }) => ({
  id,
  label,
  async run({ quick }) {
    const client = await emptied();
    const { cache, read, counted } = await startSharedShop({ find: make, tags, users: { memory: false, ...users } });
    const figures = await hits(client, read, read, counted, quick);
    const { l2 } = cache.status().caches.users.outcomes;
    if (l2 < COUNTED) throw new Error(`${l2} hits in Redis`);
    return figures;
  },
});

const peer = ({ id, label, create }, { size, text, make }, tags) => ({
  id: `${id}-${size}${tags === undefined ? '' : `-${tags.length}`}`,
  label: `${label}: ${text}${tags === undefined ? '' : `, ${tags.length} tags`}`,
  async run({ quick }) {
    const client = await emptied();
    const counted = { loads: 0 };
    const load = async (key) => (counted.loads++, make(key));
    const { get, fill = get } = await create({ load, address: redisAddress(), memory: false, tags });
    return hits(client, fill, get, counted, quick);
  },
});

const [small] = SIZES;
const counts = [0, 5, 128];

const variants = [
  ...SIZES.flatMap(({ size, text, make }) => [
    raw(
      `raw-${size}`,
      `ioredis \`getBuffer\` and msgpackr, the same client options: ${text}`,
      make,
      openClientLikeOurs,
    ),
    raw(`raw-default-${size}`, `the same with the default options: ${text}`, make, openClient),
    ...counts.map((count) =>
      ours(`ours-${size}-${count}`, `\`getOrLoad\`, no memory: ${text}, ${count} tags`, {
        make,
        tags: tagged(count),
        nested: false,
      }),
    ),
  ]),
  ours('ours-300-nested', `the same as it comes, \`nested: true\`: 300 bytes, 5 tags`, {
    make: small.make,
    tags: tagged(5),
  }),
  ...REDIS_PEERS.filter(({ onlyTagged }) => onlyTagged !== true).flatMap((cache) => [
    ...SIZES.map((size) => peer(cache, size)),
    ...(cache.hasTags ? [peer(cache, small, tagged(5))] : []),
  ]),
];

const aim = (text, value, met) => ({ text, value, met });

export default {
  name: 'l2-hit',
  title: 'A hit in Redis, without memory in front of it',
  figures: {
    of1: 'µs a read, one caller',
    of16: 'µs, 16 at once',
    of256: 'µs, 256 at once',
    commands: 'commands a read',
  },
  base: 'raw-300',
  rounds: 5,
  needsRedis: true,
  variants,
  aims: (results) =>
    SIZES.flatMap(({ size, text }) =>
      counts.flatMap((count) => {
        const [reference, mine] = [results[`raw-${size}`].figures, results[`ours-${size}-${count}`].figures];
        const share = (callers) => reference[callers].min / mine[callers].min;
        return [
          ...['of1', 'of16', 'of256'].map((callers) =>
            aim(
              `${text}, ${count} tags, ${callers.slice(2)} at once: ≥ ${SHARE} of the raw client's reads a second`,
              share(callers),
              share(callers) >= SHARE,
            ),
          ),
          // what is confirmed in the background meanwhile counts with it
          aim(`${text}, ${count} tags: one command a hit`, mine.commands.min, mine.commands.min < 1.01),
        ];
      }),
    ),
};
