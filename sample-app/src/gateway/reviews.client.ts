import { Injectable } from '@nestjs/common';
import { Cacheable, CacheTags } from 'nestjs-hybrid-cache';
import { REVIEWS, type AddedReview, type NewReview, type ReviewSummary } from '../reviews/reviews.contract.js';
import { RemoteService } from '../rpc/remote-service.js';
import { InjectService } from '../rpc/rpc.module.js';
import { tags } from '../tags.js';

@Injectable()
export class ReviewsClient {
  constructor(@InjectService('reviews') private readonly reviews: RemoteService) {}

  @Cacheable({ cache: 'reviews', key: (productId: number) => productId })
  @CacheTags((productId: number) => [tags.reviews(productId)])
  summary(productId: number): Promise<ReviewSummary> {
    return this.reviews.ask(REVIEWS.summary, { productId });
  }

  add(productId: number, review: NewReview): Promise<AddedReview> {
    return this.reviews.ask(REVIEWS.add, { productId, review });
  }
}
