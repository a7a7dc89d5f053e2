import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { CatalogueClient } from './catalogue.client.js';
import { found } from './found.js';
import { IdPipe } from './id.pipe.js';
import { ViewCounter } from './view-counter.js';

export interface ProductViews {
  productId: number;
  views: number;
}

@Controller()
export class ViewsPageController {
  constructor(
    private readonly counter: ViewCounter,
    private readonly catalogue: CatalogueClient,
  ) {}

  @Get('products/:id/views')
  async views(@Param('id', IdPipe) productId: number): Promise<ProductViews> {
    found(await this.catalogue.product(productId), productId);
    const [views = 0] = await this.counter.totals([productId]);
    return { productId, views };
  }

  /** For whoever wants to look into the database now: what waits is written. */
  @Post('views/flush')
  @HttpCode(200)
  async flush(): Promise<{ flushed: true }> {
    await this.counter.flush();
    return { flushed: true };
  }
}
