import { Controller, UseInterceptors } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { ReplyInterceptor } from '../rpc/reply.interceptor.js';
import { VIEWS, type ViewCount } from './views.contract.js';
import { ViewsService } from './views.service.js';

@Controller()
@UseInterceptors(ReplyInterceptor)
export class ViewsController {
  constructor(private readonly views: ViewsService) {}

  @MessagePattern(VIEWS.addCounter)
  addCounter(@Payload('counter') counter: string): Promise<boolean> {
    return this.views.addCounter(counter);
  }

  @MessagePattern(VIEWS.counters)
  counters(): Promise<string[]> {
    return this.views.counters();
  }

  @MessagePattern(VIEWS.counted)
  counted(@Payload('productIds') productIds: number[]): Promise<ViewCount[]> {
    return this.views.counted(productIds);
  }

  @MessagePattern(VIEWS.save)
  save(@Payload('counts') counts: ViewCount[]): Promise<number> {
    return this.views.save(counts);
  }
}
