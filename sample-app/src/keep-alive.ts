/** Longer than any client keeps a connection that it doesn't use: otherwise it may send just when this end hangs up. */
export const KEEP_ALIVE_MS = 120_000;
