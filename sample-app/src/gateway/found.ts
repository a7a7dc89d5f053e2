import { NotFoundException } from '@nestjs/common';

/** What there is to say of a product; a 404 where there is nothing, because there is no such product. */
export function found<What>(what: What | undefined, productId: number): What {
  if (what === undefined || what === null) throw new NotFoundException(`There is no product ${productId}`);
  return what;
}
