import { SIZE } from '../database/size.js';
import { watchingLines } from './watching-lines.js';

/** What to type to see the cache at work, on a product the driver leaves alone. */
export function tour(url: string): string {
  const product = `${url}/products/${SIZE.products}`;
  const page = `${product}/page`;
  const cost = `curl -s -o /dev/null -D - ${page} | grep -iE 'x-sql|server-timing'`;
  return `
The shop stays up at ${url} until Ctrl+C. To see the cache at work:

  # a miss: four queries
  ${cost}
  # a hit: the same line again, none
  ${cost}
  # an update
  curl -s -X PATCH ${product} -H 'content-type: application/json' -d '{"priceCents": 4321}'
  # fresh: only what shows the price is asked for again
  ${cost}
  curl -s ${page} | grep -o '"priceCents":[0-9]*' | head -1

  # how often it was looked at: counted by write-behind, a statement a second at most
  curl -s ${product}/views

  ${url}/bestsellers      warm since the start
  ${url}/accounts/${SIZE.users}     an account: profile and statement
  ${url}/status           queries so far, and the state of the cache
${watchingLines(url)}
`;
}
