import { Controller, UseInterceptors } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { ReplyInterceptor } from '../rpc/reply.interceptor.js';
import { INVENTORY, type CountedStock, type Stock, type StockLevel } from './inventory.contract.js';
import { InventoryService } from './inventory.service.js';

@Controller()
@UseInterceptors(ReplyInterceptor)
export class InventoryController {
  constructor(private readonly inventory: InventoryService) {}

  @MessagePattern(INVENTORY.stock)
  stock(@Payload('productId') productId: number): Promise<Stock> {
    return this.inventory.stock(productId);
  }

  @MessagePattern(INVENTORY.setStock)
  setStock(@Payload('productId') productId: number, @Payload('level') level: StockLevel): Promise<CountedStock> {
    return this.inventory.setStock(productId, level);
  }
}
