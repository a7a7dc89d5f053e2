/** What the wildcard of the tests stands for. */
export const ROOMS: readonly string[] = ['kitchen', 'hall'];
