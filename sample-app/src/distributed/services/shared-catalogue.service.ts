import { Injectable } from '@nestjs/common';
import { Cacheable, CacheableMany, CacheTags } from 'nestjs-hybrid-cache';
import type { Product, RelatedProduct } from '../../catalogue/catalogue.contract.js';
import { CatalogueService } from '../../catalogue/catalogue.service.js';
import { tags } from '../../tags.js';

/**
 * The processes of the catalogue share what they have loaded. The gateway keeps what it gets from here, so that it has to
 * be `strong`: an event says that something has changed, and whoever asks then must not be given the old value by a
 * process that hasn't heard of it yet.
 */
@Injectable()
export class SharedCatalogueService extends CatalogueService {
  @CacheableMany({
    cache: 'products',
    key: (product: Product) => product.id,
    tags: { fromResult: (product: Product) => [tags.product(product.id)] },
    consistency: 'strong',
    negative: { missing: false },
  })
  override products(ids: number[]): Promise<Product[]> {
    return super.products(ids);
  }

  @Cacheable({
    cache: 'related',
    key: (id: number) => id,
    consistency: 'strong',
    unless: (related: RelatedProduct[]) => related.length === 0, // maybe there is no such product
  })
  @CacheTags({ fromResult: (related: RelatedProduct[]) => related.map(({ id }) => tags.product(id)) })
  override related(id: number): Promise<RelatedProduct[]> {
    return super.related(id);
  }
}
