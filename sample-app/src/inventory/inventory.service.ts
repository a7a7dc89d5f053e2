import { Injectable } from '@nestjs/common';
import { CacheEvict } from 'nestjs-hybrid-cache';
import { Database } from '../database/database.js';
import { NotFoundRpcException } from '../rpc/not-found.rpc-exception.js';
import { tags } from '../tags.js';
import { tellsOthers } from '../tells-others.js';
import type { CountedStock, Stock, StockLevel } from './inventory.contract.js';

@Injectable()
export class InventoryService {
  constructor(private readonly database: Database) {}

  /** In any order, without those that don't exist. */
  async stocks(productIds: number[]): Promise<Stock[]> {
    return this.database.rows<Stock>(
      `select p.id as "productId", p.version, sum(w.available)::int as available, json_agg(w order by w.id) as warehouses
       from inventory.products p
       cross join lateral (
         select w.id, w.city, w.country, greatest(0, s.quantity - s.reserved) as available,
           coalesce(d.incoming, 0) as incoming, d.next_delivery as "nextDelivery"
         from inventory.stock s
         join inventory.warehouses w on w.id = s.warehouse_id
         left join lateral (
           select sum(quantity)::int as incoming, min(due_on) as next_delivery
           from inventory.deliveries d
           where d.product_id = s.product_id and d.warehouse_id = s.warehouse_id and d.arrived_on is null
         ) d on true
         where s.product_id = p.id
       ) w
       where p.id = any($1)
       group by p.id`,
      productIds,
    );
  }

  @CacheEvict({ tags: (productId: number) => [tags.stock(productId)], emit: tellsOthers })
  async setStock(productId: number, { warehouseId, quantity }: StockLevel): Promise<CountedStock> {
    const counted = await this.database.row<CountedStock>(
      `with level as (
         update inventory.stock set quantity = $3
         where product_id = $1 and warehouse_id = $2
         returning product_id, warehouse_id, quantity
       ), product as (
         update inventory.products p set version = version + 1
         from level where p.id = level.product_id
         returning p.id, p.version
       )
       select p.id as "productId", p.version, l.warehouse_id as "warehouseId", l.quantity
       from product p join level l on l.product_id = p.id`,
      productId,
      warehouseId,
      quantity,
    );
    if (!counted) throw new NotFoundRpcException(`There is no product ${productId} in a warehouse ${warehouseId}`);
    return counted;
  }
}
