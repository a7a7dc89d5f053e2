import { Injectable } from '@nestjs/common';
import { Cacheable, CacheTags } from 'nestjs-hybrid-cache';
import {
  CATALOGUE,
  type PriceChange,
  type PricedProduct,
  type Product,
  type RelatedProduct,
} from '../catalogue/catalogue.contract.js';
import { RemoteService } from '../rpc/remote-service.js';
import { InjectService } from '../rpc/rpc.module.js';
import { tags } from '../tags.js';

@Injectable()
export class CatalogueClient {
  constructor(@InjectService('catalogue') private readonly catalogue: RemoteService) {}

  /** However many are asked for in one tick: the catalogue is asked once. */
  @Cacheable({
    cache: 'products',
    key: (id: number) => id,
    autoBatch: { load: 'products', key: (product: Product) => product.id },
    negative: { missing: false },
  })
  @CacheTags((id: number) => [tags.product(id)])
  async product(id: number): Promise<Product | undefined> {
    return (await this.products([id]))[0];
  }

  products(ids: number[]): Promise<Product[]> {
    return this.catalogue.ask(CATALOGUE.products, { ids });
  }

  // The list shows other products' prices: it is as old as the oldest of them.
  @Cacheable({
    cache: 'related',
    key: (id: number) => id,
    unless: (related: RelatedProduct[]) => related.length === 0, // maybe there is no such product
  })
  @CacheTags({ fromResult: (related: RelatedProduct[]) => related.map(({ id }) => tags.product(id)) })
  related(id: number): Promise<RelatedProduct[]> {
    return this.catalogue.ask(CATALOGUE.related, { id });
  }

  // Nobody orders while you look: a list that is ten minutes old will do.
  @Cacheable({ cache: 'bestsellers', key: () => 'all' })
  bestsellers(): Promise<number[]> {
    return this.catalogue.ask(CATALOGUE.bestsellers, {});
  }

  setPrice(id: number, change: PriceChange): Promise<PricedProduct> {
    return this.catalogue.ask(CATALOGUE.setPrice, { id, ...change });
  }
}
