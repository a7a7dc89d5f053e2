import { Injectable } from '@nestjs/common';
import { Cacheable, CacheTags } from 'nestjs-hybrid-cache';
import { INVENTORY, type CountedStock, type Stock, type StockLevel } from '../inventory/inventory.contract.js';
import { RemoteService } from '../rpc/remote-service.js';
import { InjectService } from '../rpc/rpc.module.js';
import { tags } from '../tags.js';

@Injectable()
export class InventoryClient {
  constructor(@InjectService('inventory') private readonly inventory: RemoteService) {}

  @Cacheable({ cache: 'stock', key: (productId: number) => productId })
  @CacheTags((productId: number) => [tags.stock(productId)])
  stock(productId: number): Promise<Stock> {
    return this.inventory.ask(INVENTORY.stock, { productId });
  }

  setStock(productId: number, level: StockLevel): Promise<CountedStock> {
    return this.inventory.ask(INVENTORY.setStock, { productId, level });
  }
}
