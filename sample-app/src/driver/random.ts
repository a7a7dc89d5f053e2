/** Numbers from 0 up to 1, the same ones for the same seed (mulberry32). */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Ids from 1 to `count`, the k-th most popular drawn with a probability in proportion to 1 / k^exponent. */
export class ZipfIds {
  private readonly cumulated: number[] = [];
  private readonly total: number;

  constructor(
    private readonly count: number,
    exponent: number,
  ) {
    let sum = 0;
    for (let rank = 1; rank <= count; rank++) this.cumulated.push((sum += rank ** -exponent));
    this.total = sum;
  }

  draw(random: Random): number {
    const wanted = random() * this.total;
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.cumulated[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return this.idOfRank(low);
  }

  /** Scatters the popular ones over all ids: a prime beyond `count` visits each id exactly once. */
  private idOfRank(rank: number): number {
    return 1 + ((rank * 104_729) % this.count);
  }
}
