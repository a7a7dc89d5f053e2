// A small application in a process of its own, which has to end by itself once everything is closed.
import 'reflect-metadata';
import { Injectable, Module, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cacheable, CacheModule, CacheService, CacheWarmer, type CacheModuleOptions } from 'nestjs-hybrid-cache';

/** How the application goes; the last ones don't get to run. */
export type AppPlot = 'runs' | 'bad options' | 'bad decorator' | 'another module fails' | 'disabled';

export type AppMessage =
  | { readonly said: 'runs'; readonly value: unknown }
  | { readonly said: 'failed'; readonly name: string; readonly message: string }
  | { readonly said: 'closed' };

const [plot, url] = process.argv.slice(2) as [AppPlot, string];

@Injectable()
class Users {
  @Cacheable({ cache: 'users', key: (id: string) => id })
  async find(id: string): Promise<string> {
    return `user ${id}`;
  }

  @CacheWarmer({ warms: 'find', on: ['start', '1s', '* * * * * *'] })
  async *often(): AsyncIterable<string> {
    yield '1';
    // a list that has no end keeps nothing alive either
    await new Promise(() => undefined);
  }
}

@Injectable()
class Misspelt {
  @Cacheable({ cache: 'user', key: (id: string) => id })
  async find(id: string): Promise<string> {
    return `user ${id}`;
  }
}

const options: CacheModuleOptions = {
  namespace: 'app',
  redis: { url },
  caches: { users: plot === 'bad options' ? { ttl: 'soon' } : { warm: {} } },
};
const cache: DynamicModule = plot === 'disabled' ? CacheModule.disabled(options) : CacheModule.forRoot(options);
const failing = {
  provide: 'failing',
  // late enough for the connections to be open
  inject: [CacheService],
  useFactory: async () => Promise.reject(new Error('another module fails')),
};
const parts: ModuleMetadata = {
  imports: [cache],
  providers: [
    Users,
    ...(plot === 'bad decorator' ? [Misspelt] : []),
    ...(plot === 'another module fails' ? [failing] : []),
  ],
};

@Module(parts)
class AppModule {}

const say = async (message: AppMessage): Promise<void> =>
  new Promise((resolve) => process.send?.(message, () => resolve()));

async function run(): Promise<void> {
  // Nest ends the process itself where the application isn't told to look after errors
  const abortOnError = plot === 'another module fails';
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError });
  const users = app.get(Users);
  await users.find('7');
  await say({ said: 'runs', value: await users.find('7') });
  await new Promise((resolve) => process.once('message', resolve));
  await users.find('8');
  await app.close();
  await say({ said: 'closed' });
}

await run().catch(async (error: Error) => say({ said: 'failed', name: error.name, message: error.message }));
// from here on nothing of ours keeps the process alive
process.disconnect();
