import { Injectable } from '@nestjs/common';
import { CacheEvict } from 'nestjs-hybrid-cache';
import { Database } from '../database/database.js';
import { tags } from '../tags.js';
import { tellsOthers } from '../tells-others.js';
import type { ViewCount } from './views.contract.js';

/** How often products were shown: a row for each product and each process that shows them. */
@Injectable()
export class ViewsService {
  constructor(private readonly database: Database) {}

  @CacheEvict({ tags: () => [tags.viewCounters()], emit: tellsOthers })
  async addCounter(counter: string): Promise<boolean> {
    await this.database.rows('insert into catalogue.view_counters values ($1) on conflict do nothing', counter);
    return true;
  }

  async counters(): Promise<string[]> {
    const counters = await this.database.rows<{ id: string }>('select id from catalogue.view_counters order by id');
    return counters.map(({ id }) => id);
  }

  async counted(productIds: number[]): Promise<ViewCount[]> {
    return this.database.rows<ViewCount>(
      `select product_id as "productId", counter, views from catalogue.product_views where product_id = any($1)`,
      productIds,
    );
  }

  /** Takes the same count twice, and an older one after a newer one. What a counter says that isn't known here is left out. */
  async save(counts: ViewCount[]): Promise<number> {
    const saved = await this.database.rows(
      `insert into catalogue.product_views (product_id, counter, views)
       select c.product_id, c.counter, c.views
       from unnest($1::int[], $2::text[], $3::int[]) c(product_id, counter, views)
       join catalogue.products p on p.id = c.product_id
       join catalogue.view_counters k on k.id = c.counter
       on conflict (product_id, counter) do update set views = greatest(product_views.views, excluded.views)
       returning 1`,
      counts.map(({ productId }) => productId),
      counts.map(({ counter }) => counter),
      counts.map(({ views }) => views),
    );
    return saved.length;
  }
}
