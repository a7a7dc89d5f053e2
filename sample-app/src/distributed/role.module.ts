import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { CacheModule, type CacheModuleOptions } from 'nestjs-hybrid-cache';
import { BillingModule } from '../billing/billing.module.js';
import { BillingService } from '../billing/billing.service.js';
import { cacheOptions } from '../cache.options.js';
import { CatalogueModule } from '../catalogue/catalogue.module.js';
import { CatalogueService } from '../catalogue/catalogue.service.js';
import { DatabaseModule } from '../database/database.module.js';
import { MAX_STALENESS_MS } from '../driver/promise.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { InventoryModule } from '../inventory/inventory.module.js';
import { ReviewsModule } from '../reviews/reviews.module.js';
import { RpcModule } from '../rpc/rpc.module.js';
import { UsersModule } from '../users/users.module.js';
import { UsersService } from '../users/users.service.js';
import { senderTo } from './transports.js';
import { eventsOf } from './events.module.js';
import type { Role, RoleOptions } from './roles.js';
import { BillingWithOutboxService } from './services/billing-with-outbox.service.js';
import { SharedCatalogueService } from './services/shared-catalogue.service.js';
import { SharedUsersService } from './services/shared-users.service.js';

const MODULES: Readonly<Record<Role, Type>> = {
  gateway: GatewayModule,
  catalogue: CatalogueModule,
  reviews: ReviewsModule,
  inventory: InventoryModule,
  users: UsersModule,
  billing: BillingModule,
};

/** One of the processes: a cache, its own part of the shop, and a line to the broker. */
@Module({})
export class RoleModule {
  static forRoot(options: RoleOptions): DynamicModule {
    const { role, ports, databaseUrl, broker } = options;
    const events = broker === null ? [] : [ClientsModule.register([senderTo(broker)]), eventsOf(role)];
    return {
      module: RoleModule,
      imports: [
        CacheModule.forRoot(cacheOf(options)),
        ...events,
        DatabaseModule.forRoot(databaseUrl),
        RpcModule.forRoot(ports),
        { module: MODULES[role], providers: insteadIn(options) },
      ],
    };
  }
}

/** Services that do more than they do in one process with the others. */
function insteadIn({ role, broker }: RoleOptions): NonNullable<DynamicModule['providers']> {
  switch (role) {
    case 'catalogue':
      return [{ provide: CatalogueService, useClass: SharedCatalogueService }];
    case 'users':
      return [{ provide: UsersService, useClass: SharedUsersService }];
    case 'billing':
      return broker === null ? [] : [{ provide: BillingService, useClass: BillingWithOutboxService }];
    default:
      return [];
  }
}

/** The processes of a role share a Redis and a namespace, and nobody else has part in them. */
function cacheOf({ role, redisUrl }: RoleOptions): CacheModuleOptions {
  if (redisUrl === null) return { ...cacheOptions, enabled: false };
  return { ...cacheOptions, namespace: role, redis: { url: redisUrl }, maxStaleness: MAX_STALENESS_MS };
}
