import { SIZE } from '../database/size.js';
import type { Broker } from '../distributed/broker.js';
import type { DistributedShop } from '../distributed/distributed-shop.js';
import { watchingLines } from './watching-lines.js';

/** What to type to see that a service's change reaches the gateway, and what happens without a broker. */
export function distributedTour(shop: DistributedShop, broker: Broker | undefined): string {
  const [url = ''] = shop.urls;
  const page = `products/${SIZE.products}/page`;
  const cost = `curl -s -o /dev/null -D - ${url}/${page} | grep -i x-sql`;
  const change = (cents: number) =>
    `curl -s -X PATCH ${url}/products/${SIZE.products} -H 'content-type: application/json' -d '{"priceCents": ${cents}}'`;
  const frozen = `
  # while the broker stands still the gateway doesn't hear of it …
  kill -STOP ${broker?.own?.pid}; ${change(1234)}; ${cost}
  # … and afterwards it does
  kill -CONT ${broker?.own?.pid}; sleep 0.2; ${cost}
`;
  return `
The shop stays up at ${url} until Ctrl+C; ${broker ? `events go over ${broker.address.url}` : 'nobody tells anybody anything'}.
Each process has a Redis of its own. To see that the gateway hears of what a service changes:

  # a miss: four queries; then none
  ${cost}
  ${cost}
  # the catalogue tells that a price has changed: what shows it is asked for again
  ${change(4321)}
  sleep 0.1; ${cost}
${broker?.own ? frozen : ''}
  ${url}/status           what the gateway has asked for, and the state of its cache
${watchingLines(url)}
`;
}
