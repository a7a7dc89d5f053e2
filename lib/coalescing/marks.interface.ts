/**
 * What processes remember together of things that are to be done once. For efficiency only: where it can't be reached,
 * everybody does them. Never rejects.
 */
export interface Marks {
  /** `mine`: do it, and say `done` or `failed`. `busy`: somebody is at it. `done`: somebody did it. `unreachable`: nobody knows. */
  begin(id: string, lifeMs: number): Promise<'mine' | 'busy' | 'done' | 'unreachable'>;
  /** Remembered so long. */
  done(id: string, forMs: number): Promise<void>;
  /** Somebody else may try at once. */
  failed(id: string): Promise<void>;
  /** Whether somebody said `done` of it not long ago; undefined: nobody knows. */
  isDone(id: string): Promise<boolean | undefined>;
}
