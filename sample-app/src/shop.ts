import { NestFactory } from '@nestjs/core';
import { ServerTCP } from '@nestjs/microservices';
import type { INestApplication, Type } from '@nestjs/common';
import { CacheService, type CacheModuleOptions } from 'nestjs-hybrid-cache';
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { AppModule } from './app.module.js';
import { cacheOptions } from './cache.options.js';
import { QueryCounter } from './database/query-counter.js';
import { freePort } from './free-port.js';
import { StatusController, type ShopStatus } from './gateway/status.controller.js';
import { KEEP_ALIVE_MS } from './keep-alive.js';
import { SERVICES, type ServiceName, type ServicePorts } from './services.js';

export interface ShopOptions {
  databaseUrl: string;
  /** Where the gateway listens; 0 is a free port. */
  port?: number;
  /** What differs from the shop's cache options, for example `{ enabled: false }`. */
  cache?: CacheModuleOptions;
}

/** The gateway and all services in one process, talking over TCP. */
export class Shop {
  private closed: Promise<void> | undefined;

  private constructor(
    private readonly app: INestApplication,
    private readonly servers: ReadonlyMap<ServiceName, ServerTCP>,
    readonly url: string,
  ) {}

  static async open({ databaseUrl, port = 0, cache = {} }: ShopOptions): Promise<Shop> {
    const ports = await pickPorts();
    const module = AppModule.forRoot({ databaseUrl, ports, cache: { ...cacheOptions, ...cache } });
    const app = await NestFactory.create(module, { logger: ['error', 'warn'] });
    const servers = new Map<ServiceName, ServerTCP>();
    for (const name of SERVICES) {
      const [port] = ports[name];
      const strategy = new ServerTCP({ host: '127.0.0.1', port });
      servers.set(name, strategy);
      app.connectMicroservice({ strategy });
    }
    try {
      await app.startAllMicroservices();
      await app.listen(port, '127.0.0.1');
    } catch (error) {
      await app.close();
      throw error;
    }
    const http = app.getHttpServer() as HttpServer;
    http.keepAliveTimeout = KEEP_ALIVE_MS;
    const { port: listening } = http.address() as AddressInfo;
    return new Shop(app, servers, `http://127.0.0.1:${listening}`);
  }

  get queries(): number {
    return this.app.get(QueryCounter).count;
  }

  /** As a list, because there may be several processes elsewhere. */
  get urls(): readonly string[] {
    return [this.url];
  }

  statuses(): Promise<ShopStatus[]> {
    return Promise.resolve([this.app.get(StatusController).status()]);
  }

  /** Requests that got here, of those whose responses are in a cache. */
  requestsAnswered(cache: string): number {
    const { reads, bypassed } = this.app.get(CacheService).status().caches[cache]!;
    return reads + bypassed;
  }

  get<T>(provider: Type<T>): T {
    return this.app.get(provider);
  }

  /** What was asked of the cache so far, and what it holds. */
  cacheUse(): { reads: number; hits: number; entries: number } {
    const caches = Object.values(this.app.get(CacheService).status().caches);
    const sum = (count: 'reads' | 'hits' | 'entries') => caches.reduce((total, cache) => total + cache[count], 0);
    return { reads: sum('reads'), hits: sum('hits'), entries: sum('entries') };
  }

  /** As if its process had died: the port is closed, the connections are cut. */
  async takeDown(name: ServiceName): Promise<void> {
    const strategy = this.server(name);
    const closed = once(strategy.unwrap<Server>(), 'close');
    strategy.close();
    await closed;
    await setTimeout(20); // until the clients have seen that their connections are gone
  }

  async bringBack(name: ServiceName): Promise<void> {
    const strategy = this.server(name);
    await new Promise<void>((resolve, reject) => {
      strategy.listen((error?: unknown) => (error instanceof Error ? reject(error) : resolve()));
    });
  }

  close(): Promise<void> {
    return (this.closed ??= this.app.close());
  }

  private server(name: ServiceName): ServerTCP {
    const server = this.servers.get(name);
    if (!server) throw new Error(`The shop has no service ${name}`);
    return server;
  }
}

async function pickPorts(): Promise<ServicePorts> {
  const ports = await Promise.all(SERVICES.map(async (name) => [name, [await freePort()]] as const));
  return Object.fromEntries(ports) as Record<ServiceName, [number]>;
}
