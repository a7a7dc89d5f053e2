import { readFileSync } from 'node:fs';
import type { RedisServer } from './servers/redis-server.js';

export interface DocumentedUser {
  readonly name: string;
  readonly secret: string;
  /** As ACL SETUSER takes them. */
  readonly rules: readonly string[];
}

/** A page of the docs. */
export const pageOf = (file: string): string => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8');

/** The rules in a piece of a page, as a shell would pass them on. */
export const rulesIn = (text: string): string[] => text.replaceAll(/[\\']/g, '').trim().split(/\s+/);

/** The user that the first ACL SETUSER of a page makes. */
export function documentedUser(page: string): DocumentedUser {
  const [name, ...rules] = rulesIn(/ACL SETUSER ([^`]*)```/.exec(page)![1]!) as [string, ...string[]];
  return { name, secret: rules.find((rule) => rule.startsWith('>'))!.slice(1), rules };
}

/** Makes the user anew, with these rules and no others. @returns where he connects */
export async function setUser(
  server: RedisServer,
  { name, secret }: DocumentedUser,
  rules: readonly string[],
): Promise<string> {
  await server.command('ACL', 'DELUSER', name);
  await server.command('ACL', 'SETUSER', name, ...rules);
  await server.command('ACL', 'LOG', 'RESET');
  return `redis://${name}:${secret}@127.0.0.1:${server.port}`;
}

/** What anybody was refused since a user was made: commands, and keys. */
export async function refusals(server: RedisServer): Promise<string[]> {
  const log = (await server.command('ACL', 'LOG')) as unknown as unknown[][];
  const refused = log.map((item) => String(item[item.findIndex((field) => String(field) === 'object') + 1]));
  // by which clients give their name, and don't mind
  return refused.filter((what) => what !== 'client|setinfo');
}
