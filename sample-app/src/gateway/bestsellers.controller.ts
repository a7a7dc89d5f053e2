import { Controller, Get } from '@nestjs/common';
import { Bestsellers, type Bestseller } from './bestsellers.js';

@Controller('bestsellers')
export class BestsellersController {
  constructor(private readonly bestsellers: Bestsellers) {}

  @Get()
  list(): Promise<Bestseller[]> {
    return this.bestsellers.list();
  }
}
