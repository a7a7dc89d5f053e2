import { Injectable } from '@nestjs/common';
import { Cacheable, CacheTags } from 'nestjs-hybrid-cache';
import { INVENTORY, type CountedStock, type Stock, type StockLevel } from '../inventory/inventory.contract.js';
import { RemoteService } from '../rpc/remote-service.js';
import { InjectService } from '../rpc/rpc.module.js';
import { tags } from '../tags.js';

@Injectable()
export class InventoryClient {
  constructor(@InjectService('inventory') private readonly inventory: RemoteService) {}

  @Cacheable({
    cache: 'stock',
    key: (productId: number) => productId,
    autoBatch: { load: 'stocks', key: (stock: Stock) => stock.productId },
    negative: { missing: false },
  })
  @CacheTags((productId: number) => [tags.stock(productId)])
  async stock(productId: number): Promise<Stock | undefined> {
    return (await this.stocks([productId]))[0];
  }

  stocks(productIds: number[]): Promise<Stock[]> {
    return this.inventory.ask(INVENTORY.stocks, { productIds });
  }

  setStock(productId: number, level: StockLevel): Promise<CountedStock> {
    return this.inventory.ask(INVENTORY.setStock, { productId, level });
  }
}
