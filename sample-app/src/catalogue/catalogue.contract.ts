export const CATALOGUE = {
  products: 'catalogue.products',
  related: 'catalogue.related',
  bestsellers: 'catalogue.bestsellers',
  setPrice: 'catalogue.set-price',
} as const;

export interface Product {
  id: number;
  version: number;
  sku: string;
  name: string;
  description: string;
  brand: string;
  department: string;
  category: string;
  priceCents: number;
  lowestPriceCents: number;
  priceHistory: { priceCents: number; changedAt: string }[];
}

export interface RelatedProduct {
  id: number;
  version: number;
  name: string;
  brand: string;
  priceCents: number;
  lowestPriceCents: number;
}

export interface PriceChange {
  priceCents: number;
}

export interface PricedProduct extends PriceChange {
  id: number;
  version: number;
}
