/** Where to look how the cache is. */
export const watchingLines = (url: string): string => `\
  ${url}/board            the caches, and every entry: why it is fresh or stale (open it in a browser on this machine)
  ${url}/metrics          for Prometheus
  ${url}/health, ${url}/ready   for an orchestrator`;
