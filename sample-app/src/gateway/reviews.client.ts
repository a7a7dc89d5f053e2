import { Injectable } from '@nestjs/common';
import { Cacheable, CacheTags } from 'nestjs-hybrid-cache';
import { REVIEWS, type AddedReview, type NewReview, type ReviewSummary } from '../reviews/reviews.contract.js';
import { RemoteService } from '../rpc/remote-service.js';
import { InjectService } from '../rpc/rpc.module.js';
import { tags } from '../tags.js';

@Injectable()
export class ReviewsClient {
  constructor(@InjectService('reviews') private readonly reviews: RemoteService) {}

  @Cacheable({
    cache: 'reviews',
    key: (productId: number) => productId,
    autoBatch: { load: 'summaries', key: (summary: ReviewSummary) => summary.productId },
    negative: { missing: false },
  })
  @CacheTags((productId: number) => [tags.reviews(productId)])
  async summary(productId: number): Promise<ReviewSummary | undefined> {
    return (await this.summaries([productId]))[0];
  }

  summaries(productIds: number[]): Promise<ReviewSummary[]> {
    return this.reviews.ask(REVIEWS.summaries, { productIds });
  }

  add(productId: number, review: NewReview): Promise<AddedReview> {
    return this.reviews.ask(REVIEWS.add, { productId, review });
  }
}
