import type { RedisFault } from '../redis/redis-fault.js';

/** What went wrong with a server and what to do about it, in a sentence. */
export function faultSentence({ kind, message }: RedisFault, address: string): string {
  const advice = adviceFor(message);
  const what = kind === 'refused' ? `Redis at ${address} refuses` : `Redis at ${address} can't be used`;
  return `${what}: ${message}${advice === undefined ? '' : `. ${advice}`}`;
}

const ADVICE: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/NOAUTH/, 'It wants a password: redis://user:password@host:port, or CACHE_REDIS_USERNAME and CACHE_REDIS_PASSWORD'],
  [/WRONGPASS|invalid password/i, 'The user or the password is another one'],
  [/NOPERM/, 'The user lacks a right; `doctor` lists them'],
  [/ECONNREFUSED/, 'Nothing listens there: is the address right, and is the server running?'],
  [/ENOTFOUND|EAI_AGAIN/, 'There is no host of that name'],
  [/ETIMEDOUT|not open yet|no answer/, 'The server, or something on the way to it, is silent; --timeout waits longer'],
  [/slots cache|CLUSTERDOWN/, 'None of the nodes told where the slots are: is it a cluster, and are its nodes up?'],
  [/MOVED|cluster mode/i, 'It is a node of a cluster: say --cluster host:port'],
  [/READONLY/, 'It is a replica: connect to its master'],
  [
    /self.signed|certificate|SSL|TLS/i,
    'TLS doesn’t come about: rediss:// for a server with TLS, NODE_EXTRA_CA_CERTS for its authority',
  ],
];

export const adviceFor = (message: string): string | undefined =>
  ADVICE.find(([pattern]) => pattern.test(message))?.[1];
