export const REVIEWS = {
  summaries: 'reviews.summaries',
  add: 'reviews.add',
} as const;

export interface ReviewSummary {
  productId: number;
  version: number;
  count: number;
  average: number | null;
  histogram: Record<string, number> | null;
  newest: Review[] | null;
}

export interface Review {
  id: number;
  rating: number;
  title: string;
  body: string;
  helpful: number;
  createdAt: string;
  author: string;
  place: string;
  reviewsByAuthor: number;
}

export interface NewReview {
  authorId: number;
  rating: number;
  title: string;
  body: string;
}

export interface AddedReview {
  id: number;
  productId: number;
  version: number;
}
