import { Controller, UseInterceptors } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { ReplyInterceptor } from '../rpc/reply.interceptor.js';
import { CATALOGUE, type PricedProduct, type Product, type RelatedProduct } from './catalogue.contract.js';
import { CatalogueService } from './catalogue.service.js';

@Controller()
@UseInterceptors(ReplyInterceptor)
export class CatalogueController {
  constructor(private readonly catalogue: CatalogueService) {}

  @MessagePattern(CATALOGUE.products)
  products(@Payload('ids') ids: number[]): Promise<Product[]> {
    return this.catalogue.products(ids);
  }

  @MessagePattern(CATALOGUE.related)
  related(@Payload('id') id: number): Promise<RelatedProduct[]> {
    return this.catalogue.related(id);
  }

  @MessagePattern(CATALOGUE.bestsellers)
  bestsellers(): Promise<number[]> {
    return this.catalogue.bestsellers();
  }

  @MessagePattern(CATALOGUE.setPrice)
  setPrice(@Payload('id') id: number, @Payload('priceCents') priceCents: number): Promise<PricedProduct> {
    return this.catalogue.setPrice(id, priceCents);
  }
}
