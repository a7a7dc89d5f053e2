/** Where an entry lives in a store that several processes share. */
export interface EntryAddress {
  readonly cache: string;
  readonly schema: number;
  readonly key: string;
}
