export interface OptionSpec {
  /** What stands for its value in the help; without it is a flag. */
  readonly value?: string;
  readonly text: string;
  readonly short?: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;
