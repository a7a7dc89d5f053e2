import { startSharedShop } from '../harness/ours-redis.mjs';
import { emptied } from '../harness/redis.mjs';
import { crowdUs } from '../harness/timing.mjs';
import { row } from '../harness/values.mjs';

const keys = Array.from({ length: 200 }, (_, i) => `id${i}`);
const tags = Array.from({ length: 5 }, (_, n) => `category:${n}`);
const CROWDS = [1, 16, 256];
/** Of the bounded reads a second, from 16 at once on. */
const SHARE = 0.8;

const variant = (id, label, users) => ({
  id,
  label,
  async run({ quick }) {
    await emptied();
    const { cache, read, counted } = await startSharedShop({ find: row, tags, users: { nested: false, ...users } });
    for (const key of keys) await read(key);
    const before = counted.loads;
    const figures = {};
    for (const callers of CROWDS) {
      let reads = 0;
      const synced = cache.status().journal.shared.syncs;
      const counting = (key) => (reads++, read(key));
      figures[`of${callers}`] = await crowdUs(callers, counting, keys, quick);
      figures[`syncs${callers}`] = (cache.status().journal.shared.syncs - synced) / reads;
    }
    if (counted.loads !== before) throw new Error(`${counted.loads - before} loads while only hits were expected`);
    return figures;
  },
});

const aim = (text, value, met) => ({ text, value, met });

export default {
  name: 'strong',
  title: 'What `strong` costs: a hit in Redis of 300 bytes with 5 tags',
  figures: {
    of1: 'µs a read, one caller',
    of16: 'µs, 16 at once',
    of256: 'µs, 256 at once',
    syncs1: 'synchronisations a read, one caller',
    syncs16: '16 at once',
    syncs256: '256 at once',
  },
  base: 'bounded',
  rounds: 5,
  needsRedis: true,
  variants: [
    variant('bounded', '`bounded`, without memory', { memory: false }),
    variant('strong', '`strong`, without memory', { memory: false, consistency: 'strong' }),
    variant('strong-memory', '`strong`, the entry in memory: nothing but the synchronisation', {
      consistency: 'strong',
    }),
  ],
  aims({ bounded, strong }) {
    return CROWDS.filter((callers) => callers >= 16).map((callers) => {
      const value = bounded.figures[`of${callers}`].min / strong.figures[`of${callers}`].min;
      return aim(`${callers} at once: ≥ ${SHARE} of the bounded reads a second`, value, value >= SHARE);
    });
  },
};
