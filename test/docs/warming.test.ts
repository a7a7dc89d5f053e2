import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Module, ServiceUnavailableException, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CacheService, CacheWarmup } from '../../lib/index.js';

const page = readFileSync(new URL('../../docs/warming.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

interface Example {
  readonly ProductService: new (db: object) => {
    findOne(id: string): Promise<unknown>;
    page(country: string, page: number): Promise<unknown>;
  };
  readonly HealthController: new (warmup: CacheWarmup) => { ready(): unknown };
  readonly cacheModule: () => DynamicModule;
}

/** The classes and the module of the page, word for word; only what they need of others is put around them. */
async function load(): Promise<Example> {
  const [service, more, health, module] = blocks as [string, string, string, string];
  const own = `  @Cacheable() async page(country: string, page: number) { return this.db.page(country, page); }\n`;
  const source = [
    `import { Controller, Get, Injectable, ServiceUnavailableException } from '@nestjs/common';`,
    `import { Cacheable, CacheModule, CacheWarmer, CacheWarmup, type WarmContext } from 'nestjs-hybrid-cache';`,
    `type Product = object; type Database = any;`,
    service.replace(/\}\n$/, `${own}${more}}`),
    health,
    `export const cacheModule = () => ${module.trim().replace(/;$/, '')};`,
  ].join('\n');
  const file = join(import.meta.dirname, 'warming-example.generated.ts');
  writeFileSync(file, source);
  onTestFinished(() => rmSync(file));
  return (await import(file)) as Example;
}

const db = {
  product: async (id: string) => Promise.resolve({ id }),
  bestsellers: async (count: number) => Promise.resolve(Array.from({ length: count }, (_, n) => `p${n}`)),
  countries: async () => Promise.resolve(['at', 'de']),
  page: async (country: string, number: number) => Promise.resolve(`${country} ${number}`),
};

describe('docs/warming.md', () => {
  it('has examples that do what it says', async () => {
    const { ProductService, HealthController, cacheModule } = await load();
    // a Redis that isn't there: every process warms its own memory
    process.env['REDIS_URL'] = 'redis://127.0.0.1:1';
    const products = { provide: ProductService, useFactory: () => new ProductService(db) };
    class AppModule {}
    Module({ imports: [cacheModule()], providers: [products] })(AppModule);
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    const warmup = app.get(CacheWarmup);
    const health = new HealthController(warmup);
    expect(() => health.ready()).toThrow(ServiceUnavailableException);
    await warmup.ready;

    expect(health.ready()).toEqual({ ready: true });
    expect(Object.keys(warmup.status().warmers)).toEqual([
      'ProductService.bestsellers',
      'ProductService.frontPages',
      'hottest of products',
    ]);
    const { last, ...status } = warmup.status().warmers['ProductService.bestsellers']!;
    expect(status).toMatchObject({ cache: 'products', state: 'idle', runs: 1, loaded: 500, failed: 0 });
    expect(last).toMatchObject({ occasion: 'start', total: 500, end: 'complete' });
    await app.get(ProductService).findOne('p7');
    await app.get(ProductService).page('de', 1);
    const { caches } = app.get(CacheService).status();
    expect(caches['products']).toMatchObject({ reads: 1, loads: 500 });
    expect(caches['ProductService.page']).toMatchObject({ reads: 1, loads: 2 });
    await app.close();
  });

  it('shows a status with the fields there are', () => {
    const shown = blocks.at(-1)!;
    for (const field of [
      'cache',
      'state',
      'runs',
      'elsewhere',
      'loaded',
      'there',
      'failed',
      'last',
      'occasion',
      'begunAt',
      'ms',
      'end',
      'total',
      'lastError',
    ])
      expect(shown).toContain(`${field}: `);
  });
});
