import { Controller, UseInterceptors } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { ReplyInterceptor } from '../rpc/reply.interceptor.js';
import { REVIEWS, type AddedReview, type NewReview, type ReviewSummary } from './reviews.contract.js';
import { ReviewsService } from './reviews.service.js';

@Controller()
@UseInterceptors(ReplyInterceptor)
export class ReviewsController {
  constructor(private readonly reviews: ReviewsService) {}

  @MessagePattern(REVIEWS.summaries)
  summaries(@Payload('productIds') productIds: number[]): Promise<ReviewSummary[]> {
    return this.reviews.summaries(productIds);
  }

  @MessagePattern(REVIEWS.add)
  add(@Payload('productId') productId: number, @Payload('review') review: NewReview): Promise<AddedReview> {
    return this.reviews.add(productId, review);
  }
}
