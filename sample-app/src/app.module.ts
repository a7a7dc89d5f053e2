import { Module, type DynamicModule } from '@nestjs/common';
import { CacheModule, type CacheModuleOptions } from 'nestjs-hybrid-cache';
import { BillingModule } from './billing/billing.module.js';
import { CatalogueModule } from './catalogue/catalogue.module.js';
import { DatabaseModule } from './database/database.module.js';
import { GatewayModule } from './gateway/gateway.module.js';
import { InventoryModule } from './inventory/inventory.module.js';
import { ReviewsModule } from './reviews/reviews.module.js';
import { RpcModule } from './rpc/rpc.module.js';
import type { ServicePorts } from './services.js';
import { UsersModule } from './users/users.module.js';

export interface AppOptions {
  databaseUrl: string;
  ports: ServicePorts;
  cache: CacheModuleOptions;
}

@Module({})
export class AppModule {
  static forRoot({ databaseUrl, ports, cache }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        CacheModule.forRoot(cache),
        DatabaseModule.forRoot(databaseUrl),
        RpcModule.forRoot(ports),
        CatalogueModule,
        ReviewsModule,
        InventoryModule,
        UsersModule,
        BillingModule,
        GatewayModule,
      ],
    };
  }
}
