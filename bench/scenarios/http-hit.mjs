import { load } from '../harness/load.mjs';
import { row } from '../harness/values.mjs';

/** Of the requests a second of a handler that returns a constant, a hit should reach at least so much. */
const SHARE = 0.95;
const PLATFORMS = ['express', 'fastify'];

/** A real application with one route `GET /7`. */
async function listen(platform, { decorators = [], imports = [], handler }) {
  const { Controller, Get, Module } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  class Items {}
  Object.defineProperty(Items.prototype, 'find', { value: handler, writable: true, configurable: true });
  const descriptor = Object.getOwnPropertyDescriptor(Items.prototype, 'find');
  for (const decorator of [...decorators, Get(':id')]) decorator(Items.prototype, 'find', descriptor);
  Object.defineProperty(Items.prototype, 'find', descriptor);
  Controller()(Items);
  class AppModule {}
  Module({ imports, controllers: [Items] })(AppModule);
  const adapter =
    platform === 'express'
      ? new (await import('@nestjs/platform-express')).ExpressAdapter()
      : new (await import('@nestjs/platform-fastify')).FastifyAdapter();
  const app = await NestFactory.create(AppModule, adapter, { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  return `http://127.0.0.1:${app.getHttpServer().address().port}/7`;
}

async function measure(url, quick, headers) {
  await load(url, { seconds: quick ? 1 : 2, headers });
  return load(url, { seconds: quick ? 1 : 4, headers });
}

const value = row('7');
const constant = { handler: async () => value };

async function ours(options, module = {}) {
  const { Cacheable, CacheModule } = await import('../harness/ours.mjs');
  let runs = 0;
  const counted = { runs: () => runs };
  return {
    ...counted,
    imports: [CacheModule.forRoot(module)],
    decorators: [Cacheable({ ttl: '1h', earlyRefresh: false, ...options })],
    handler: async () => (runs++, value),
  };
}

async function theirs() {
  const { UseInterceptors } = await import('@nestjs/common');
  const { CacheInterceptor, CacheModule } = await import('@nestjs/cache-manager');
  let runs = 0;
  return {
    runs: () => runs,
    imports: [CacheModule.register({ ttl: 3_600_000 })],
    decorators: [UseInterceptors(CacheInterceptor)],
    handler: async () => (runs++, value),
  };
}

const variant = (platform, id, label, make, conditional = false) => ({
  id: `${platform}-${id}`,
  label: `${platform}: ${label}`,
  async run({ quick }) {
    const app = await make();
    const url = await listen(platform, app);
    const { headers, status } = await fetch(url);
    if (status !== 200) throw new Error(`answered ${status}`);
    const figures = await measure(url, quick, conditional ? { 'If-None-Match': headers.get('etag') } : {});
    if (app.runs !== undefined && app.runs() !== 1) throw new Error(`${app.runs()} runs while only hits were expected`);
    return figures;
  },
});

/** What any interceptor costs. */
async function interceptor() {
  const { UseInterceptors } = await import('@nestjs/common');
  const { of } = await import('rxjs');
  const nothing = { intercept: () => of(value) };
  return { decorators: [UseInterceptors(nothing)], handler: async () => value };
}

const frozen = () => ours({ isolation: 'frozen' });
// no asynchronous context, which makes every await of a Node 20 or 22 process dearer
const flat = () => ours({ isolation: 'frozen' }, { nested: false });

export default {
  name: 'http-hit',
  title: 'A cached response of 300 bytes, asked for over 32 connections',
  figures: { wallUs: 'µs a request', cpuUs: 'µs of processor time' },
  base: 'express-constant',
  rounds: 5,
  variants: PLATFORMS.flatMap((platform) => [
    variant(platform, 'constant', 'a handler that returns a constant', async () => constant),
    variant(platform, 'interceptor', 'an interceptor that returns a constant', interceptor),
    variant(platform, 'frozen', '`@Cacheable`, `isolation: frozen`', frozen),
    variant(platform, 'flat', '`@Cacheable`, `isolation: frozen`, `nested: false`', flat),
    variant(platform, 'copy', '`@Cacheable` as it comes', () => ours({})),
    variant(platform, '304', '`@Cacheable`, answered with 304', frozen, true),
    variant(platform, 'cache-manager', '`@nestjs/cache-manager`', theirs),
  ]),
  aims: (results) =>
    PLATFORMS.flatMap((platform) => {
      const of = (id) => results[`${platform}-${id}`].figures.wallUs.min;
      const share = of('constant') / of('frozen');
      const limit = of('interceptor') / of('frozen');
      const cheaper = of('304') / of('frozen');
      return [
        { text: `${platform}: ≥ ${SHARE} of the requests a second of a constant`, value: share, met: share >= SHARE },
        { text: `${platform}: of those of an interceptor that returns a constant`, value: limit },
        { text: `${platform}: a 304 is cheaper than a 200`, value: cheaper, met: cheaper < 1 },
      ];
    }),
};
