import type { AccountPage } from '../gateway/accounts.controller.js';
import type { ProductPage } from '../gateway/products.controller.js';
import type { Kind } from './traffic.js';

/** A version the shop told us, and of what: `price 7`, `stock 7`, `statement 3` … */
export type Sighting = readonly [subject: string, version: number];

const SUBJECT = {
  price: 'price',
  review: 'reviews',
  stock: 'stock',
  profile: 'profile',
  payment: 'statement',
} as const;

/** Every version an answer carries, those inside a page included. */
export function versionsIn(kind: Kind, id: number, answer: unknown): Sighting[] {
  switch (kind) {
    case 'product page': {
      const { product, related, reviews, stock } = answer as ProductPage;
      return [
        [`price ${id}`, product.version],
        ...related.flatMap((other): Sighting[] => [
          [`price ${other.id}`, other.version],
          [`stock ${other.id}`, other.stock.version],
        ]),
        [`reviews ${id}`, reviews.version],
        [`stock ${id}`, stock.version],
      ];
    }
    case 'account page': {
      const { profile, statement } = answer as AccountPage;
      return [
        [`profile ${id}`, profile.version],
        [`statement ${id}`, statement.version],
      ];
    }
    default:
      return [[`${SUBJECT[kind]} ${id}`, (answer as { version: number }).version]];
  }
}
