import { bloomPlace, type BloomShape } from '../policy/bloom.js';

/** One filter, from the begin of its building to the day another one takes its place. */
export interface Generation extends BloomShape {
  /** How it is told in Redis: its seed and its shape, so that processes with other options can read it. */
  readonly text: string;
}

/** Ids of one part of a filter. */
export interface PartOfIds {
  readonly part: number;
  /** Their places among those that were asked for. */
  readonly places: readonly number[];
  /** All their positions, separated by commas. */
  readonly positions: string;
}

export const newGeneration = (seed: string, { bits, parts, hashes }: BloomShape): Generation => ({
  text: [seed, bits, parts, hashes].join('.'),
  bits,
  parts,
  hashes,
});

/** `undefined` for a text that is none. */
export function generationOf(text: string): Generation | undefined {
  const [, bits, parts, hashes] = /^\w+\.(\d+)\.(\d+)\.(\d+)$/.exec(text) ?? [];
  return hashes === undefined ? undefined : { text, bits: Number(bits), parts: Number(parts), hashes: Number(hashes) };
}

/** Keys by the parts of a filter that they lie in, so many at a time. */
export function partsOf(generation: Generation, keys: readonly string[], most: number): readonly PartOfIds[] {
  const byPart = new Map<number, { places: number[]; positions: string[] }[]>();
  keys.forEach((key, place) => {
    const { part, positions } = bloomPlace(generation, generation.text, key);
    const groups = byPart.get(part) ?? [];
    byPart.set(part, groups);
    let group = groups.at(-1);
    if (group === undefined || group.places.length >= most) groups.push((group = { places: [], positions: [] }));
    group.places.push(place);
    group.positions.push(positions.join(','));
  });
  return [...byPart].flatMap(([part, groups]) =>
    groups.map(({ places, positions }) => ({ part, places, positions: positions.join(',') })),
  );
}
