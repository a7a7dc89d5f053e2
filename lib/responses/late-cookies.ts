/** `@fastify/cookie`, since version 9, keeps them here until the reply is sent; the symbol is its own. */
const DESCRIPTION = 'fastify.reply.setCookies';

type Reply = Readonly<Record<symbol, ReadonlyMap<unknown, { readonly name: string; readonly value: string }> | null>>;

// every plugin context of Fastify has a class of replies, whose decorations every one of them has
const places = new WeakMap<object, symbol | undefined>();

/** Cookies that a reply of Fastify will set when it is sent, and that no header tells of until then. */
export function lateCookiesOf(reply: object): readonly string[] {
  const { constructor } = reply;
  if (!places.has(constructor)) {
    const symbols = Object.getOwnPropertySymbols(reply);
    places.set(
      constructor,
      symbols.find(({ description }) => description === DESCRIPTION),
    );
  }
  const place = places.get(constructor);
  const cookies = place === undefined ? undefined : (reply as Reply)[place];
  return cookies instanceof Map ? [...cookies.values()].map(({ name, value }) => `${name}=${value}`) : NONE;
}

const NONE: readonly string[] = [];
