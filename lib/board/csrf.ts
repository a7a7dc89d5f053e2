import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Exchange } from './board-http.js';

const COOKIE = 'cache-board';
const TOKEN = /^[\w-]{43}$/;

/** The token of who asks for the page: the one they have, or a new one. */
export function tokenFor(exchange: Exchange): string {
  const known = exchange.cookie(COOKIE);
  return known !== undefined && TOKEN.test(known) ? known : randomBytes(32).toString('base64url');
}

/** Whichever process answers next: a token is right when the cookie that only this site is sent says the same. */
export const cookieOf = (token: string, path: string, isSecure: boolean): string =>
  `${COOKIE}=${token}; Path=${path}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;

/** Why a request to do something isn't one of the page's own; `undefined`: it is. */
export function foreignness(exchange: Exchange): string | undefined {
  if (exchange.header('content-type')?.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    return 'it isn’t JSON';
  }
  if (!isSameOrigin(exchange)) return 'it comes from another site';
  const [said, known] = [exchange.header('x-cache-board'), exchange.cookie(COOKIE)];
  if (said === undefined || known === undefined || !TOKEN.test(said) || !TOKEN.test(known)) return 'it has no token';
  return timingSafeEqual(Buffer.from(said), Buffer.from(known)) ? undefined : 'it has another token';
}

/** As the browser says, which no page can make it say otherwise. */
function isSameOrigin(exchange: Exchange): boolean {
  const site = exchange.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = exchange.header('origin');
  if (origin === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === exchange.header('host');
}
