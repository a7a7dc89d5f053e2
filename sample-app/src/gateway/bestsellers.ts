import { Injectable } from '@nestjs/common';
import { CacheWarmer } from 'nestjs-hybrid-cache';
import type { Product } from '../catalogue/catalogue.contract.js';
import { CatalogueClient } from './catalogue.client.js';
import { found } from './found.js';
import { InventoryClient } from './inventory.client.js';
import { ReviewsClient } from './reviews.client.js';
import { ViewCounter } from './view-counter.js';

export interface Bestseller extends Pick<Product, 'id' | 'version' | 'name' | 'brand' | 'priceCents'> {
  rating: number | null;
  available: number;
  views: number;
}

/** At start, and before anybody is let in. Ten are asked for in one tick, and so in one question. */
const WARMED = { hold: true, holdAtMost: '5s', concurrency: 10 } as const;

/** What most people come for. One process of a fleet warms it, all of them show it. */
@Injectable()
export class Bestsellers {
  constructor(
    private readonly catalogue: CatalogueClient,
    private readonly reviews: ReviewsClient,
    private readonly inventory: InventoryClient,
    private readonly views: ViewCounter,
  ) {}

  /** Thirty calls: what isn't cached of them is a question to each service. */
  async list(): Promise<Bestseller[]> {
    const ids = await this.catalogue.bestsellers();
    const [cards, views] = await Promise.all([Promise.all(ids.map((id) => this.card(id))), this.views.totals(ids)]);
    return cards.map((card, index) => ({ ...card, views: views[index] ?? 0 }));
  }

  @CacheWarmer({ cache: 'products', ...WARMED })
  products(): Promise<number[]> {
    return this.catalogue.bestsellers();
  }

  @CacheWarmer({ cache: 'reviews', ...WARMED })
  ratings(): Promise<number[]> {
    return this.catalogue.bestsellers();
  }

  @CacheWarmer({ cache: 'stock', ...WARMED })
  stock(): Promise<number[]> {
    return this.catalogue.bestsellers();
  }

  private async card(id: number): Promise<Omit<Bestseller, 'views'>> {
    const [product, reviews, stock] = await Promise.all([
      this.catalogue.product(id),
      this.reviews.summary(id),
      this.inventory.stock(id),
    ]);
    const { version, name, brand, priceCents } = found(product, id);
    return {
      id,
      version,
      name,
      brand,
      priceCents,
      rating: found(reviews, id).average,
      available: found(stock, id).available,
    };
  }
}
