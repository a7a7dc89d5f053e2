import { Controller, UseInterceptors } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { ReplyInterceptor } from '../rpc/reply.interceptor.js';
import { INVENTORY, type CountedStock, type Stock, type StockLevel } from './inventory.contract.js';
import { InventoryService } from './inventory.service.js';

@Controller()
@UseInterceptors(ReplyInterceptor)
export class InventoryController {
  constructor(private readonly inventory: InventoryService) {}

  @MessagePattern(INVENTORY.stocks)
  stocks(@Payload('productIds') productIds: number[]): Promise<Stock[]> {
    return this.inventory.stocks(productIds);
  }

  @MessagePattern(INVENTORY.setStock)
  setStock(@Payload('productId') productId: number, @Payload('level') level: StockLevel): Promise<CountedStock> {
    return this.inventory.setStock(productId, level);
  }
}
