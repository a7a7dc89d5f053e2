import type { Redis } from 'ioredis';
import type { Script } from '../../../lib/redis/script.js';
import { acquireLocks, appendRecord, releaseLock, renewLock, syncJournal } from '../../../lib/redis/scripts.js';

type AnyScript = Pick<Script<never, never, unknown>, 'name' | 'text'>;
type Argument = string | number | Buffer;

export type Command = readonly [name: string, ...args: Argument[]];

/** A script whose TIME is its last argument, and nothing else about it changed. */
function withGivenTime({ text }: AnyScript): string {
  const [shebang, ...lines] = text.split('\n');
  return `${shebang}
local realcall, given = redis.call, tonumber(table.remove(ARGV))
local redis = { pcall = redis.pcall, error_reply = redis.error_reply, call = function(command, ...)
  if command ~= 'TIME' then return realcall(command, ...) end
  return { string.format('%.0f', math.floor(given / 1000)), string.format('%.0f', given % 1000 * 1000) }
end }
${lines.join('\n')}`;
}

const COPY_SUFFIX = ':copy';
const COPY = `for _, key in ipairs(KEYS) do
  if redis.call('EXISTS', ARGV[1] == 'keep' and key or key .. '${COPY_SUFFIX}') == 0 then
    redis.call('DEL', ARGV[1] == 'keep' and key .. '${COPY_SUFFIX}' or key)
  elseif ARGV[1] == 'keep' then
    redis.call('COPY', key, key .. '${COPY_SUFFIX}', 'REPLACE')
  else
    redis.call('COPY', key .. '${COPY_SUFFIX}', key, 'REPLACE')
  end
end
return 'OK'`;

/** A real server whose scripts are told the time. */
export class RealRedis {
  readonly #shas = new Map<string, string>();

  constructor(private readonly client: Redis) {}

  async loadScripts(): Promise<void> {
    for (const script of [appendRecord, syncJournal, acquireLocks, releaseLock, renewLock]) {
      this.#shas.set(script.name, String(await this.client.call('SCRIPT', 'LOAD', withGivenTime(script))));
    }
  }

  script(name: string, keys: readonly string[], args: readonly Argument[], now: number): Command {
    return ['EVALSHA', this.#shas.get(name)!, keys.length, ...keys, ...args, now];
  }

  /** Copies of keys are kept beside them, or take their place again. */
  copy(keys: readonly string[], which: 'keep' | 'restore'): Command {
    return ['EVAL', COPY, keys.length, ...keys, which];
  }

  /** @returns what each command was answered, or the error it was answered with */
  async execute(commands: readonly Command[]): Promise<unknown[]> {
    const pipeline = this.client.pipeline();
    for (const [name, ...args] of commands) pipeline.callBuffer(name, ...args);
    const replies = await pipeline.exec();
    return (replies ?? []).map(([error, reply]) => error ?? reply);
  }
}
