import { SIZE } from '../database/size.js';
import { watchingLines } from './watching-lines.js';

/** What to type to see that the processes have one cache, and that they can do without Redis. */
export function fleetTour(
  [first = '', second = '', ...others]: readonly string[],
  redisPid: number | undefined,
): string {
  const page = `products/${SIZE.products}/page`;
  const cost = (url: string) => `curl -s -o /dev/null -D - ${url}/${page} | grep -i x-sql`;
  const change = `-H 'content-type: application/json' -d '{"priceCents": 4321}'`;
  const outage = `
  # without Redis
  kill -STOP ${redisPid}; sleep 2; ${cost(first)}
  # degraded, and no reason to restart anything
  curl -s -w ' %{http_code}\\n' ${first}/health
  kill -CONT ${redisPid}
`;
  return `
The shop stays up at ${[first, second, ...others].join(', ')} until Ctrl+C. To see that the processes share a cache:

  # a miss: four queries
  ${cost(first)}
  # another process finds what the first one has loaded: none
  ${cost(second)}
  # an update through one reaches the others
  curl -s -X PATCH ${second}/products/${SIZE.products} ${change}
  ${cost(first)}
${redisPid === undefined ? '' : outage}
  ${first}/status           what a process has asked for, and the state of its cache
${watchingLines(first)}
`;
}
