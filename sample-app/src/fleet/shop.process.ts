// The shop in a process of its own, one of several.
import 'reflect-metadata';
import { closeWithParent } from '../child-process.js';
import { Shop, type ShopOptions } from '../shop.js';

const opening = Shop.open(JSON.parse(process.argv[2] ?? '') as ShopOptions);
closeWithParent(opening);

const shop = await opening;
process.send?.({ url: shop.url });
