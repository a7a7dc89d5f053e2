import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { WatchingModule } from '../watching/watching.module.js';
import { AccountsController } from './accounts.controller.js';
import { BestsellersController } from './bestsellers.controller.js';
import { Bestsellers } from './bestsellers.js';
import { BillingClient } from './billing.client.js';
import { CatalogueClient } from './catalogue.client.js';
import { CostInterceptor } from './cost.interceptor.js';
import { InventoryClient } from './inventory.client.js';
import { ProductsController } from './products.controller.js';
import { ReviewsClient } from './reviews.client.js';
import { StatusController } from './status.controller.js';
import { UsersClient } from './users.client.js';
import { ViewCounter } from './view-counter.js';
import { ViewsByHand } from './views-by-hand.js';
import { ViewsClient } from './views.client.js';
import { ViewsPageController } from './views.controller.js';
import { ViewsSink } from './views.sink.js';

@Module({
  imports: [WatchingModule],
  controllers: [BestsellersController, ProductsController, ViewsPageController, AccountsController, StatusController],
  providers: [
    CatalogueClient,
    ReviewsClient,
    InventoryClient,
    UsersClient,
    BillingClient,
    Bestsellers,
    ViewsClient,
    ViewCounter,
    ViewsSink,
    ViewsByHand,
    { provide: APP_INTERCEPTOR, useClass: CostInterceptor },
  ],
})
export class GatewayModule {}
