/** A long list in parts of at most `size` items, in their order. */
export function pagesOf<T>(list: readonly T[], size: number): (readonly T[])[] {
  if (list.length <= size) return list.length === 0 ? [] : [list];
  const pages: (readonly T[])[] = [];
  for (let begin = 0; begin < list.length; begin += size) pages.push(list.slice(begin, begin + size));
  return pages;
}
