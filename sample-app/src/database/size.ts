/** How much of everything there is: the seed creates it, the driver asks for it. */
export const SIZE = {
  products: 500,
  orders: 3_000,
  reviews: 40_000,
  authors: 4_000,
  warehouses: 8,
  users: 250,
} as const;
