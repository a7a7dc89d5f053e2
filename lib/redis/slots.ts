/**
 * The part of a key that decides about its slot, if it isn't all of it.
 * https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
 */
export function hashTag(key: string): string | undefined {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : undefined;
}

/**
 * The places of keys that are certain to lie in one slot, together. Two keys may share a slot by chance as well; that
 * isn't worth finding out.
 */
export function groupsBySlot(keys: readonly string[]): number[][] {
  const groups = new Map<string, number[]>();
  keys.forEach((key, place) => {
    const slot = hashTag(key) ?? key;
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [place]);
    else group.push(place);
  });
  return [...groups.values()];
}
