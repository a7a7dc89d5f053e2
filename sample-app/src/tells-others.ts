/**
 * Whether a service tells other processes what it has changed: `npm start -- --distributed` says so to each of them.
 * In one process, and in several that share a Redis, there is nobody else to tell.
 */
export const tellsOthers = process.env['SHOP_TELLS_OTHERS'] === 'yes';
