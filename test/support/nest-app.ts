import { Module, type INestApplicationContext, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach } from 'vitest';
import { CacheModule, CacheService, type CacheModuleOptions } from 'nestjs-hybrid-cache';

const open = new Set<INestApplicationContext>();

// after every test: what was started is closed, nothing is under way, and every read was counted once
afterEach(async () => {
  for (const app of open) {
    const cache = app.get(CacheService, { strict: false });
    const { flights, background, caches } = cache.status();
    await app.close();
    open.delete(app);
    if (flights + background > 0) throw new Error(`${flights} flights and ${background} pieces of work are left`);
    for (const [name, { hits, misses, reads }] of Object.entries(caches)) {
      if (hits + misses !== reads) throw new Error(`${name}: ${hits} hits + ${misses} misses are not ${reads} reads`);
    }
  }
});

/** An application context with the cache and these parts, started; closed and checked after the test. */
export async function startApp(
  parts: ModuleMetadata,
  options: CacheModuleOptions = {},
): Promise<INestApplicationContext> {
  return startWith({ ...parts, imports: [CacheModule.forRoot(options), ...(parts.imports ?? [])] });
}

/** The same without a CacheModule of its own. */
export async function startWith(parts: ModuleMetadata): Promise<INestApplicationContext> {
  class AppModule {}
  Module(parts)(AppModule);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
  open.add(app);
  return app;
}

/** The message with which an application refuses to start. */
export async function refusalOf(parts: ModuleMetadata, options?: CacheModuleOptions): Promise<string> {
  try {
    await startApp(parts, options);
  } catch (error) {
    return (error as Error).message;
  }
  return 'it started';
}
