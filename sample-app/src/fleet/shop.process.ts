// The shop in a process of its own, one of several.
import 'reflect-metadata';
import { Shop, type ShopOptions } from '../shop.js';

const opening = Shop.open(JSON.parse(process.argv[2] ?? '') as ShopOptions);
process.on('disconnect', () => void opening.then((shop) => shop.close()).finally(() => process.exit(0)));
process.on('SIGINT', () => {}); // Ctrl+C reaches the whole group: the parent closes the shop first, then the rest

const shop = await opening;
await shop.forgetEverything(); // the rows are made anew for each run, and a Redis may remember other ones
process.send?.({ url: shop.url });
