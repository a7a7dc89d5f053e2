/** One invalidation, as every process sees it. Positions rise without end; 0 is before the first. */
export interface JournalRecord {
  readonly epoch: string;
  readonly position: number;
  /** Tags with the prefix of their kind. */
  readonly tags: readonly string[];
}
