import { startSharedShop } from '../harness/ours-redis.mjs';
import { emptied } from '../harness/redis.mjs';
import { row } from '../harness/values.mjs';

const RECORDS = 50_000;
const ENTRIES = 2_000;
const command = [process.execPath, '--expose-gc'];

const heldBytes = () => {
  for (let time = 0; time < 4; time++) globalThis.gc();
  return process.memoryUsage().heapUsed;
};

/** Records in the journal, each of so many tags that nobody used before. */
const records = (tagsEach) => ({
  id: `record-${tagsEach}`,
  label: `an invalidation of ${tagsEach} new ${tagsEach === 1 ? 'tag' : 'tags'}`,
  command,
  async run({ quick }) {
    const client = await emptied();
    const { cache } = await startSharedShop({ find: row });
    let tags = 0;
    const invalidate = () => cache.invalidate({ tags: Array.from({ length: tagsEach }, () => `product:${tags++}`) });
    const count = quick ? RECORDS / 10 : RECORDS;
    for (let n = 0; n < 500; n++) await invalidate();
    const [journal, own] = [await client.memory('USAGE', '{bench}:journal', 'SAMPLES', 0), heldBytes()];
    for (let n = 0; n < count; n++) await invalidate();
    const grown = (await client.memory('USAGE', '{bench}:journal', 'SAMPLES', 0)) - journal;
    return { redis: grown / count, process: (heldBytes() - own) / (count * tagsEach) };
  },
});

/** What an entry takes in Redis beyond the bytes of its value and the same key. */
const entries = (tags) => ({
  id: `entry-${tags}`,
  label: `an entry of 300 bytes with ${tags} tags, beyond key and value`,
  async run() {
    const { Packr } = await import('msgpackr');
    const packr = new Packr({ structuredClone: true, moreTypes: true, copyBuffers: true });
    const client = await emptied();
    const { app, read } = await startSharedShop({
      find: row,
      tags: Array.from({ length: tags }, (_, n) => `category:${n}`),
    });
    const ids = Array.from({ length: ENTRIES }, (_, n) => `id${n}`);
    for (const id of ids) await read(id);
    // what is stored behind the answers gets there
    await app.close();
    let extra = 0;
    for (const key of await client.keys('bench:users:*')) {
      const held = await client.memory('USAGE', key);
      const [, id] = /:(\w+)$/.exec(key);
      await client.set(key, packr.pack(row(id)), 'PX', 300_000);
      extra += held - (await client.memory('USAGE', key));
    }
    return { redis: extra / ENTRIES };
  },
});

export default {
  name: 'redis-bytes',
  title: 'Bytes in Redis, and in a process that follows the journal',
  figures: { redis: 'bytes in Redis', process: 'bytes in the process, each tag' },
  rounds: 2,
  needsRedis: true,
  variants: [records(1), records(5), entries(0), entries(5), entries(128)],
};
