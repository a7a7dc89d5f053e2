import { Body, Controller, Get, Param, Patch, Post, Put } from '@nestjs/common';
import { Cacheable } from 'nestjs-hybrid-cache';
import type { PriceChange, PricedProduct, Product, RelatedProduct } from '../catalogue/catalogue.contract.js';
import type { CountedStock, Stock, StockLevel } from '../inventory/inventory.contract.js';
import type { AddedReview, NewReview, ReviewSummary } from '../reviews/reviews.contract.js';
import { BodyPipe } from './body.pipe.js';
import { CatalogueClient } from './catalogue.client.js';
import { integer, text } from './fields.js';
import { found } from './found.js';
import { IdPipe } from './id.pipe.js';
import { InventoryClient } from './inventory.client.js';
import { ReviewsClient } from './reviews.client.js';
import { ViewCounter } from './view-counter.js';

/** Of a product that is listed on another one's page. */
export type Availability = Pick<Stock, 'version' | 'available'>;

export interface ProductPage {
  product: Product;
  related: (RelatedProduct & { stock: Availability })[];
  reviews: ReviewSummary;
  stock: Stock;
}

/** The part of a page that is the same for everybody. */
export interface Showcase {
  product: Product;
  related: RelatedProduct[];
}

const priceChange = new BodyPipe<PriceChange>({ priceCents: integer(1, 10_000_000) });
const newReview = new BodyPipe<NewReview>({
  authorId: integer(1, 2_147_483_647),
  rating: integer(1, 5),
  title: text(120),
  body: text(2_000),
});
const stockLevel = new BodyPipe<StockLevel>({ warehouseId: integer(1, 1_000), quantity: integer(0, 1_000_000) });

@Controller('products/:id')
export class ProductsController {
  constructor(
    private readonly catalogue: CatalogueClient,
    private readonly reviews: ReviewsClient,
    private readonly inventory: InventoryClient,
    private readonly views: ViewCounter,
  ) {}

  @Get('page')
  async page(@Param('id', IdPipe) id: number): Promise<ProductPage> {
    const [product, reviews, inStock] = await Promise.all([
      this.viewed(id),
      this.reviews.summary(id),
      this.relatedInStock(id),
    ]);
    return { product, reviews: found(reviews, id), ...inStock };
  }

  // What everybody may see and keep for a while. It depends on what it is made of, by the tags of that: an edge that can
  // be purged keeps it long, others briefly.
  @Get()
  @Cacheable({ cache: 'showcase', public: true, sMaxAge: '2s', edge: { maxAge: '10m', staleWhileRevalidate: '1m' } })
  async showcase(@Param('id', IdPipe) id: number): Promise<Showcase> {
    const [product, related] = await Promise.all([this.catalogue.product(id), this.catalogue.related(id)]);
    return { product: found(product, id), related };
  }

  @Patch()
  setPrice(@Param('id', IdPipe) id: number, @Body(priceChange) change: PriceChange): Promise<PricedProduct> {
    return this.catalogue.setPrice(id, change);
  }

  @Post('reviews')
  addReview(@Param('id', IdPipe) id: number, @Body(newReview) review: NewReview): Promise<AddedReview> {
    return this.reviews.add(id, review);
  }

  @Put('stock')
  setStock(@Param('id', IdPipe) id: number, @Body(stockLevel) level: StockLevel): Promise<CountedStock> {
    return this.inventory.setStock(id, level);
  }

  /** That it was shown is counted beside the questions to the other services. */
  private async viewed(id: number): Promise<Product> {
    const product = found(await this.catalogue.product(id), id);
    await this.views.view(id);
    return product;
  }

  /** A call for each product that is on the page: what isn't cached of them is one question to the inventory. */
  private async relatedInStock(id: number): Promise<Pick<ProductPage, 'related' | 'stock'>> {
    const related = await this.catalogue.related(id);
    const [stock, others] = await Promise.all([
      this.inventory.stock(id),
      Promise.all(related.map((other) => this.inventory.stock(other.id))),
    ]);
    return {
      stock: found(stock, id),
      related: related.map((other, index) => {
        const { version, available } = found(others[index], other.id);
        return { ...other, stock: { version, available } };
      }),
    };
  }
}
