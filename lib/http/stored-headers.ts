import { fieldValue, listMembers, type ResponseHeaders } from './header-fields.js';

/** About the connection: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

/** About the proxy: https://www.rfc-editor.org/rfc/rfc9111#section-3.1 */
const PROXY = ['proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization'];

/** About this one response, not about what it carries. */
const OF_THE_MOMENT = [
  'age',
  'cache-status',
  'clear-site-data',
  'content-length',
  'date',
  'retry-after',
  'server-timing',
  'set-cookie',
  'set-cookie2',
  'x-response-time',
  'x-runtime',
  // which request it was
  'request-id',
  'traceparent',
  'traceresponse',
  'tracestate',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
  'x-correlation-id',
  'x-request-id',
  'x-trace-id',
];

const NEVER = new Set([...HOP_BY_HOP, ...PROXY, ...OF_THE_MOMENT]);

/** `X-B3-TraceId`, and what is left of somebody's rate. */
const NEVER_PREFIXES = ['x-b3-', 'ratelimit', 'x-ratelimit', 'x-rate-limit'];

/** What is kept of the fields a handler has set, as texts. */
export function storedHeaders(headers: ResponseHeaders): Record<string, string | string[]> {
  const nominated = new Set(listMembers(fieldValue(headers, 'connection')).map((name) => name.toLowerCase()));
  const kept: [string, string | string[]][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || NEVER.has(name) || nominated.has(name)) continue;
    if (NEVER_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    kept.push([name, typeof value === 'object' ? value.map(String) : String(value)]);
  }
  return Object.fromEntries(kept);
}
