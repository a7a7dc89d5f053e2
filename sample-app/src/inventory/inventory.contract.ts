export const INVENTORY = {
  stocks: 'inventory.stocks',
  setStock: 'inventory.set-stock',
} as const;

export interface Stock {
  productId: number;
  version: number;
  available: number;
  warehouses: WarehouseStock[];
}

export interface WarehouseStock {
  id: number;
  city: string;
  country: string;
  available: number;
  incoming: number;
  nextDelivery: string | null;
}

export interface StockLevel {
  warehouseId: number;
  quantity: number;
}

export interface CountedStock extends StockLevel {
  productId: number;
  version: number;
}
