import { Injectable } from '@nestjs/common';
import { CacheEvict } from 'nestjs-hybrid-cache';
import { Database } from '../database/database.js';
import { NotFoundRpcException } from '../rpc/not-found.rpc-exception.js';
import { tags } from '../tags.js';
import { tellsOthers } from '../tells-others.js';
import type { PricedProduct, Product, RelatedProduct } from './catalogue.contract.js';

@Injectable()
export class CatalogueService {
  constructor(private readonly database: Database) {}

  /** In any order, without those that don't exist. */
  async products(ids: number[]): Promise<Product[]> {
    return this.database.rows<Product>(
      `select p.id, p.version, p.sku, p.name, p.description, b.name as brand, d.name as department,
         c.name as category, p.price_cents as "priceCents", h.lowest as "lowestPriceCents",
         h.changes as "priceHistory"
       from catalogue.products p
       join catalogue.brands b on b.id = p.brand_id
       join catalogue.categories c on c.id = p.category_id
       join catalogue.categories d on d.id = c.parent_id
       cross join lateral (
         select min(price_cents) as lowest,
           json_agg(json_build_object('priceCents', price_cents, 'changedAt', changed_at)) as changes
         from (
           select price_cents, changed_at from catalogue.price_changes
           where product_id = p.id
           order by changed_at desc
           limit 12
         ) recent
       ) h
       where p.id = any($1)`,
      ids,
    );
  }

  /** What was most often ordered together with it. */
  async related(id: number): Promise<RelatedProduct[]> {
    return this.database.rows<RelatedProduct>(
      `select o.id, o.version, o.name, b.name as brand, o.price_cents as "priceCents",
         h.lowest as "lowestPriceCents"
       from (
         select other.product_id, count(*) as orders
         from catalogue.order_lines mine
         join catalogue.order_lines other on other.order_id = mine.order_id and other.product_id <> mine.product_id
         where mine.product_id = $1
         group by other.product_id
         order by orders desc, other.product_id
         limit 6
       ) t
       join catalogue.products o on o.id = t.product_id
       join catalogue.brands b on b.id = o.brand_id
       cross join lateral (
         select min(price_cents) as lowest from catalogue.price_changes where product_id = o.id
       ) h
       order by t.orders desc, o.id`,
      id,
    );
  }

  /** What was ordered most often, that first. */
  async bestsellers(): Promise<number[]> {
    const products = await this.database.rows<{ id: number }>(
      `select product_id as id from catalogue.order_lines
       group by product_id
       order by count(*) desc, product_id
       limit 10`,
    );
    return products.map(({ id }) => id);
  }

  @CacheEvict({ tags: (id: number) => [tags.product(id)], emit: tellsOthers })
  async setPrice(id: number, priceCents: number): Promise<PricedProduct> {
    const product = await this.database.row<PricedProduct>(
      `with product as (
         update catalogue.products set price_cents = $2, version = version + 1
         where id = $1
         returning id, version, price_cents
       ), change as (
         insert into catalogue.price_changes (product_id, price_cents, changed_at)
         select id, price_cents, now() from product
       )
       select id, version, price_cents as "priceCents" from product`,
      id,
      priceCents,
    );
    if (!product) throw new NotFoundRpcException(`There is no product ${id}`);
    return product;
  }
}
