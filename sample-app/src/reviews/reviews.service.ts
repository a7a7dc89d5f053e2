import { Injectable } from '@nestjs/common';
import { CacheEvict } from 'nestjs-hybrid-cache';
import { Database } from '../database/database.js';
import { NotFoundRpcException } from '../rpc/not-found.rpc-exception.js';
import { tags } from '../tags.js';
import { tellsOthers } from '../tells-others.js';
import type { AddedReview, NewReview, ReviewSummary } from './reviews.contract.js';

@Injectable()
export class ReviewsService {
  constructor(private readonly database: Database) {}

  /** In any order, without those that don't exist. */
  async summaries(productIds: number[]): Promise<ReviewSummary[]> {
    return this.database.rows<ReviewSummary>(
      `select p.id as "productId", p.version, h.count, h.average, h.histogram, n.newest
       from reviews.products p
       cross join lateral (
         select coalesce(sum(n), 0)::int as count, round(sum(n * rating) / sum(n), 2)::float8 as average,
           json_object_agg(rating, n) as histogram
         from (select rating, count(*) as n from reviews.reviews where product_id = p.id group by rating) ratings
       ) h
       cross join lateral (
         select json_agg(review) as newest
         from (
           select r.id, r.rating, r.title, r.body, r.helpful, r.created_at as "createdAt", a.name as author, a.place,
             (select count(*) from reviews.reviews o where o.author_id = a.id) as "reviewsByAuthor"
           from reviews.reviews r
           join reviews.authors a on a.id = r.author_id
           where r.product_id = p.id
           order by r.created_at desc
           limit 5
         ) review
       ) n
       where p.id = any($1)`,
      productIds,
    );
  }

  @CacheEvict({ tags: (productId: number) => [tags.reviews(productId)], emit: tellsOthers })
  async add(productId: number, review: NewReview): Promise<AddedReview> {
    const added = await this.database.row<AddedReview>(
      `with product as (
         update reviews.products p set version = version + 1
         from reviews.authors a
         where p.id = $1 and a.id = $2
         returning p.id, p.version, a.id as author_id
       ), review as (
         insert into reviews.reviews (product_id, author_id, rating, title, body)
         select id, author_id, $3, $4, $5 from product
         returning id, product_id
       )
       select r.id, p.id as "productId", p.version from product p join review r on r.product_id = p.id`,
      productId,
      review.authorId,
      review.rating,
      review.title,
      review.body,
    );
    if (!added) throw new NotFoundRpcException(`There is no product ${productId}, or no author ${review.authorId}`);
    return added;
  }
}
