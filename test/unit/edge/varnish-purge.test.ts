import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PurgeMode } from '../../../lib/edge/edge-sender.interface.js';
import { varnishXkey, type VarnishXkeyOptions } from '../../../lib/edge/varnish-purge.js';

/** Takes requests and answers all of them with one status. */
async function serverThat(status = 200) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    response.writeHead(status, { location: '/elsewhere' }).end('<html>purged</html>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests };
}

const send = async (options: VarnishXkeyOptions, keys: readonly string[], mode: PurgeMode = 'hard'): Promise<unknown> =>
  varnishXkey(options).send({ keys, mode, signal: new AbortController().signal });

describe('a purge of Varnish', () => {
  it('is a PURGE with the keys in the field of its mode, and what else is to be sent', async () => {
    const { url, requests } = await serverThat();
    await send({ url, headers: { 'x-password': 'secret' } }, ['a', '~cache:users']);
    await send({ url }, ['b'], 'soft');
    await send({ url, hardHeader: 'x-hard', softHeader: 'x-soft' }, ['c'], 'soft');
    await send({ url, hardHeader: 'x-hard', softHeader: 'x-soft' }, ['d'], 'hard');
    const fields = requests.map(({ method, headers }) => [
      method,
      headers['xkey-purge'],
      headers['xkey-softpurge'],
      headers['x-password'],
      headers['x-soft'],
      headers['x-hard'],
    ]);
    expect(fields).toEqual([
      ['PURGE', 'a ~cache:users', undefined, 'secret', undefined, undefined],
      ['PURGE', undefined, 'b', undefined, undefined, undefined],
      ['PURGE', undefined, undefined, undefined, 'c', undefined],
      ['PURGE', undefined, undefined, undefined, undefined, 'd'],
    ]);
  });

  it('is cut between keys into requests of at most 4,000 bytes, and not into more than it takes', async () => {
    const { url, requests } = await serverThat();
    const keys = [...Array.from({ length: 99 }, (_, n) => `${n}`.padStart(79, '0')), 'x'.repeat(5_000), 'y'];
    await send({ url }, keys);
    const values = requests.map(({ headers }) => String(headers['xkey-purge']));
    expect(values.map((value) => value.length)).toEqual([50 * 80 - 1, 49 * 80 - 1, 5_000, 1]);
    expect(values.join(' ').split(' ')).toEqual(keys);
  });

  it.each([
    [1_999, 1],
    [2_000, 2],
  ])('of keys of %i and 2,000 bytes takes %i requests', async (length, requestCount) => {
    const { url, requests } = await serverThat();
    await send({ url }, ['x'.repeat(length), 'y'.repeat(2_000)]);
    expect(requests).toHaveLength(requestCount);
  });

  it('reaches every url', async () => {
    const servers = [await serverThat(), await serverThat(), await serverThat()];
    const [first, second, third] = servers.map(({ url }) => url);
    await send({ urls: [first!, second!], url: third! }, ['a']);
    expect(servers.map(({ requests }) => requests.length)).toEqual([1, 1, 1]);
  });

  it.each([301, 403, 404, 503])('fails when one of them answers %i, and names that one but no key', async (status) => {
    const [good, bad] = [await serverThat(), await serverThat(status)];
    const failure = send({ urls: [bad.url, good.url] }, ['secret-key']);
    await expect(failure).rejects.toThrow(`${bad.url} answered ${status}`);
    await expect(failure).rejects.not.toThrow('secret-key');
    expect([good.requests.length, bad.requests.length]).toEqual([1, 1]);
  });

  it('fails when nobody answers, and says why', async () => {
    const { url } = await serverThat();
    const fetch = (): Promise<never> => Promise.reject(new TypeError('fetch failed'));
    const failure = send({ url, fetch }, ['a']).catch((error: unknown) => error);
    expect(await failure).toMatchObject({ message: `${url} didn’t answer`, cause: { message: 'fetch failed' } });
  });

  it('ends when it is aborted', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const aborter = new AbortController();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const asked = once(server, 'request');
    const sent = varnishXkey({ url }).send({ keys: ['a'], mode: 'hard', signal: aborter.signal }) as Promise<void>;
    await asked;
    aborter.abort(new Error('too late'));
    await expect(sent).rejects.toMatchObject({ cause: { message: 'too late' } });
  });

  it.each([['a b'], ['a,b'], ['a\nb'], ['a\tb'], ['ä'], ['\u007f'], ['']])(
    'refuses the key %j before anything is sent',
    async (key) => {
      const { url, requests } = await serverThat();
      await expect(send({ url }, ['fine', key])).rejects.toThrow(/^a key isn’t encoded: it may hold no blanks[^"]*$/);
      expect(requests).toEqual([]);
    },
  );

  it('of everything is one of the key that every response carries', async () => {
    const { url, requests } = await serverThat();
    const { signal } = new AbortController();
    await varnishXkey({ url }).purgeAll?.({ mode: 'soft', signal });
    expect(requests[0]?.headers['xkey-softpurge']).toBe('~all');
    await varnishXkey({ url, everythingKey: 'all' }).purgeAll?.({ mode: 'soft', signal });
    expect(requests[1]?.headers['xkey-softpurge']).toBe('all');
  });

  it.each<[string, VarnishXkeyOptions, string]>([
    ['no url', {}, 'takes a url'],
    ['no urls', { urls: [] }, 'takes a url'],
    ['what is no url', { url: 'varnish' }, 'isn’t http'],
    ['another protocol', { url: 'redis://varnish' }, 'isn’t http'],
    ['a password in a url', { url: 'http://user:secret@varnish' }, '`headers`'],
    ['a key of everything that isn’t encoded', { url: 'http://varnish', everythingKey: 'a b' }, 'isn’t encoded'],
  ])('can’t be set up with %s', (_, options, message) => {
    expect(() => varnishXkey(options)).toThrow(message);
    expect(() => varnishXkey(options)).not.toThrow('secret');
  });
});
