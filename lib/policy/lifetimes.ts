/** When a value that began to be loaded at `begin` expires, and until when it is kept for grace. All in ms. */
export interface Lifetime {
  readonly staleAt: number;
  readonly graceUntil: number;
}

export interface LifetimeOptions {
  readonly ttlMs: number;
  /** Largest part by which the ttl is shortened, 0 to 1. */
  readonly jitter: number;
  readonly graceMs: number;
  /** It never outlives what it was made from, epoch ms. */
  readonly expiresBy: number;
}

/** Jitter only shortens: a ttl is a promise, and entries written together shouldn't expire together. */
export function lifetimeOf(begin: number, options: LifetimeOptions, random: number): Lifetime {
  const ttlMs = options.ttlMs * (1 - options.jitter * random);
  const staleAt = Math.min(begin + ttlMs, options.expiresBy);
  return { staleAt, graceUntil: staleAt + options.graceMs };
}
