export const VIEWS = {
  addCounter: 'catalogue.views.add-counter',
  counters: 'catalogue.views.counters',
  counted: 'catalogue.views.counted',
  save: 'catalogue.views.save',
} as const;

/** How often one process has shown a product: it only ever grows. */
export interface ViewCount {
  productId: number;
  /** Which process. */
  counter: string;
  views: number;
}
