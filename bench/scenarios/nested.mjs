import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { useAsyncContext } from '../harness/async-context.mjs';
import { awaitedNs } from '../harness/timing.mjs';

const texts = Array.from({ length: 1_000 }, (_, i) => `id${i}`);
const user = { id: 'id1', name: 'Ada' };

/** Node 22 from the package `node`, if `npm run node22` has put it there. */
const NODE_22 = fileURLToPath(new URL('../.node22/node_modules/node/bin/node', import.meta.url));

const runtimes = [
  { id: `node${process.versions.node.split('.')[0]}`, label: `Node ${process.versions.node.split('.')[0]}` },
  ...(existsSync(NODE_22) && !process.versions.node.startsWith('22.')
    ? [{ id: 'node22', label: 'Node 22', command: [NODE_22] }]
    : []),
];

async function mapReads({ quick }) {
  const entries = new Map(texts.map((key) => [key, user]));
  return { awaited: await awaitedNs(async (key) => entries.get(key), texts, quick) };
}

const hits = (nested, before = () => undefined) =>
  async function ({ quick }) {
    before();
    const { startShop } = await import('../harness/ours.mjs');
    const find = async () => user;
    const { users } = await startShop({ find, cacheable: { isolation: 'frozen', nested, tags: ['users'] } });
    for (let round = 0; round < 2; round++) for (const key of texts) await users.find(key);
    return { awaited: await awaitedNs((key) => users.find(key), texts, quick) };
  };

const variants = runtimes.flatMap(({ id, label, command }) =>
  [
    { id: `${id}-map`, label: `${label}: Map`, run: mapReads },
    {
      id: `${id}-map-context`,
      label: `${label}: Map, in a process that uses AsyncLocalStorage`,
      run: (options) => {
        useAsyncContext();
        return mapReads(options);
      },
    },
    { id: `${id}-off`, label: `${label}: \`@Cacheable\`, \`nested: false\``, run: hits(false) },
    { id: `${id}-on`, label: `${label}: \`@Cacheable\`, \`nested: true\``, run: hits(true) },
    {
      id: `${id}-off-context`,
      label: `${label}: \`nested: false\`, in a process that uses AsyncLocalStorage`,
      run: hits(false, useAsyncContext),
    },
    {
      id: `${id}-on-context`,
      label: `${label}: \`nested: true\`, in a process that uses AsyncLocalStorage`,
      run: hits(true, useAsyncContext),
    },
  ].map((variant) => ({ ...variant, command })),
);

export default {
  name: 'nested',
  title: 'What `nested: true` adds to every hit',
  figures: { awaited: 'ns awaited' },
  base: `${runtimes[0].id}-map`,
  rounds: 5,
  variants,
};
