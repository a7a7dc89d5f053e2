import { MAX_STALENESS_MS } from '../driver/promise.js';
import { fleetAimsOf, fleetFiguresOf, fleetSentences } from '../report/fleet-figures.js';
import { fleetTour } from '../report/fleet-tour.js';
import { LocalServer } from '../servers/local-server.js';
import { REDIS } from '../servers/programs.js';
import type { Setup } from '../setup.js';
import { forgetFormerRuns } from './forget-former-runs.js';
import { RedisFaults } from './redis-faults.js';
import { ShopFleet } from './shop-fleet.js';

/** The shop in several processes that share a Redis: `REDIS_URL`, or one of its own, to which things happen. */
export async function fleetSetup(port: number): Promise<Setup<ShopFleet>> {
  const own = process.env['REDIS_URL'] ? undefined : await LocalServer.start(REDIS);
  const redis = { url: own?.url ?? process.env['REDIS_URL'] ?? '' };
  return {
    async open(databaseUrl, cached) {
      if (cached) await forgetFormerRuns(redis.url);
      const cache = cached ? { redis, maxStaleness: MAX_STALENESS_MS } : { enabled: false };
      return ShopFleet.open({ databaseUrl, port, cache });
    },
    faultsOf: (shop) => own && new RedisFaults(own, shop),
    judge(runs, { without, cached }) {
      const fleet = fleetFiguresOf(runs.cached);
      return { aims: fleetAimsOf(without, cached), notes: fleetSentences(fleet), more: { fleet } };
    },
    tour: ({ urls }) => fleetTour(urls, own?.pid),
    close: async () => own?.kill(),
  };
}
