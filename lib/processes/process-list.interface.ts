/** What a process said of itself. */
export interface ProcessNote {
  readonly id: string;
  /** How long ago, ms. */
  readonly ageMs: number;
  readonly note: string;
}

/** Which processes share a registration: each says that it is there, and one that hasn't for its life is forgotten. */
export interface ProcessList {
  /** @returns all that are there, this one included. Rejects when nobody can be asked */
  note(id: string, note: string, lifeMs: number): Promise<readonly ProcessNote[]>;
  /** The same without being told of the others. Rejects when nobody can be asked */
  noteOnly(id: string, note: string, lifeMs: number): Promise<void>;
  /** Doesn't wait to be forgotten. Never rejects. */
  leave(id: string): Promise<void>;
}
