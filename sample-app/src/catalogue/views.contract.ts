export const VIEWS = {
  addCounter: 'catalogue.views.add-counter',
  counters: 'catalogue.views.counters',
  counted: 'catalogue.views.counted',
  save: 'catalogue.views.save',
} as const;

/** A row of a product and a process. */
export const viewsKey = ({ productId, counter }: Omit<ViewCount, 'views'>): string => `${productId} ${counter}`;

export function viewCount(key: string, views: number): ViewCount {
  const [productId = '', counter = ''] = key.split(' ');
  return { productId: Number(productId), counter, views };
}

/** How often one process has shown a product: it only ever grows. */
export interface ViewCount {
  productId: number;
  /** Which process. */
  counter: string;
  views: number;
}
