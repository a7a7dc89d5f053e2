import { createHash } from 'node:crypto';

/** What a Bloom filter is made of. Each id lies in one of the parts, with all its bits. */
export interface BloomShape {
  /** Of one part, at most 2^25 (4 MB). */
  readonly bits: number;
  readonly parts: number;
  /** Bits of an id. */
  readonly hashes: number;
}

/** Where an id lies. */
export interface BloomPlace {
  readonly part: number;
  readonly positions: readonly number[];
}

const MOST_BITS = 2 ** 25;
const MOST_HASHES = 30;

/**
 * The smallest filter that holds so many ids at no more than this rate of false positives: for k hashes and n ids,
 * m = −k·n / ln(1 − p^(1/k)) bits.
 */
export function bloomShape(capacity: number, falsePositiveRate: number): BloomShape {
  let hashes = 1;
  for (let candidate = 2; candidate <= MOST_HASHES; candidate++) {
    if (bitsFor(capacity, falsePositiveRate, candidate) >= bitsFor(capacity, falsePositiveRate, hashes)) break;
    hashes = candidate;
  }
  const parts = Math.ceil(bitsFor(capacity, falsePositiveRate, hashes) / MOST_BITS);
  // chance gives some parts more ids than others: room for three standard deviations
  const share = capacity / parts;
  const fullest = parts === 1 ? capacity : share + 3 * Math.sqrt(share);
  return { bits: bitsFor(fullest, falsePositiveRate, hashes), parts, hashes };
}

const bitsFor = (ids: number, rate: number, hashes: number): number =>
  Math.max(64, Math.ceil((-hashes * ids) / Math.log(1 - rate ** (1 / hashes))));

/** The rate of false positives of a filter that holds so many ids. */
export const falsePositiveRateOf = ({ bits, parts, hashes }: BloomShape, ids: number): number =>
  (1 - Math.exp((-hashes * ids) / (bits * parts))) ** hashes;

/**
 * Where an id lies in one filter. The seed is a filter's own, so that nobody can tell beforehand which ids are false
 * positives, and each filter has others. Enhanced double hashing: Dillinger, Manolios: Bloom Filters in Probabilistic
 * Verification, FMCAD 2004.
 */
export function bloomPlace({ bits, parts, hashes }: BloomShape, seed: string, id: string): BloomPlace {
  const digest = createHash('sha1').update(seed).update('\0').update(id).digest();
  let position = digest.readUIntBE(0, 6) % bits;
  let step = digest.readUIntBE(6, 6) % bits;
  const positions: number[] = [];
  for (let index = 0; index < hashes; index++) {
    positions.push(position);
    position = (position + step) % bits;
    step = (step + index + 1) % bits;
  }
  return { part: digest.readUInt32BE(12) % parts, positions };
}
