/** What a cached value is about. Readers tag with these, writers evict by them; neither needs to know the other. */
export const tags = {
  product: (id: number) => `product:${id}`,
  reviews: (productId: number) => `reviews:${productId}`,
  stock: (productId: number) => `stock:${productId}`,
  profile: (accountId: number) => `profile:${accountId}`,
  viewCounters: () => 'view-counters',
  statement: (accountId: number) => `statement:${accountId}`,
};
