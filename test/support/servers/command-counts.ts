import { setTimeout as pause } from 'node:timers/promises';
import type { RedisServer } from './redis-server.js';

/** Of the connections, and of the test itself; waiting for records isn't part of any call. */
const NOT_COUNTED = new Set(['xread', 'info', 'config|resetstat', 'client|setinfo', 'hello', 'command', 'ping']);

/** How often each command was called since the server started or the counting began, without waiting for records. */
export async function commandCounts(server: RedisServer): Promise<Record<string, number>> {
  const lines = String(await server.command('INFO', 'commandstats')).split('\r\n');
  const counts = lines.flatMap((line) => {
    const [, command, calls] = /^cmdstat_(.+?):calls=(\d+),/.exec(line) ?? [];
    return command === undefined || NOT_COUNTED.has(command) ? [] : [[command, Number(calls)] as const];
  });
  return Object.fromEntries(counts);
}

/** What an action makes clients send, what it leaves for later included. */
export async function commandsOf(server: RedisServer, act: () => Promise<unknown>): Promise<Record<string, number>> {
  await untilQuiet(server);
  await server.command('CONFIG', 'RESETSTAT');
  await act();
  await untilQuiet(server);
  return commandCounts(server);
}

async function untilQuiet(server: RedisServer): Promise<void> {
  let before = '';
  for (let same = 0; same < 3;) {
    const now = JSON.stringify(await commandCounts(server));
    same = now === before ? same + 1 : 0;
    before = now;
    await pause(20);
  }
}
