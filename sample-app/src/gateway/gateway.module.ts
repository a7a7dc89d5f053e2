import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AccountsController } from './accounts.controller.js';
import { BillingClient } from './billing.client.js';
import { CatalogueClient } from './catalogue.client.js';
import { CostInterceptor } from './cost.interceptor.js';
import { InventoryClient } from './inventory.client.js';
import { ProductsController } from './products.controller.js';
import { ReviewsClient } from './reviews.client.js';
import { StatusController } from './status.controller.js';
import { UsersClient } from './users.client.js';

@Module({
  controllers: [ProductsController, AccountsController, StatusController],
  providers: [
    CatalogueClient,
    ReviewsClient,
    InventoryClient,
    UsersClient,
    BillingClient,
    { provide: APP_INTERCEPTOR, useClass: CostInterceptor },
  ],
})
export class GatewayModule {}
