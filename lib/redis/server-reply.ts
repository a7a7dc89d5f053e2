import { RedisFault } from './redis-fault.js';

/** Error replies that say that the server can't be used at all for now, whatever it is asked. */
const OUTAGES = 'LOADING|MASTERDOWN|CLUSTERDOWN|READONLY|TRYAGAIN|NOREPLICAS|UNBLOCKED|BUSY|UNKILLABLE';
const IS_OUTAGE = new RegExp(`^(?:${OUTAGES})\\b`);
/** Redis 6 wraps what a command inside a script was answered. */
const INSIDE_SCRIPT = new RegExp(` -((?:${OUTAGES})\\b.*)$`);

/**
 * What a client's error means. The server's words are kept, but neither the values it quotes nor the client's error
 * itself: that one carries the arguments of the command.
 */
export function faultOf(error: unknown): RedisFault {
  if (error instanceof RedisFault) return error;
  const words = wordsOf(error);
  if (!isReply(error)) {
    return new RedisFault(words === 'Command timed out' ? 'timeout' : 'unreachable', words);
  }
  const said = INSIDE_SCRIPT.exec(words)?.[1] ?? words;
  return new RedisFault(IS_OUTAGE.test(said) ? 'unreachable' : 'refused', said);
}

/** The first word of an error reply, for example `NOSCRIPT`. */
export const codeOf = (error: unknown): string | undefined =>
  isReply(error) ? error.message.split(' ', 1)[0] : undefined;

/** Replies after which the server in question isn't the master any more, though the connection still stands. */
export const isDemotion = (error: Error): boolean => /(?:^| -)(?:READONLY|UNBLOCKED)\b/.test(error.message);

const isReply = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the client failed';
  const [words] = error.message.split(/(?<=^ERR unknown command) |, with args beginning with:|\r?\n/, 1);
  return words === '' || words === undefined ? error.name : words;
}
