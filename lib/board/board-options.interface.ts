import type { IncomingHttpHeaders } from 'node:http';

/** What can be done from the board. */
export type BoardAction = 'evict' | 'invalidate' | 'clear' | 'refresh' | 'resend';

/** A request as the platform has it: Express's or Fastify's, with all that its middleware or hooks left on it. */
export interface BoardRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly [field: string]: unknown;
}

/** What somebody did, or tried to. */
export interface BoardAuditEntry {
  /** Epoch ms. */
  readonly at: number;
  /** As it was asked for; anything at all when `outcome` is `refused`. */
  readonly action: string;
  readonly cache?: string;
  /** As it is stored. */
  readonly key?: string;
  readonly tags?: readonly string[];
  /** As `authorize` named them. */
  readonly by: string | undefined;
  readonly outcome: 'done' | 'failed' | 'refused';
  readonly detail: string;
}

/** The answer of `authorize`: `true`, or the name of who it is, for the audit; everything else is no. */
export type BoardPermission = boolean | string | null | undefined;

export interface CacheBoardOptions {
  /** Where the page is, from the root of the server: no global prefix is put in front. Default `/cache-board`. */
  readonly path?: string | undefined;
  /**
   * Who may see it. Asked on every request, that for the style sheet included; guards of Nest are not. One that
   * throws says no. Required.
   */
  readonly authorize: (request: BoardRequest) => BoardPermission | Promise<BoardPermission>;
  /** What may be done from the board: nothing (default), everything (`true`), or these. */
  readonly actions?: boolean | readonly BoardAction[] | undefined;
  /** Whether the values of entries are shown. Default false: their size is. */
  readonly showValues?: boolean | undefined;
  /** Told of everything that was done or refused, which is logged as well. */
  readonly audit?: ((entry: BoardAuditEntry) => void) | undefined;
}
