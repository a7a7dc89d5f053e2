import { PEERS } from '../harness/peers.mjs';
import { awaitedNs, plainNs } from '../harness/timing.mjs';
import { product, productPage } from '../harness/values.mjs';

const KEYS = 1_000;
const texts = Array.from({ length: KEYS }, (_, i) => `id${i}`);
const numbers = Array.from({ length: KEYS }, (_, i) => i + 1);
const user = { id: 'id1', name: 'Ada' };

async function measure(call, inputs, quick, check) {
  for (const input of inputs) await call(input);
  // what came from the loader is looked at more closely once
  for (const input of inputs) await call(input);
  const awaited = await awaitedNs(call, inputs, quick);
  check?.();
  return { awaited };
}

/** Also without `await`, for what has done all of its work when the call returns. */
async function measureBoth(call, inputs, quick, check) {
  const figures = await measure(call, inputs, quick, check);
  return { ...figures, called: await plainNs(call, inputs, quick) };
}

const map = (id, label, inputs, make) => ({
  id,
  label,
  run({ quick }) {
    const entries = new Map(inputs.map((input) => [input, user]));
    return measureBoth(make(entries), inputs, quick);
  },
});

/** A read that isn't answered from memory spoils the figure, so it fails the run. */
function expectHits(cache, loads) {
  const before = loads();
  return () => {
    if (loads() !== before) throw new Error(`${loads() - before} loads while only hits were expected`);
    const { hits, reads } = Object.values(cache.status().caches)[0];
    if (hits < reads / 2) throw new Error(`${hits} hits of ${reads} reads`);
  };
}

function decorated(id, label, { options = {}, inputs = texts, value = () => user, call }) {
  return {
    id,
    label,
    async run({ quick }) {
      const { startShop } = await import('../harness/ours.mjs');
      let loads = 0;
      const { users, cache } = await startShop({
        find: async (key) => (loads++, value(key)),
        cacheable: { isolation: 'frozen', nested: false, tags: (key) => [`user:${key}`, 'users'], ...options },
      });
      const ask = call?.(users) ?? ((key) => users.find(key));
      for (const input of inputs) await ask(input);
      return measureBoth(
        ask,
        inputs,
        quick,
        expectHits(cache, () => loads),
      );
    },
  };
}

function byHand(id, label, make) {
  return {
    id,
    label,
    async run({ quick }) {
      const { startShop } = await import('../harness/ours.mjs');
      let loads = 0;
      const load = async () => (loads++, user);
      const caches = { users: { isolation: 'frozen', nested: false, tags: ['users'] } };
      const { users, cache } = await startShop({ find: load, module: { caches }, inject: 'users' });
      const ask = make(cache, load, users.handle);
      for (const input of texts) await ask(input);
      return measureBoth(
        ask,
        texts,
        quick,
        expectHits(cache, () => loads),
      );
    },
  };
}

/** Values of equal shape that differ in their key; few, because memory has to hold the large ones. */
const some = texts.slice(0, 200);
const LOAD_OPTIONS = { tags: ['user:1'] };

function decoding(id, label, make) {
  return {
    id,
    label,
    async run({ quick }) {
      const { Packr } = await import('msgpackr');
      const packr = new Packr({ structuredClone: true, moreTypes: true, copyBuffers: true });
      const payloads = new Map(some.map((key) => [key, packr.pack(make(key))]));
      const decode = async (key) => packr.unpack(payloads.get(key));
      return { bytes: payloads.get('id1').length, ...(await measure(decode, some, quick)) };
    },
  };
}

const variants = [
  map('map', '`async (key) => map.get(key)`', texts, (entries) => async (key) => entries.get(key)),
  map('map-number', 'the same, number keys', numbers, (entries) => async (key) => entries.get(key)),
  {
    id: 'map-built',
    label: 'the same, ``map.get(`user:${id}`)``',
    run({ quick }) {
      const entries = new Map(texts.map((key) => [`user:${key}`, user]));
      return measureBoth(async (key) => entries.get(`user:${key}`), texts, quick);
    },
  },
  decorated('cacheable', '`@Cacheable`: frozen, tags, the text argument is the key', {}),
  decorated('cacheable-learned', 'the same, its hottest calls are learned: `warm: {}`', { options: { warm: {} } }),
  decorated('cacheable-shared', 'the same, `isolation: shared`', { options: { isolation: 'shared' } }),
  decorated('cacheable-number', 'the same, a number is the key', { inputs: numbers }),
  decorated('cacheable-key', '`@Cacheable({ key: (id) => id })`', { options: { key: (id) => id } }),
  decorated('cacheable-built', '``@Cacheable({ key: (id) => `user:${id}` })``', {
    options: { key: (id) => `user:${id}` },
  }),
  decorated('cacheable-two', '`@Cacheable`, two arguments are the key: `(id, "en")`', {
    call: (users) => (key) => users.find(key, 'en'),
  }),
  decorated('cacheable-three', '`@Cacheable`, three arguments: `(number, true, "en")`', {
    inputs: numbers,
    call: (users) => (key) => users.find(key, true, 'en'),
  }),
  decorated('cacheable-object', '`@Cacheable`, an object is the key: `({ page, size })`', {
    inputs: numbers.map((page) => ({ page, size: 20 })),
    options: { tags: ['pages'] },
  }),
  byHand('service', '`CacheService.getOrLoad(name, key, load, options)`', (cache, load) => (key) => {
    return cache.getOrLoad('users', key, () => load(key), LOAD_OPTIONS);
  }),
  byHand('handle', '`Cache.getOrLoad(key, load, options)` of `@InjectCache`', (_, load, handle) => (key) => {
    return handle.getOrLoad(key, () => load(key), LOAD_OPTIONS);
  }),
  decoding('decode-small', 'msgpackr alone, about 400 bytes', product),
  decorated('copy-small', '`@Cacheable`, `isolation: copy`, about 400 bytes', {
    options: { isolation: 'copy' },
    inputs: some,
    value: product,
  }),
  decoding('decode-large', 'msgpackr alone, about 8 kB', productPage),
  decorated('copy-large', '`@Cacheable`, `isolation: copy`, about 8 kB', {
    options: { isolation: 'copy' },
    inputs: some,
    value: productPage,
  }),
  ...PEERS.map(({ id, label, create }) => ({
    id,
    label,
    async run({ quick }) {
      let loads = 0;
      const call = await create(async () => (loads++, user));
      for (const key of texts) await call(key);
      const figures = await measure(call, texts, quick);
      if (loads > KEYS * 1.01) throw new Error(`${loads} loads while only hits were expected`);
      return figures;
    },
  })),
];

const ratio = (variant, base, limit) => ({ variant, base, limit, figure: 'awaited' });

export default {
  name: 'l1-hit',
  title: 'A hit in memory',
  unit: 'ns',
  figures: { awaited: 'ns awaited', called: 'ns to call' },
  base: 'map',
  rounds: 5,
  variants,
  ratios: [
    ratio('cacheable', 'map', 1.5),
    ratio('service', 'map', 1.5),
    ratio('handle', 'map', 1.5),
    ratio('cacheable-shared', 'map', 1.5),
    ratio('cacheable-number', 'map-number', 1.5),
    ratio('cacheable-key', 'map', 1.5),
    ratio('cacheable-built', 'map', 3),
    ratio('cacheable-two', 'map', 3),
    ratio('cacheable-three', 'map-number', 3),
    ratio('copy-small', 'decode-small', 1.3),
    ratio('copy-large', 'decode-large', 1.3),
  ],
};
