import { describe, expect, it } from 'vitest';
import { storedHeaders } from '../../../lib/http/stored-headers.js';

describe('the headers kept with an entry', () => {
  it('are those of the handler, as texts', () => {
    expect(
      storedHeaders({
        'content-type': 'text/html',
        etag: '"a"',
        vary: 'accept',
        'cache-control': 'max-age=1',
        link: ['</a>', '</b>'],
        'x-total': 7,
        'x-empty': '',
        'x-none': undefined,
      }),
    ).toEqual({
      'content-type': 'text/html',
      etag: '"a"',
      vary: 'accept',
      'cache-control': 'max-age=1',
      link: ['</a>', '</b>'],
      'x-total': '7',
      'x-empty': '',
    });
  });

  it.each([
    'connection',
    'keep-alive',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'proxy-authenticate',
    'proxy-authentication-info',
    'proxy-authorization',
    'age',
    'cache-status',
    'clear-site-data',
    'content-length',
    'date',
    'retry-after',
    'server-timing',
    'set-cookie',
    'x-response-time',
    'request-id',
    'traceparent',
    'tracestate',
    'x-amzn-trace-id',
    'x-correlation-id',
    'x-request-id',
    'x-trace-id',
    'x-b3-traceid',
    'ratelimit-policy',
    'x-ratelimit-remaining',
  ])('aren’t %s', (name) => {
    expect(storedHeaders({ [name]: 'x', 'x-kept': 'y' })).toEqual({ 'x-kept': 'y' });
  });

  it('aren’t those that Connection names', () => {
    expect(storedHeaders({ connection: 'close, X-Hop', 'x-hop': 'a', 'x-kept': 'b' })).toEqual({ 'x-kept': 'b' });
  });

  it('have a field of any name', () => {
    const headers = Object.fromEntries([['__proto__', 'x']]);

    expect(Object.entries(storedHeaders(headers))).toEqual([['__proto__', 'x']]);
  });

  it('are no longer the handler’s list', () => {
    const link = ['</a>'];
    const kept = storedHeaders({ link });
    link.push('</b>');

    expect(kept).toEqual({ link: ['</a>'] });
  });
});
