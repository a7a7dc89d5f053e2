/**
 * Probabilistic early refresh: each reader close to the expiry draws whether it is the one to refresh, the likelier
 * the closer it is and the dearer the load was. "XFetch", Vattani, Chierichetti, Lowenstein: Optimal Probabilistic
 * Cache Stampede Prevention, VLDB 2015: refresh when `now − cost · β · ln(random) ≥ expiry`.
 */

/** Farther from the expiry than this many `cost · β` the draw comes out once in e^10 ≈ 22,000 reads: nobody needs to draw. */
const HORIZON = 10;

/** From when on readers have to draw, epoch ms. */
export const earlyRefreshBegins = (staleAt: number, costMs: number, beta: number): number =>
  staleAt - HORIZON * costMs * beta;

/** Whether this reader refreshes. `random` is uniform in [0, 1). */
export const refreshesEarly = (
  now: number,
  { staleAt, costMs }: { readonly staleAt: number; readonly costMs: number },
  beta: number,
  random: number,
): boolean => now - costMs * beta * Math.log(1 - random) >= staleAt;
