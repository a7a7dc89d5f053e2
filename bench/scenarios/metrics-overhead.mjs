import { useAsyncContext } from '../harness/async-context.mjs';
import { awaitedNs } from '../harness/timing.mjs';

const texts = Array.from({ length: 1_000 }, (_, i) => `id${i}`);
const user = { id: 'id1', name: 'Ada' };

/** Scrapes as often as Prometheus would at its busiest. */
const SCRAPE_EVERY_MS = 1_000;

/** A SDK whose spans are made, sampled and dropped. */
async function startSdk() {
  const { context, trace } = await import('@opentelemetry/api');
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  const { BasicTracerProvider } = await import('@opentelemetry/sdk-trace-base');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider());
}

const measured = ({ metrics, before = async () => undefined, scrapes = false }) =>
  async function ({ quick }) {
    await before();
    const { loadMetricsModule, startShop } = await import('../harness/ours.mjs');
    const imports = metrics === undefined ? [] : [(await loadMetricsModule()).forRoot(metrics)];
    const cacheable = { isolation: 'frozen', nested: false, tags: ['users'] };
    const { app, users } = await startShop({ imports, find: async () => user, cacheable });
    const scraping = scrapes ? await scrapeRegularly(app) : undefined;
    for (let round = 0; round < 2; round++) for (const key of texts) await users.find(key);
    const hit = await awaitedNs((key) => users.find(key), texts, quick);
    let misses = 0;
    const miss = await awaitedNs(() => users.find(`new ${misses++}`), texts, quick);
    clearInterval(scraping);
    return { hit, miss };
  };

async function scrapeRegularly(app) {
  const root = process.env.BENCH_PACKAGE ?? new URL('../..', import.meta.url).pathname;
  const { CacheMetrics } = await import(`${root}/dist/esm/metrics/index.js`);
  return setInterval(() => app.get(CacheMetrics).text(), SCRAPE_EVERY_MS);
}

const openTelemetry = { path: false, openTelemetry: true };
const variants = [
  { id: 'without', label: '`CacheModule` alone', run: measured({}) },
  {
    id: 'metrics',
    label: '`CacheMetricsModule.forRoot()`, scraped every second',
    run: measured({ metrics: {}, scrapes: true }),
  },
  {
    id: 'no-sdk',
    label: '`openTelemetry: true`, no SDK is there',
    run: measured({ metrics: openTelemetry }),
  },
  {
    id: 'context',
    label: '`CacheModule` alone, in a process that uses AsyncLocalStorage',
    run: measured({ before: async () => void useAsyncContext() }),
  },
  {
    id: 'sdk-untraced',
    label: 'a SDK is there, and the cache has no traces',
    run: measured({ before: startSdk }),
  },
  {
    id: 'sdk',
    label: 'a SDK is there, and `openTelemetry: true`',
    run: measured({ metrics: openTelemetry, before: startSdk }),
  },
];

const ratio = (variant, base, limit, figure) => ({ variant, base, limit, figure });

export default {
  name: 'metrics-overhead',
  title: 'What metrics and traces cost',
  unit: 'ns',
  figures: { hit: 'ns a hit in memory', miss: 'ns a miss' },
  base: 'without',
  rounds: 5,
  variants,
  ratios: [
    ratio('metrics', 'without', 1.05, 'hit'),
    ratio('metrics', 'without', 1.1, 'miss'),
    ratio('no-sdk', 'without', 1.05, 'hit'),
    ratio('no-sdk', 'without', 1.1, 'miss'),
    ratio('sdk', 'context', 1.1, 'hit'),
    ratio('sdk', 'context', 2, 'miss'),
  ],
};
