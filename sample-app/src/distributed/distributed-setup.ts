import type { Settings } from '../command-line.js';
import { distributedAimsOf, distributedFiguresOf, distributedSentences } from '../report/distributed-figures.js';
import { distributedTour } from '../report/distributed-tour.js';
import type { Setup } from '../setup.js';
import { openBroker } from './broker.js';
import { DistributedFaults } from './distributed-faults.js';
import { isBroken } from './distributed-promise.js';
import { DistributedShop } from './distributed-shop.js';

/** The gateway and the services in processes of their own, which tell each other over a broker unless they are mute. */
export async function distributedSetup(settings: Settings): Promise<Setup<DistributedShop>> {
  const { port, mute } = settings;
  const broker = mute ? undefined : await openBroker(settings.broker, settings.brokerUrl);
  return {
    // the gateway answers, the services change; and a run has to be long enough for everything that happens in it
    manners: { writesElsewhere: true, mayBeAway: true, restMs: 20 },
    isBroken,
    open: (databaseUrl, cached) => DistributedShop.open({ databaseUrl, port, cached, broker: broker?.address ?? null }),
    faultsOf: (shop) => broker && new DistributedFaults(shop, broker.own),
    async judge(runs, { without, cached }, shop) {
      const distributed = distributedFiguresOf(runs.cached, await shop.statuses());
      const notes = distributedSentences(broker?.address.name, distributed);
      return { aims: distributedAimsOf(without, cached, distributed), notes, more: { distributed } };
    },
    tour: (shop) => distributedTour(shop, broker),
    close: async () => broker?.own?.kill(),
  };
}
