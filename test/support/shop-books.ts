import type { Answer } from '../../sample-app/src/driver/browser.js';
import { Driver, type DriverOptions } from '../../sample-app/src/driver/driver.js';
import type { ShopRequest } from '../../sample-app/src/driver/traffic.js';
import type { ProductPage } from '../../sample-app/src/gateway/products.controller.js';

const CACHES = ['products', 'reviews', 'related', 'stock', 'profiles', 'statements'] as const;
export type ShopCache = (typeof CACHES)[number];

/** Of one cache. */
export interface Reads {
  reads: number;
  hits: number;
  misses: number;
}

export type ReadsByCache = Record<ShopCache, Reads>;

/** The same of each cache of the pages, made by `of`. */
export const eachCache = <What>(of: (cache: ShopCache) => What): Record<ShopCache, What> =>
  Object.fromEntries(CACHES.map((cache) => [cache, of(cache)])) as Record<ShopCache, What>;

/**
 * What a shop has to have counted, by somebody who is shown requests and answers and nothing else. Reads and updates are
 * right however many requests are under way at a time; which of the reads are hits is known where it is one.
 */
export class ShopBooks {
  readonly reads: ReadsByCache = eachCache(() => ({ reads: 0, hits: 0, misses: 0 }));
  pages = 0;
  updates = 0;
  private readonly held = eachCache(() => new Set<number>());
  /** Which products the list of a product shows. */
  private readonly listed = new Map<number, readonly number[]>();

  /** It was there before the first request. */
  holds(cache: ShopCache, id: number): void {
    this.held[cache].add(id);
  }

  note({ kind, id }: ShopRequest, { body }: Answer): void {
    switch (kind) {
      case 'product page':
        return this.page(id, body as ProductPage);
      case 'account page':
        this.read('profiles', id);
        return this.read('statements', id);
      case 'price':
        for (const [list, shown] of this.listed) if (shown.includes(id)) this.held.related.delete(list);
        return this.update('products', id);
      case 'review':
        return this.update('reviews', id);
      case 'stock':
        return this.update('stock', id);
      case 'profile':
        return this.update('profiles', id);
      case 'payment':
        return this.update('statements', id);
    }
  }

  private page(id: number, { related }: ProductPage): void {
    this.pages++;
    const shown = related.map((other) => other.id);
    this.listed.set(id, shown);
    for (const cache of ['products', 'reviews', 'related'] as const) this.read(cache, id);
    for (const each of [id, ...shown]) this.read('stock', each);
  }

  private read(cache: ShopCache, id: number): void {
    const line = this.reads[cache];
    line.reads++;
    if (this.held[cache].has(id)) line.hits++;
    else line.misses++;
    this.held[cache].add(id);
  }

  private update(cache: ShopCache, id: number): void {
    this.updates++;
    this.held[cache].delete(id);
  }
}

/** A driver who keeps books. */
export class BookkeepingDriver extends Driver {
  constructor(
    options: DriverOptions,
    readonly books = new ShopBooks(),
  ) {
    super(options);
  }

  protected override async visit(request: ShopRequest): Promise<Answer> {
    const answer = await super.visit(request);
    this.books.note(request, answer);
    return answer;
  }
}
