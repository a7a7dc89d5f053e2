import { Injectable } from '@nestjs/common';
import { Cacheable, CacheTags } from 'nestjs-hybrid-cache';
import { VIEWS, type ViewCount } from '../catalogue/views.contract.js';
import { RemoteService } from '../rpc/remote-service.js';
import { InjectService } from '../rpc/rpc.module.js';
import { tags } from '../tags.js';

@Injectable()
export class ViewsClient {
  constructor(@InjectService('catalogue') private readonly catalogue: RemoteService) {}

  /** Every process that has ever counted. */
  @Cacheable({ cache: 'viewCounters', key: () => 'all' })
  @CacheTags(() => [tags.viewCounters()])
  counters(): Promise<string[]> {
    return this.catalogue.ask(VIEWS.counters, {});
  }

  addCounter(counter: string): Promise<boolean> {
    return this.catalogue.ask(VIEWS.addCounter, { counter });
  }

  counted(productIds: number[]): Promise<ViewCount[]> {
    return this.catalogue.ask(VIEWS.counted, { productIds });
  }

  save(counts: ViewCount[]): Promise<number> {
    return this.catalogue.ask(VIEWS.save, { counts });
  }
}
