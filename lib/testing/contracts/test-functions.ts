/** What the contracts need of a test framework; that of Vitest and of Jest fits as it is. */
export interface TestFunctions {
  describe(this: void, subject: string, suite: () => void): unknown;
  it(this: void, sentence: string, test: () => Promise<void>): unknown;
  beforeEach(this: void, prepare: () => Promise<void>): unknown;
  afterEach(this: void, clear: () => Promise<void>): unknown;
  expect(this: void, actual: unknown): Expectation;
}

export interface Expectation {
  toBe(expected: unknown): unknown;
  toEqual(expected: unknown): unknown;
  toMatchObject(expected: object): unknown;
  toBeGreaterThan(expected: number): unknown;
  toBeGreaterThanOrEqual(expected: number): unknown;
  toBeLessThanOrEqual(expected: number): unknown;
}
