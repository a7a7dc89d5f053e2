import { SIZE } from '../database/size.js';
import { seededRandom, ZipfIds, type Random } from './random.js';

export type Kind = 'product page' | 'account page' | 'price' | 'review' | 'stock' | 'profile' | 'payment';

export interface ShopRequest {
  kind: Kind;
  id: number;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  path: string;
  body?: object;
}

/** Of a hundred requests 80 read and 20 write. */
const MIX: readonly (readonly [Kind, number])[] = [
  ['product page', 66],
  ['account page', 14],
  ['stock', 7],
  ['review', 6],
  ['payment', 3],
  ['price', 2],
  ['profile', 2],
];

const EXPONENT = 1.1;

/** An endless row of requests, the same one for the same seed. Writers like what readers like. */
export class Traffic {
  private readonly random: Random;
  // The last product and the last account are left to visitors: nobody has asked for them before.
  private readonly products = new ZipfIds(SIZE.products - 1, EXPONENT);
  private readonly accounts = new ZipfIds(SIZE.users - 1, EXPONENT);

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  next(): ShopRequest {
    const kind = this.kind();
    const product = this.products.draw(this.random);
    const account = this.accounts.draw(this.random);
    switch (kind) {
      case 'product page':
        return { kind, id: product, method: 'GET', path: `/products/${product}/page` };
      case 'account page':
        return { kind, id: account, method: 'GET', path: `/accounts/${account}` };
      case 'price': {
        const body = { priceCents: 500 + 50 * this.upTo(400) };
        return { kind, id: product, method: 'PATCH', path: `/products/${product}`, body };
      }
      case 'review': {
        const rating = 1 + this.upTo(5);
        const authorId = 1 + this.upTo(SIZE.authors);
        const body = { authorId, rating, title: 'Just bought it', body: 'Here is what I think after a week.' };
        return { kind, id: product, method: 'POST', path: `/products/${product}/reviews`, body };
      }
      case 'stock': {
        const body = { warehouseId: 1 + this.upTo(SIZE.warehouses), quantity: this.upTo(200) };
        return { kind, id: product, method: 'PUT', path: `/products/${product}/stock`, body };
      }
      case 'profile': {
        const body = { newsletter: this.upTo(2) === 1 };
        return { kind, id: account, method: 'PATCH', path: `/accounts/${account}`, body };
      }
      case 'payment': {
        const body = { amountCents: 100 * (1 + this.upTo(200)) };
        return { kind, id: account, method: 'POST', path: `/accounts/${account}/payments`, body };
      }
    }
  }

  private kind(): Kind {
    let left = this.random() * 100;
    for (const [kind, share] of MIX) {
      left -= share;
      if (left < 0) return kind;
    }
    return 'product page';
  }

  private upTo(sides: number): number {
    return Math.floor(this.random() * sides);
  }
}
