import { aimsOf } from './report/figures.js';
import { tour } from './report/tour.js';
import type { Setup } from './setup.js';
import { Shop } from './shop.js';

/** The shop in one process. */
export const shopSetup = (port: number): Setup<Shop> => ({
  open: (databaseUrl, cached) => Shop.open({ databaseUrl, port, cache: cached ? {} : { enabled: false } }),
  judge: (_runs, { without, cached }) => ({ aims: aimsOf(without, cached), notes: [], more: {} }),
  tour: ({ url }) => tour(url),
});
