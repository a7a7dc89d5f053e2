import { setTimeout as pause } from 'node:timers/promises';
import { createBatchPeers } from '../harness/batch-peers.mjs';
import { startBatchShop } from '../harness/ours-batches.mjs';
import { emptied, openClient, sentCommands, total } from '../harness/redis.mjs';
import { row } from '../harness/values.mjs';

const IDS = 1_000;
const SHARES = [0, 0.5, 1];
/** Batches after each other: what one leaves for later is paid for by the next one. */
const RUN = 5;

/** A source that answers at once, and how often it was asked. */
function makeSource() {
  const source = {
    calls: 0,
    one: async (key) => (source.calls++, row(key)),
    many: async (keys) => (source.calls++, keys.map(row)),
  };
  return source;
}

let used = 0;
const freshIds = () => Array.from({ length: IDS }, () => `id${used++}`);

async function measure({ read, fill = read }, { source, client, quick }) {
  const figures = {};
  const prepared = async (share) => {
    const ids = freshIds();
    if (share > 0) await fill(ids.slice(0, share * IDS));
    return ids;
  };
  const preparedRun = async (share) => {
    const run = [];
    for (let n = 0; n < RUN; n++) run.push(await prepared(share));
    await pause(30); // what filling has left for later
    return run;
  };
  for (const share of SHARES) {
    let least = Number.POSITIVE_INFINITY;
    // the first ones are for the compiler
    for (let sample = 0; sample < (quick ? 3 : 10); sample++) {
      const run = await preparedRun(share);
      const begun = performance.now();
      for (const ids of run) await read(ids);
      least = Math.min(least, (performance.now() - begun) / RUN);
    }
    const ids = await prepared(share);
    await pause(30);
    source.calls = 0;
    const sent = await sentCommands(client, async () => {
      const found = await read(ids);
      if (share < 1) await pause(200); // what is left for later
      if (found.length !== IDS || found.some((item, at) => item?.id !== ids[at])) throw new Error('wrong answers');
    });
    const name = `at${share * 100}`;
    figures[name] = least;
    figures[`${name}Commands`] = total(sent);
    figures[`${name}Loads`] = source.calls;
  }
  return figures;
}

/** Of ids that are all in memory. */
async function inMemory(read, quick) {
  const ids = freshIds();
  await read(ids);
  let least = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < (quick ? 200 : 1_000); sample++) {
    const begun = performance.now();
    await read(ids);
    least = Math.min(least, performance.now() - begun);
  }
  return least;
}

const variant = (id, label, create) => ({
  id,
  label,
  async run({ quick }) {
    const client = await emptied();
    const source = makeSource();
    const overRedis = await create({ source, memory: false });
    const figures = await measure(overRedis, { source, client, quick });
    const local = await create({ source, memory: true });
    return { ...figures, memory: await inMemory(local.read, quick) };
  },
});

const raw = variant(
  'raw',
  'ioredis `mgetBuffer`, one call of the source, a pipeline of `set`, msgpackr; a Map',
  async ({ source, memory }) => {
    const { Packr } = await import('msgpackr');
    const packr = new Packr({ structuredClone: true, moreTypes: true, copyBuffers: true });
    if (memory) {
      const map = new Map();
      return {
        read: async (ids) => {
          const missing = ids.filter((id) => !map.has(id));
          if (missing.length > 0) for (const item of await source.many(missing)) map.set(item.id, packr.pack(item));
          return ids.map((id) => packr.unpack(map.get(id)));
        },
      };
    }
    const redis = await openClient();
    return {
      read: async (ids) => {
        const found = await redis.mgetBuffer(...ids);
        const missing = ids.filter((_, at) => found[at] === null);
        const loaded = new Map();
        if (missing.length > 0) {
          const pipeline = redis.pipeline();
          for (const item of await source.many(missing)) {
            loaded.set(item.id, item);
            pipeline.set(item.id, packr.pack(item), 'PX', 300_000);
          }
          void pipeline.exec();
        }
        return ids.map((id, at) => (found[at] === null ? loaded.get(id) : packr.unpack(found[at])));
      },
    };
  },
);

const ours = [
  variant('ours', '`getOrLoadMany`, `nested: false`', (given) =>
    startBatchShop({ ...given, way: 'many', nested: false }),
  ),
  variant('ours-as-it-comes', 'the same as it comes: `nested: true`', (given) =>
    startBatchShop({ ...given, way: 'many' }),
  ),
  variant('ours-decorated', '`@CacheableMany`', (given) => startBatchShop({ ...given, way: 'decorated' })),
  variant('ours-auto', '1,000 calls of `@Cacheable({ autoBatch })`', (given) =>
    startBatchShop({ ...given, way: 'auto' }),
  ),
  variant('ours-one-by-one', '1,000 calls of `getOrLoad` at once', (given) =>
    startBatchShop({ ...given, way: 'one by one' }),
  ),
];

const aim = (text, value, met) => ({ text, value, met });

export default {
  name: 'batch',
  title: `${IDS.toLocaleString('en-US')} ids of 300 bytes at once, of which none, half or all are cached in Redis, or all in memory`,
  figures: {
    at0: 'ms, none cached',
    at0Commands: 'commands',
    at0Loads: 'loads',
    at50: 'ms, half',
    at50Commands: 'commands',
    at50Loads: 'loads',
    at100: 'ms, all',
    at100Commands: 'commands',
    at100Loads: 'loads',
    memory: 'ms, all in memory',
  },
  base: 'raw',
  rounds: 3,
  needsRedis: true,
  variants: [raw, ...ours, ...createBatchPeers(variant)],
  aims: (results) => {
    const { figures } = results.ours;
    return [
      aim('none cached: one load', figures.at0Loads.max, figures.at0Loads.max === 1),
      aim('half cached: one load', figures.at50Loads.max, figures.at50Loads.max === 1),
      // what is confirmed in the background meanwhile counts with it
      aim('all cached: one command', figures.at100Commands.min, figures.at100Commands.min === 1),
      aim(
        'autoBatch, none cached: one load',
        results['ours-auto'].figures.at0Loads.max,
        results['ours-auto'].figures.at0Loads.max === 1,
      ),
    ];
  },
};
